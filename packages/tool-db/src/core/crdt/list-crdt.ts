/** A list: items name their neighbours, deleted ones stay as tombstones, so that all who know of one set of changes see one list. */

import { UsageError } from '@shoal/base'
import { writtenValue } from '../records/write.ts'
import { CRDT_LIST } from './base-crdt.ts'
import {
  authorOfIndex,
  compareListChanges,
  compareTexts,
  type InsListChange,
  isListChange,
  type ListChanges,
  numberOfIndex,
} from './change.ts'
import type { Added } from './change-log.ts'
import { ConvergentCrdt } from './convergent-crdt.ts'
import { type ListItem, ListOrder } from './list-order.ts'

export class ListCrdt<T> extends ConvergentCrdt<T, ListChanges<T>, T[]> {
  override type: string = CRDT_LIST
  /** `undefined`: all changes are to be applied again. */
  #order: ListOrder<T> | undefined = new ListOrder()
  /** Indexes that were deleted, also of items that did not come yet. BOUNDED: by the changes. */
  readonly #deleted = new Set<string>()
  #visible: ListItem<T>[] | undefined
  #value: T[] | undefined
  #nextNumber = 0

  constructor(author: string, changes?: readonly ListChanges<T>[]) {
    super(author, {
      identityOf: ({ t, i }) => t + i,
      // The insertion comes first, as in the alphabet it does not.
      compare: (a, b) => compareListChanges(a, b) || compareTexts(b.t, a.t),
    })
    if (changes !== undefined) this.mergeChanges(changes)
  }

  override get value(): T[] {
    this.#value ??= this.#visibleItems().map(({ change }) => change.v)
    return this.#value
  }

  /** Before the item that is at `index` now; at the end where that is the length of the list. */
  INS(value: T, index: number): void {
    const items = this.#visibleItems()
    if (items.length === 0 || index === items.length) {
      this.PUSH(value)
      return
    }
    const next = this.#itemAt(index)
    this.#insert(value, next.previous?.change.i, next.change.i)
  }

  PUSH(value: T): void {
    this.#insert(value, this.#visibleItems().at(-1)?.change.i, undefined)
  }

  DEL(index: number): void {
    const { change } = this.#itemAt(index)
    this.append({ t: 'DEL', v: change.i, i: this.#freshIndex() })
  }

  protected override isChange(input: unknown): input is ListChanges<T> {
    return isListChange(input)
  }

  protected override handleAdded(change: ListChanges<T>, added: Added<ListChanges<T>>): void {
    if (authorOfIndex(change.i) === this.author) {
      this.#nextNumber = Math.max(this.#nextNumber, numberOfIndex(change.i) + 1)
    }
    if (added.kind === 'replaced') this.#applyAllAgain()
    else if (change.t === 'DEL') this.#delete(change.v)
    else this.#place(change)
    this.#value = undefined
  }

  #delete(index: string): void {
    this.#deleted.add(index)
    const item = this.#order?.get(index)
    if (item === undefined || item.isDeleted) return
    item.isDeleted = true
    this.#visible = undefined
  }

  #place(change: InsListChange<T>): void {
    if (this.#order === undefined) return
    if (!this.#order.insert(change, this.#deleted.has(change.i))) {
      this.#applyAllAgain()
      return
    }
    const item = this.#order.get(change.i)
    if (item === this.#order.last && item !== undefined && !item.isDeleted) this.#visible?.push(item)
    else this.#visible = undefined
  }

  #applyAllAgain(): void {
    this.#order = undefined
    this.#visible = undefined
  }

  #visibleItems(): readonly ListItem<T>[] {
    if (this.#visible !== undefined) return this.#visible
    this.#order ??= this.#applied()
    const items: ListItem<T>[] = []
    for (let item = this.#order.first; item !== undefined; item = item.next) if (!item.isDeleted) items.push(item)
    this.#visible = items
    return items
  }

  #applied(): ListOrder<T> {
    const changes = this.log.sorted()
    this.#deleted.clear()
    for (const change of changes) if (change.t === 'DEL') this.#deleted.add(change.v)
    const order = new ListOrder<T>()
    for (const change of changes) if (change.t === 'INS') order.insert(change, this.#deleted.has(change.i))
    return order
  }

  #insert(value: T, p: string | undefined, n: string | undefined): void {
    this.append({ t: 'INS', p, n, v: writtenValue(value).value as T, i: this.#freshIndex() })
  }

  #itemAt(index: number): ListItem<T> {
    const item = this.#visibleItems()[index]
    if (item === undefined) throw new UsageError(`the list holds no item ${String(index)}`)
    return item
  }

  /** Never used before, as far as is known here. */
  #freshIndex(): string {
    return `${this.author}-${String(this.#nextNumber).padStart(8, '0')}`
  }
}
