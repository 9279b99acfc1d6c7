/**
 * How much of catching up is done between two turns of everybody else. While nobody else has anything to do the turns are long; where
 * the others take their time, this takes its share beside it.
 */

import type { Millis } from '@shoal/base'
import type { Kernel } from '../kernel.ts'

/** Records, each of some 70 microseconds: long enough that a turn costs little, short enough that nobody waits for it longer than twenty milliseconds. */
const COUNT_MIN = 64
const COUNT_MAX = 256
/** Of what the others took: they wait for the other server and for their clients as well, and with this keep three quarters of their rate. */
const SHARE = 3

export class Pace {
  readonly #kernel: Kernel
  #count = COUNT_MIN
  #startedAt: Millis | undefined

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  /** Records to verify in this turn. */
  get count(): number {
    this.#startedAt ??= this.#kernel.now
    return this.#count
  }

  /** Goes on when the others have had their turn. */
  breathe(then: () => void): void {
    const endedAt = this.#kernel.now
    const own = endedAt - (this.#startedAt ?? endedAt)
    this.#startedAt = undefined
    this.#kernel.ask('pause', {}, () => {
      const others = this.#kernel.now - endedAt
      // The clock counts whole milliseconds: less than two of them is nobody.
      const wanted = others < 2 ? this.#count * 2 : (this.#count * SHARE * others) / Math.max(own, 1)
      this.#count = Math.round(Math.min(COUNT_MAX, Math.max(COUNT_MIN, wanted)))
      then()
    })
  }
}
