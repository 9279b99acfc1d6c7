/** Where on the DHT, and on a local network, a topic is met: twenty bytes, of a private topic other ones each day (UTC). */

import { sha1 } from '@noble/hashes/legacy.js'
import { HOUR, type Millis, utf8 } from '@shoal/base'
import type { PrivateTopic } from './private-topic.ts'
import type { Topic } from './topic.ts'

export const INFO_HASH_BYTES = 20

const DAY: Millis = 24 * HOUR
/** How far the clocks of two members may be apart without their missing each other: at least so long both days are met under. */
const OVERLAP: Millis = HOUR

/** Twenty bytes that stand for a topic on this machine, and stay the same. */
export function topicKey({ publicId }: Topic): Uint8Array {
  return sha1(utf8(publicId))
}

/** Announced and looked up, all of them: one, or around midnight two. `now` is wall time. */
export function infoHashesAt(topic: Topic, now: Millis): readonly Uint8Array[] {
  if (topic.kind !== 'private') return [topicKey(topic)]
  const days = new Set([dayOf(now - OVERLAP), dayOf(now + OVERLAP)])
  return [...days].map((day) => hashOfDay(topic, day))
}

function dayOf(time: Millis): number {
  return Math.floor(time / DAY)
}

function hashOfDay(topic: PrivateTopic, day: number): Uint8Array {
  return topic.derive(`info hash of day ${day}`).slice(0, INFO_HASH_BYTES)
}
