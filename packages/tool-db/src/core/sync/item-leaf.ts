/** The lowest level of the tree: up to 64 packed items in order, side by side in one array, and the hash of their set. */

import { assert } from '@shoal/base'
import { type Expand, SetHash } from './set-hash.ts'
import { compareAt, ID_BYTES, ITEM_BYTES } from './sync-item.ts'

export const LEAF_ITEMS = 64

export class ItemLeaf {
  readonly kind = 'leaf'
  readonly hash: SetHash = new SetHash()
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

  holds(packed: Uint8Array): boolean {
    const index = this.rank(packed)
    return index < this.count && compareAt(this.#items, index * ITEM_BYTES, packed) === 0
  }

  insert(packed: Uint8Array, expanded: Uint8Array): void {
    assert(this.count < LEAF_ITEMS, 'a full leaf is split first')
    const offset = this.rank(packed) * ITEM_BYTES
    this.#items.copyWithin(offset + ITEM_BYTES, offset, this.count * ITEM_BYTES)
    this.#items.set(packed, offset)
    this.count++
    this.hash.add(expanded)
  }

  remove(packed: Uint8Array, expanded: Uint8Array): void {
    const offset = this.rank(packed) * ITEM_BYTES
    this.#items.copyWithin(offset, offset + ITEM_BYTES, this.count * ITEM_BYTES)
    this.count--
    this.hash.subtract(expanded)
  }

  /** Cuts off the items from `index` on, and returns them as the leaf behind this one. */
  split(index: number, expand: Expand): ItemLeaf {
    const right = new ItemLeaf()
    for (let i = index; i < this.count; i++) right.hash.add(this.#expanded(i, expand))
    right.#items.set(this.#items.subarray(index * ITEM_BYTES, this.count * ITEM_BYTES))
    right.count = this.count - index
    this.count = index
    this.hash.subtractAll(right.hash)
    return right
  }

  /** Takes all items of the leaf behind this one. */
  append(right: ItemLeaf): void {
    assert(this.count + right.count <= LEAF_ITEMS, 'two leaves that fit into one')
    this.#items.set(right.#items.subarray(0, right.count * ITEM_BYTES), this.count * ITEM_BYTES)
    this.count += right.count
    this.hash.addAll(right.hash)
  }

  /** Adds the hash of the items from `from` to `to` (excluded); returns how many were expanded for it. */
  addHashOf(from: number, to: number, into: SetHash, expand: Expand): number {
    const inside = to - from
    if (inside * 2 <= this.count) {
      for (let i = from; i < to; i++) into.add(this.#expanded(i, expand))
      return inside
    }
    into.addAll(this.hash)
    for (let i = 0; i < from; i++) into.subtract(this.#expanded(i, expand))
    for (let i = to; i < this.count; i++) into.subtract(this.#expanded(i, expand))
    return this.count - inside
  }

  #expanded(index: number, expand: Expand): Uint8Array {
    const end = (index + 1) * ITEM_BYTES
    return expand(this.#items.subarray(end - ID_BYTES, end))
  }
}
