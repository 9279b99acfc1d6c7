/**
 * Whether rows may be read at once, while everything else stands still. What the engine has in memory comes within microseconds,
 * where handing the question to a thread and taking the answer back costs fifty; but a disk that must move its arm would
 * stop everybody. So each read is timed, and after a few slow ones all go to the threads for a while.
 */

import { type Millis, SECOND } from '@shoal/base'

/** A read that takes longer than this waits for a disk. */
const QUICK_MS: Millis = 0.5
/** So much waiting beyond that, not made good by quick reads, is enough. */
const DEBT_MAX_MS: Millis = 20
const REST: Millis = SECOND

export class DiskPatience {
  readonly #now: () => Millis
  #debt: Millis = 0
  #restsUntil: Millis | undefined

  /** `now`: monotonic, in fractions of milliseconds. */
  constructor(now: () => Millis) {
    this.#now = now
  }

  mayAsk(): boolean {
    if (this.#restsUntil === undefined) return true
    if (this.#now() < this.#restsUntil) return false
    this.#restsUntil = undefined
    return true
  }

  timed<T>(read: () => T): T {
    const start = this.#now()
    const result = read()
    this.#debt = Math.max(0, this.#debt + this.#now() - start - QUICK_MS)
    if (this.#debt > DEBT_MAX_MS) {
      this.#debt = 0
      this.#restsUntil = this.#now() + REST
    }
    return result
  }
}
