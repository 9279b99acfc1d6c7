/**
 * What happens next in a world: a 4-ary heap over typed arrays, so that millions of events cost neither an object nor a closure
 * each. Events of one instant come in the order in which they were added.
 */

import type { Millis } from '@shoal/base'

const FIRST_CAPACITY = 1_024
const ARITY = 4

/** UNBOUNDED: it holds what the world has yet to do; who adds events bounds them. */
export class EventQueue {
  #size = 0
  /** By place in the heap: when, in which order, and the slot of what happens. */
  #at = new Float64Array(FIRST_CAPACITY)
  #order = new Float64Array(FIRST_CAPACITY)
  #slot = new Int32Array(FIRST_CAPACITY)
  /** By slot. */
  #kind = new Uint8Array(FIRST_CAPACITY)
  #host = new Int32Array(FIRST_CAPACITY)
  /** Where in the heap it stands. */
  #place = new Int32Array(FIRST_CAPACITY)
  readonly #what: unknown[] = []
  /** Slots that are free; those never used follow `#slots`. */
  readonly #free: number[] = []
  #slots = 0
  #sequence = 0

  get size(): number {
    return this.#size
  }

  /** When the next event falls due; infinity where there is none. */
  get nextAt(): Millis {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : (this.#at[0] as number)
  }

  /** `kind` and `host` are the caller's own numbers; so is the thing that goes with them. Returns the slot, by which it can be moved or removed. */
  add(at: Millis, kind: number, host: number, what?: unknown): number {
    const slot = this.#free.pop() ?? this.#slots++
    if (slot >= this.#kind.length) this.#growSlots()
    this.#kind[slot] = kind
    this.#host[slot] = host
    this.#what[slot] = what
    if (this.#size >= this.#at.length) this.#growHeap()
    this.#rise(this.#size++, at, this.#sequence++, slot)
    return slot
  }

  /** Something that was added falls due at another time: as if it were added now. */
  move(slot: number, at: Millis): void {
    const from = this.#place[slot] as number
    if (at < (this.#at[from] as number)) this.#rise(from, at, this.#sequence++, slot)
    else this.#sink(from, at, this.#sequence++, slot)
  }

  /** It will not happen; its slot is free again. */
  remove(slot: number): void {
    const from = this.#place[slot] as number
    const last = --this.#size
    if (from < last)
      this.#settle(from, this.#at[last] as number, this.#order[last] as number, this.#slot[last] as number)
    this.release(slot)
  }

  /** Takes the next event out and returns its slot, whose parts can be read until the next `add`. */
  take(): number {
    const slot = this.#slot[0] as number
    const last = --this.#size
    if (last > 0) this.#sink(0, this.#at[last] as number, this.#order[last] as number, this.#slot[last] as number)
    return slot
  }

  kindOf(slot: number): number {
    return this.#kind[slot] as number
  }

  hostOf(slot: number): number {
    return this.#host[slot] as number
  }

  whatOf(slot: number): unknown {
    return this.#what[slot]
  }

  /** To be called once the parts of a slot that was taken are read. */
  release(slot: number): void {
    this.#what[slot] = undefined
    this.#free.push(slot)
  }

  /** Into a place in the middle, from where it may have to go either way. */
  #settle(at: number, time: Millis, order: number, slot: number): void {
    const parent = ((at - 1) / ARITY) | 0
    if (at > 0 && this.#isAfter(parent, time, order)) this.#rise(at, time, order, slot)
    else this.#sink(at, time, order, slot)
  }

  #rise(from: number, at: Millis, order: number, slot: number): void {
    let i = from
    while (i > 0) {
      const parent = ((i - 1) / ARITY) | 0
      if (!this.#isAfter(parent, at, order)) break
      this.#move(parent, i)
      i = parent
    }
    this.#put(i, at, order, slot)
  }

  #sink(from: number, at: Millis, order: number, slot: number): void {
    let i = from
    for (;;) {
      const firstChild = ARITY * i + 1
      if (firstChild >= this.#size) break
      let least = firstChild
      const end = Math.min(firstChild + ARITY, this.#size)
      for (let child = firstChild + 1; child < end; child++) {
        if (this.#isAfter(least, this.#at[child] as number, this.#order[child] as number)) least = child
      }
      if (this.#isAfter(least, at, order)) break
      this.#move(least, i)
      i = least
    }
    this.#put(i, at, order, slot)
  }

  /** Whether the entry at `i` comes after an entry of this time and order. */
  #isAfter(i: number, at: Millis, order: number): boolean {
    const other = this.#at[i] as number
    return other > at || (other === at && (this.#order[i] as number) > order)
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#at[from] as number, this.#order[from] as number, this.#slot[from] as number)
  }

  #put(i: number, at: Millis, order: number, slot: number): void {
    this.#at[i] = at
    this.#order[i] = order
    this.#slot[i] = slot
    this.#place[slot] = i
  }

  #growHeap(): void {
    this.#at = copied(new Float64Array(2 * this.#at.length), this.#at)
    this.#order = copied(new Float64Array(2 * this.#order.length), this.#order)
    this.#slot = copied(new Int32Array(2 * this.#slot.length), this.#slot)
  }

  #growSlots(): void {
    this.#kind = copied(new Uint8Array(2 * this.#kind.length), this.#kind)
    this.#host = copied(new Int32Array(2 * this.#host.length), this.#host)
    this.#place = copied(new Int32Array(2 * this.#place.length), this.#place)
  }
}

function copied<T extends Float64Array | Int32Array | Uint8Array>(into: T, from: T): T {
  into.set(from)
  return into
}
