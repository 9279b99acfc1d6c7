/** The lowest level of the tree: up to 256 packed items in order, side by side in one array, and the hash of their set once it was asked for. */

import { assert } from '@shoal/base'
import type { SetHash } from './set-hash.ts'
import { compareAt, ID_BYTES, ITEM_BYTES } from './sync-item.ts'

export const LEAF_ITEMS = 256

export class ItemLeaf {
  readonly kind = 'leaf'
  /** Of all its items; absent since the last change. */
  hash: SetHash | undefined
  count = 0
  /** BOUNDED: LEAF_ITEMS. */
  readonly #items = new Uint8Array(LEAF_ITEMS * ITEM_BYTES)

  /** A view of the packed item, good until the next change. */
  at(index: number): Uint8Array {
    return this.#items.subarray(index * ITEM_BYTES, (index + 1) * ITEM_BYTES)
  }

  /** How many items are smaller than the place. */
  rank(place: Uint8Array): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compareAt(this.#items, middle * ITEM_BYTES, place) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Of the item at that index with a place: negative where the item is smaller. */
  compare(index: number, place: Uint8Array): number {
    return compareAt(this.#items, index * ITEM_BYTES, place)
  }

  /** `rank`: of this very item. */
  hasAt(rank: number, packed: Uint8Array): boolean {
    return rank < this.count && this.compare(rank, packed) === 0
  }

  insertAt(rank: number, packed: Uint8Array): void {
    assert(this.count < LEAF_ITEMS, 'a full leaf is split first')
    const offset = rank * ITEM_BYTES
    this.#items.copyWithin(offset + ITEM_BYTES, offset, this.count * ITEM_BYTES)
    this.#items.set(packed, offset)
    this.count++
    this.hash = undefined
  }

  removeAt(rank: number): void {
    const offset = rank * ITEM_BYTES
    this.#items.copyWithin(offset, offset + ITEM_BYTES, this.count * ITEM_BYTES)
    this.count--
    this.hash = undefined
  }

  /** Cuts off the items from `index` on, and returns them as the leaf behind this one. */
  split(index: number): ItemLeaf {
    const right = new ItemLeaf()
    right.#items.set(this.#items.subarray(index * ITEM_BYTES, this.count * ITEM_BYTES))
    right.count = this.count - index
    if (right.count > 0) this.hash = undefined
    this.count = index
    return right
  }

  /** Takes all items of the leaf behind this one. */
  append(right: ItemLeaf): void {
    assert(this.count + right.count <= LEAF_ITEMS, 'two leaves that fit into one')
    this.#items.set(right.#items.subarray(0, right.count * ITEM_BYTES), this.count * ITEM_BYTES)
    this.count += right.count
    this.hash = undefined
  }

  /** Adds the items from `from` to `to` (excluded). */
  addItems(from: number, to: number, into: SetHash): void {
    for (let i = from; i < to; i++) into.add(this.#items, (i + 1) * ITEM_BYTES - ID_BYTES)
  }

  subtractItems(from: number, to: number, into: SetHash): void {
    for (let i = from; i < to; i++) into.subtract(this.#items, (i + 1) * ITEM_BYTES - ID_BYTES)
  }
}
