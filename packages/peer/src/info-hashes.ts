/** Where on the DHT, and on a local network, a topic is met: twenty bytes, of a private topic other ones each day (UTC). */

import { sha1 } from '@noble/hashes/legacy.js'
import { HOUR, type Millis, utf8 } from '@shoal/base'
import type { PrivateTopic } from './private-topic.ts'
import type { Topic } from './topic.ts'

export const INFO_HASH_BYTES = 20

const DAY: Millis = 24 * HOUR
/** How far the clocks of two members may be apart without their missing each other: at least so long both days are met under. */
const OVERLAP: Millis = HOUR

export interface InfoHashes {
  /** Announced and looked up, all of them: one, or around midnight two. */
  readonly current: readonly Uint8Array[]
  /** When there will be others; `undefined` where that is never. */
  readonly changesAt: Millis | undefined
}

export function infoHashesAt(topic: Topic, now: Millis): InfoHashes {
  if (topic.kind !== 'private') return { current: [sha1(utf8(topic.publicId))], changesAt: undefined }
  const first = dayOf(now - OVERLAP)
  const last = dayOf(now + OVERLAP)
  const current = [hashOfDay(topic, first)]
  if (last !== first) current.push(hashOfDay(topic, last))
  const midnight = last * DAY
  // Of two days the earlier one ends an hour after midnight; else the next one begins an hour before it.
  return { current, changesAt: last === first ? midnight + DAY - OVERLAP : midnight + OVERLAP }
}

function dayOf(time: Millis): number {
  return Math.floor(time / DAY)
}

function hashOfDay(topic: PrivateTopic, day: number): Uint8Array {
  return topic.derive(`info hash of day ${day}`).slice(0, INFO_HASH_BYTES)
}
