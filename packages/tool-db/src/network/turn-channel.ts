/** A channel over another one, on which what is sent in one turn shares a frame: what a frame costs is then paid once for many small messages. */

import type { Endpoint } from '@shoal/base'
import type { Channel } from './channel.ts'

/** How messages become frames. */
export interface Framing<E> {
  readonly sizeMax: number
  readonly countMax: number
  entryOf(message: string | Uint8Array): E
  /** What it takes of a frame. */
  sizeOf(entry: E): number
  /** It shares a frame with no other. */
  isAlone(entry: E): boolean
  /** False where the frame was not taken. */
  write(entries: readonly E[], take: (frame: string | Uint8Array) => boolean): boolean
}

export class TurnChannel<E> implements Channel {
  readonly #inner: Channel
  readonly #framing: Framing<E>
  readonly #later: (run: () => void) => void
  /** BOUNDED: sizeMax and countMax of the framing. */
  #batch: E[] = []
  #batchSize = 0
  #isScheduled = false
  readonly #take = (frame: string | Uint8Array): boolean => this.#inner.send(frame)
  readonly #endTurn = (): void => {
    this.#isScheduled = false
    // What was taken is kept until the channel below has room. Once it is drained and still takes nothing, it has ended.
    if (!this.#flush()) void this.#inner.drained().then(() => this.#flush())
  }

  /** `later` runs what it is given when the turn is over. */
  constructor(inner: Channel, framing: Framing<E>, later: (run: () => void) => void) {
    this.#inner = inner
    this.#framing = framing
    this.#later = later
  }

  get remote(): Endpoint {
    return this.#inner.remote
  }

  get direction(): 'inbound' | 'outbound' {
    return this.#inner.direction
  }

  get isTextOnly(): boolean {
    return this.#inner.isTextOnly
  }

  get buffered(): number {
    return this.#inner.buffered + this.#batchSize
  }

  send(message: string | Uint8Array): boolean {
    const { sizeMax, countMax } = this.#framing
    const entry = this.#framing.entryOf(message)
    const size = this.#framing.sizeOf(entry)
    const isAlone = size > sizeMax || this.#framing.isAlone(entry)
    const isFull = this.#batchSize + size > sizeMax || this.#batch.length >= countMax
    if ((isAlone || isFull) && !this.#flush()) return false
    if (isAlone) return this.#framing.write([entry], this.#take)
    this.#batch.push(entry)
    this.#batchSize += size
    if (!this.#isScheduled) {
      this.#isScheduled = true
      this.#later(this.#endTurn)
    }
    return true
  }

  drained(): Promise<void> {
    return this.#inner.drained()
  }

  close(code: number, reason: string): void {
    this.#flush()
    this.#inner.close(code, reason)
  }

  /** False where the channel below takes no more; then the batch stays. */
  #flush(): boolean {
    if (this.#batch.length === 0) return true
    if (!this.#framing.write(this.#batch, this.#take)) return false
    this.#batch = []
    this.#batchSize = 0
    return true
  }
}
