/**
 * The order of a list. Changes are applied as tool-db applies them, in the order of their indexes: an item goes behind the
 * one that it names, else before the other one that it names, else to the front; where it names only an item that comes later
 * or is missing, it goes to the front (behind) or before the last one (before). Strange as that is, every program of the
 * swarm must see one list.
 *
 * Items are chained, so that applying all of n changes takes n steps. A change that comes in late is put in its place without
 * applying all again, where no item of a greater index stands at that very place.
 */

import type { InsListChange } from './change.ts'

export interface ListItem<T> {
  readonly change: InsListChange<T>
  previous: ListItem<T> | undefined
  next: ListItem<T> | undefined
  isDeleted: boolean
  /** The greatest index of those put right behind it, or right before it. */
  greatestBehind: string
  greatestBefore: string
}

export class ListOrder<T> {
  first: ListItem<T> | undefined
  last: ListItem<T> | undefined
  /** BOUNDED: by the changes. */
  readonly #items = new Map<string, ListItem<T>>()
  /** Named as a neighbour before it was there. BOUNDED: by the changes. */
  readonly #missed = new Set<string>()
  /** The greatest index of all, of those put to the front, and of those put before the last one. */
  #greatest = ''
  #greatestAtFront = ''
  #greatestBeforeLast = ''

  get(index: string): ListItem<T> | undefined {
    return this.#items.get(index)
  }

  /** Puts an item in its place; false where only applying all changes again tells where that is. */
  insert(change: InsListChange<T>, isDeleted: boolean): boolean {
    const { i, p, n } = change
    const isLatest = i > this.#greatest
    if (!isLatest && (this.#missed.has(i) || i < this.#greatestBeforeLast)) return false
    const name = p || n
    const found = name ? this.#items.get(name) : undefined
    const neighbour = found !== undefined && found.change.i < i ? found : undefined
    if (!isLatest && !this.#isFreePlace(change, neighbour)) return false
    if (name && found === undefined) this.#missed.add(name)
    const item = itemOf(change, isDeleted)
    this.#items.set(i, item)
    if (isLatest) this.#greatest = i
    this.#place(item, neighbour)
    return true
  }

  /** No item of a greater index was put there: it would stand nearer to the neighbour. */
  #isFreePlace({ i, p, n }: InsListChange<T>, neighbour: ListItem<T> | undefined): boolean {
    if (p) return i > (neighbour === undefined ? this.#greatestAtFront : neighbour.greatestBehind)
    if (n) return neighbour !== undefined && i > neighbour.greatestBefore
    return i > this.#greatestAtFront
  }

  #place(item: ListItem<T>, neighbour: ListItem<T> | undefined): void {
    const { i, p, n } = item.change
    if (p && neighbour !== undefined) {
      if (i > neighbour.greatestBehind) neighbour.greatestBehind = i
      this.#link(item, neighbour, neighbour.next)
    } else if (!p && n) {
      const before = neighbour ?? this.last
      if (neighbour === undefined) this.#greatestBeforeLast = i
      else if (i > neighbour.greatestBefore) neighbour.greatestBefore = i
      this.#link(item, before?.previous, before)
    } else {
      if (i > this.#greatestAtFront) this.#greatestAtFront = i
      this.#link(item, undefined, this.first)
    }
  }

  #link(item: ListItem<T>, previous: ListItem<T> | undefined, next: ListItem<T> | undefined): void {
    item.previous = previous
    item.next = next
    if (previous === undefined) this.first = item
    else previous.next = item
    if (next === undefined) this.last = item
    else next.previous = item
  }
}

function itemOf<T>(change: InsListChange<T>, isDeleted: boolean): ListItem<T> {
  return { change, previous: undefined, next: undefined, isDeleted, greatestBehind: '', greatestBefore: '' }
}
