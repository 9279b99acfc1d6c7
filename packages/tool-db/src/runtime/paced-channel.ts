/**
 * Sends no faster than the other side takes messages. Its limits are taken to be like ours: whoever goes over them counts as
 * a flood, is cut off and kept out, also where it is only an honest program with much to ask.
 */

import type { Millis } from '@shoal/base'
import type { NoiseSession } from '@shoal/peer'
import type { NodeLimits } from '../core/node/limits.ts'
import { TokenBucket } from '../core/node/token-bucket.ts'
import type { Channel } from '../network/channel.ts'
import { EncryptedChannel } from '../network/encrypted-channel.ts'
import { joinedChannel } from '../network/joined-channel.ts'

export type PaceLimits = Pick<NodeLimits, 'messagesPerSecond' | 'bytesPerSecond'>

/** Of what may be sent: clocks differ, and what we send may arrive in heaps. */
const SHARE = 0.8
const WAITING_SIZE_MAX = 4_194_304
const TURN_MS: Millis = 20

export interface PacedChannelInit {
  readonly channel: Channel
  readonly limits: PaceLimits
  now(): Millis
  /** What waits could not be sent in the end. */
  onStalled(): void
}

export class PacedChannel {
  /** What it sends over now. */
  #channel: Channel | EncryptedChannel
  readonly #init: PacedChannelInit
  readonly #messages: TokenBucket
  readonly #bytes: TokenBucket
  /** BOUNDED: WAITING_SIZE_MAX. */
  #waiting: string[] = []
  #waitingSize = 0
  #timer: NodeJS.Timeout | undefined

  constructor(init: PacedChannelInit) {
    const { channel, limits } = init
    this.#channel = channel
    this.#init = init
    this.#messages = new TokenBucket(limits.messagesPerSecond * SHARE, init.now())
    this.#bytes = new TokenBucket(limits.bytesPerSecond * SHARE, init.now())
  }

  get channel(): Channel {
    return this.#channel
  }

  /** From now on both directions are sealed. What waits was said before that, and goes at once. */
  secure(keys: NoiseSession): void {
    for (const text of this.#waiting) this.#channel.send(text)
    this.stop()
    this.#channel = new EncryptedChannel(this.#channel, keys, (run) => process.nextTick(run))
  }

  /** From now on messages may share a frame. What waits may too. */
  join(): void {
    this.#channel = joinedChannel(this.#channel, (run) => process.nextTick(run))
  }

  /** The messages in a frame; `undefined` where it should have been sealed by the other side, and is not. */
  open(frame: string | Uint8Array): readonly (string | Uint8Array)[] | undefined {
    return this.#channel instanceof EncryptedChannel ? this.#channel.open(frame) : [frame]
  }

  /** Bytes and characters that are not sent yet. */
  get backlog(): number {
    return this.#waitingSize + this.channel.buffered
  }

  /** False where it is not taken: too much waits already, or the channel takes no more. */
  send(text: string): boolean {
    if (this.#waiting.length === 0 && this.#mayGo(text)) return this.#channel.send(text)
    if (this.#waitingSize + text.length > WAITING_SIZE_MAX) return false
    this.#waiting.push(text)
    this.#waitingSize += text.length
    this.#timer ??= setTimeout(() => this.#goOn(), TURN_MS)
    return true
  }

  /** What waits is not sent any more. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#waiting = []
    this.#waitingSize = 0
  }

  #goOn(): void {
    this.#timer = undefined
    let sent = 0
    for (const text of this.#waiting) {
      if (!this.#mayGo(text)) break
      if (!this.#channel.send(text)) {
        this.stop()
        this.#init.onStalled()
        return
      }
      this.#waitingSize -= text.length
      sent++
    }
    this.#waiting.splice(0, sent)
    if (this.#waiting.length > 0) this.#timer = setTimeout(() => this.#goOn(), TURN_MS)
  }

  #mayGo(text: string): boolean {
    const now = this.#init.now()
    return this.#messages.take(now, 1) && this.#bytes.take(now, text.length)
  }
}
