/**
 * Who took which slots of a store, so that one address cannot push out what all others announced: the slots of each source
 * in order, as chains through typed arrays.
 */

import { NONE } from './info-hash-table.ts'

/** BOUNDED: the sources by the slots, and a chain each. */
interface Share {
  readonly source: string
  oldest: number
  newest: number
  count: number
}

export class SlotShares {
  /** By source. BOUNDED: by the slots; who holds none is not in it. */
  readonly #shares = new Map<string, Share>()
  /** Of each slot, where it counts for anybody. BOUNDED: by the slots. */
  readonly #shareOf: (Share | undefined)[] = []
  // BOUNDED: by the slots.
  #older = new Int32Array(0)
  #newer = new Int32Array(0)

  /** How many sources hold any. */
  get size(): number {
    return this.#shares.size
  }

  countOf(source: string): number {
    return this.#shares.get(source)?.count ?? 0
  }

  /** The slot that this source, which has any, took longest ago. */
  oldestOf(source: string): number {
    return this.#shares.get(source)?.oldest ?? NONE
  }

  /** The slot counts for this source, and for nobody else any more. */
  add(slot: number, source: string): void {
    this.remove(slot)
    this.#grow(slot)
    let share = this.#shares.get(source)
    if (share === undefined) {
      share = { source, oldest: slot, newest: NONE, count: 0 }
      this.#shares.set(source, share)
    }
    this.#older[slot] = share.newest
    this.#newer[slot] = NONE
    if (share.newest !== NONE) this.#newer[share.newest] = slot
    share.newest = slot
    share.count++
    this.#shareOf[slot] = share
  }

  /** The slot counts for nobody. */
  remove(slot: number): void {
    const share = this.#shareOf[slot]
    if (share === undefined) return
    this.#shareOf[slot] = undefined
    if (--share.count === 0) {
      this.#shares.delete(share.source)
      return
    }
    const older = this.#older[slot] as number
    const newer = this.#newer[slot] as number
    if (older === NONE) share.oldest = newer
    else this.#newer[older] = newer
    if (newer === NONE) share.newest = older
    else this.#older[newer] = older
  }

  #grow(slot: number): void {
    const { length } = this.#older
    if (slot < length) return
    const [older, newer] = [this.#older, this.#newer]
    this.#older = new Int32Array(Math.max(2 * length, slot + 1))
    this.#older.set(older)
    this.#newer = new Int32Array(this.#older.length)
    this.#newer.set(newer)
  }
}
