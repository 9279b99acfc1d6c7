/**
 * A set of keys in their order: runs of a few hundred keys each, so that adding one moves a few hundred references
 * however many keys there are.
 */

import { compareKeys } from './key-order.ts'

const RUN_LENGTH_MAX = 512

export class SortedKeys {
  /** UNBOUNDED: one entry a row, and the rows are the database. No run is empty. */
  readonly #runs: string[][] = []

  /** False where the key was there already. */
  add(key: string): boolean {
    const at = this.#runOf(key)
    const run = this.#runs[at]
    if (run === undefined) {
      this.#runs.push([key])
      return true
    }
    const index = lowerBound(run, key)
    if (run[index] === key) return false
    run.splice(index, 0, key)
    if (run.length > RUN_LENGTH_MAX) this.#runs.splice(at + 1, 0, run.splice(RUN_LENGTH_MAX / 2))
    return true
  }

  /** False where the key was not there. */
  delete(key: string): boolean {
    const at = this.#runOf(key)
    const run = this.#runs[at]
    if (run === undefined) return false
    const index = lowerBound(run, key)
    if (run[index] !== key) return false
    run.splice(index, 1)
    if (run.length === 0) this.#runs.splice(at, 1)
    return true
  }

  /** The keys from `from` (included) on. The set must not change meanwhile. */
  *from(from: string): Generator<string, void, undefined> {
    const at = this.#runOf(from)
    for (let i = at; i < this.#runs.length; i++) {
      const run = this.#runs[i] as string[]
      for (let k = i === at ? lowerBound(run, from) : 0; k < run.length; k++) yield run[k] as string
    }
  }

  clear(): void {
    this.#runs.length = 0
  }

  /** The last run that begins at or before the key, else the first. */
  #runOf(key: string): number {
    let low = 0
    let high = this.#runs.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (compareKeys((this.#runs[middle] as string[])[0] as string, key) <= 0) low = middle + 1
      else high = middle
    }
    return Math.max(low - 1, 0)
  }
}

/** The index of the first key that is not before `key`. */
function lowerBound(run: readonly string[], key: string): number {
  let low = 0
  let high = run.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (compareKeys(run[middle] as string, key) < 0) low = middle + 1
    else high = middle
  }
  return low
}
