/**
 * A channel over another one: what goes in is sealed, what comes out was sealed by the other end. What is sent in one turn
 * shares a frame: sealing it, and all that a frame costs below, is then paid once for many small messages.
 */

import type { Endpoint } from '@shoal/base'
import {
  BATCH_COUNT_MAX,
  BATCH_SIZE_MAX,
  type FrameMessage,
  frameMessage,
  NoiseFrames,
  type NoiseSession,
  sizeInFrame,
} from '@shoal/peer'
import type { Channel } from './channel.ts'

export class EncryptedChannel implements Channel {
  readonly #inner: Channel
  readonly #frames: NoiseFrames
  readonly #later: (run: () => void) => void
  /** BOUNDED: BATCH_SIZE_MAX, BATCH_COUNT_MAX. */
  #batch: FrameMessage[] = []
  #batchSize = 0
  #isScheduled = false

  /** `later` runs what it is given when the turn is over. */
  constructor(inner: Channel, keys: NoiseSession, later: (run: () => void) => void) {
    this.#inner = inner
    this.#frames = new NoiseFrames(keys)
    this.#later = later
  }

  get remote(): Endpoint {
    return this.#inner.remote
  }

  get direction(): 'inbound' | 'outbound' {
    return this.#inner.direction
  }

  get isTextOnly(): boolean {
    return false
  }

  get buffered(): number {
    return this.#inner.buffered + this.#batchSize
  }

  send(message: string | Uint8Array): boolean {
    const entry = frameMessage(message)
    const size = sizeInFrame(entry.bytes.length)
    const isFull = this.#batchSize + size > BATCH_SIZE_MAX || this.#batch.length >= BATCH_COUNT_MAX
    if (isFull && !this.#flush()) return false
    if (size > BATCH_SIZE_MAX) return this.#seal([entry])
    this.#batch.push(entry)
    this.#batchSize += size
    if (!this.#isScheduled) {
      this.#isScheduled = true
      this.#later(() => this.#endTurn())
    }
    return true
  }

  drained(): Promise<void> {
    return this.#inner.drained()
  }

  /** The reason stays here: on the wire it would be in clear. */
  close(code: number, _reason: string): void {
    this.#flush()
    this.#inner.close(code, '')
  }

  /** The messages in a frame of the inner channel; `undefined` where it is not the next one of the other end. */
  open(frame: string | Uint8Array): readonly (string | Uint8Array)[] | undefined {
    return typeof frame === 'string' ? undefined : this.#frames.open(frame)
  }

  #endTurn(): void {
    this.#isScheduled = false
    // What was taken is kept until the channel below has room. Once it is drained and still takes nothing, it has ended.
    if (!this.#flush()) void this.#inner.drained().then(() => this.#flush())
  }

  /** False where the channel below takes no more; then the batch stays. */
  #flush(): boolean {
    if (this.#batch.length === 0) return true
    if (!this.#seal(this.#batch)) return false
    this.#batch = []
    this.#batchSize = 0
    return true
  }

  #seal(messages: readonly FrameMessage[]): boolean {
    return this.#frames.seal(messages, (frame) => this.#inner.send(frame))
  }
}
