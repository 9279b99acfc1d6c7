/**
 * Reads that a stranger's short message can make large: one at a time, and no more of them than a share of one core goes
 * through. Whoever asks for much waits; nobody else does.
 */

import type { Millis } from '@shoal/base'
import type { Kernel } from './kernel.ts'

/** What was read, as its length in UTF-16 units. */
type Done = (length: number) => void

/** About a quarter of a core is busy parsing that much. */
const LENGTH_PER_MS = 4_096
/** So much may be read at once after a quiet time. */
const BURST: Millis = 2_000

export class HeavyReads {
  readonly #kernel: Kernel
  readonly #waitingMax: number
  /** BOUNDED: waitingMax. */
  readonly #waiting: ((done: Done) => void)[] = []
  #isReading = false
  #paidUntil: Millis = 0

  constructor(kernel: Kernel, waitingMax: number) {
    this.#kernel = kernel
    this.#waitingMax = waitingMax
  }

  /** Runs `read` when its turn has come, and it says once how much it was. False where too many wait. */
  enter(read: (done: Done) => void): boolean {
    if (this.#waiting.length >= this.#waitingMax) {
      this.#kernel.counters.add('refused.heavy-reads')
      return false
    }
    this.#waiting.push(read)
    if (!this.#isReading) this.#goOn()
    return true
  }

  #goOn(): void {
    const read = this.#waiting.shift()
    if (read === undefined) return
    this.#isReading = true
    read((length) => {
      const { now } = this.#kernel
      this.#paidUntil = Math.max(this.#paidUntil, now - BURST) + Math.ceil(length / LENGTH_PER_MS)
      const wait = this.#paidUntil - now
      const next = (): void => {
        this.#isReading = false
        this.#goOn()
      }
      if (wait <= 0) {
        next()
        return
      }
      this.#kernel.counters.add('reads.paced')
      this.#kernel.after(wait, next)
    })
  }
}
