/** What falls due next: a binary heap of deadlines, each with a value that can be taken back in O(log n). */

import { assert } from './assert.ts'
import type { Millis } from './clock.ts'

export interface Deadline<T> {
  /** Moves with the clock, see `shift`. */
  readonly at: Millis
  readonly value: T
}

interface Entry<T> extends Deadline<T> {
  at: Millis
  readonly sequence: number
  index: number
}

/** UNBOUNDED: whoever adds a deadline bounds it together with the thing that waits. */
export class DeadlineQueue<T> {
  readonly #heap: Entry<T>[] = []
  #sequence = 0

  get size(): number {
    return this.#heap.length
  }

  add(at: Millis, value: T): Deadline<T> {
    assert(!Number.isNaN(at), 'a deadline is a time')
    const entry: Entry<T> = { at, value, sequence: this.#sequence++, index: this.#heap.length }
    this.#heap.push(entry)
    this.#up(entry)
    return entry
  }

  /** Takes a deadline back; false where it already fell due or was removed. */
  remove(deadline: Deadline<T>): boolean {
    const entry = deadline as Entry<T>
    if (this.#heap[entry.index] !== entry) return false
    this.#detach(entry)
    return true
  }

  /** When the next deadline falls due, or `undefined` where nothing waits. */
  nextAt(): Millis | undefined {
    return this.#heap[0]?.at
  }

  /** The next value that is due at `now`, removed; those of one instant come in the order they were added. */
  takeDue(now: Millis): T | undefined {
    const first = this.#heap[0]
    if (first === undefined || first.at > now) return undefined
    this.#detach(first)
    return first.value
  }

  /** The clock was set by so much: what waits goes on waiting as long as it would have. */
  shift(by: Millis): void {
    for (const entry of this.#heap) entry.at += by
  }

  clear(): void {
    this.#heap.length = 0
  }

  #detach(entry: Entry<T>): void {
    const last = this.#heap.pop() as Entry<T>
    if (last === entry) return
    last.index = entry.index
    this.#heap[last.index] = last
    this.#up(last)
    this.#down(last)
  }

  #up(entry: Entry<T>): void {
    while (entry.index > 0) {
      const parent = this.#heap[(entry.index - 1) >> 1] as Entry<T>
      if (!isBefore(entry, parent)) return
      this.#swap(entry, parent)
    }
  }

  #down(entry: Entry<T>): void {
    for (;;) {
      const left = this.#heap[2 * entry.index + 1]
      if (left === undefined) return
      const right = this.#heap[2 * entry.index + 2]
      const sooner = right !== undefined && isBefore(right, left) ? right : left
      if (!isBefore(sooner, entry)) return
      this.#swap(sooner, entry)
    }
  }

  #swap(a: Entry<T>, b: Entry<T>): void {
    const index = a.index
    a.index = b.index
    b.index = index
    this.#heap[a.index] = a
    this.#heap[b.index] = b
  }
}

function isBefore<T>(a: Entry<T>, b: Entry<T>): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence)
}
