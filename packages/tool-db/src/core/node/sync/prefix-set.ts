/**
 * The items of the records whose keys begin with a text. The tree of all items is in the order of time, so these are gathered by reading the
 * keys of the prefix, which stand together in the store; from then on the set follows each commit, for as long as somebody uses it.
 */

import { isCrdtRecord } from '../../crdt/change-set.ts'
import type { WireRecord } from '../../records/record.ts'
import { ItemTree } from '../../sync/item-tree.ts'
import { type NamedItem, packedOf } from '../../sync/record-item.ts'
import { setsPrefix } from '../crdt-rows.ts'
import type { HeldRow } from '../effects.ts'
import type { Kernel } from '../kernel.ts'
import { recordOfRow } from '../rows.ts'
import { keyOf } from './damaged-rows.ts'
import type { ItemFollower, ItemIndex, ItemPlace } from './item-index.ts'
import { recordsAt, rowsAt, sharedAt } from './item-rows.ts'

/** Of one prefix; about 500 KB of memory, and a third of a second to gather. */
export const PREFIX_ITEMS_MAX = 10_000
/** UTF-16 units of its rows, which have to be parsed: more than a client fetches in one go. */
const PREFIX_LENGTH_MAX = 256 * 1024 * 1024
const KEYS_PER_PAGE = 64
/** A row so much longer than others costs as much as one row more. */
const LENGTH_PER_ROW = 2_500
/** Hashed between two turns of everybody else. */
const HASHED_AT_ONCE = 512

export type Gathered = 'whole' | 'too-large' | 'failed'

export interface PrefixSetInit {
  readonly kernel: Kernel
  readonly items: ItemIndex
  readonly prefix: string
}

export class PrefixSet implements ItemFollower {
  /** BOUNDED: PREFIX_ITEMS_MAX, and what is written while it is used. */
  readonly tree: ItemTree
  readonly #init: PrefixSetInit
  /** Rows that were read, and their length. */
  #rows = 0
  #length = 0
  /** Gone since the page was asked for that is being read. BOUNDED: by the commits of that time. */
  readonly #goneMeanwhile = new Set<string>()

  constructor(init: PrefixSetInit) {
    this.#init = init
    this.tree = new ItemTree(init.kernel.sha256)
  }

  /** Once. From here on it follows what is committed. `work`: what was read for it, in rows of ordinary length. */
  gather(then: (gathered: Gathered, work: number) => void): void {
    this.#init.items.followers.add(this)
    this.#page(undefined, (gathered) => {
      this.#goneMeanwhile.clear()
      if (gathered !== 'whole') this.close()
      then(gathered, this.#rows + this.#length / LENGTH_PER_ROW)
    })
  }

  close(): void {
    this.#init.items.followers.delete(this)
  }

  has(item: NamedItem): boolean {
    return this.tree.holds(packedOf(item))
  }

  settle(then: () => void): void {
    if (this.tree.settle(HASHED_AT_ONCE)) then()
    else this.#init.kernel.ask('pause', {}, () => this.settle(then))
  }

  noteChange(gone: readonly NamedItem[], come: readonly ItemPlace[]): void {
    for (const item of gone) {
      this.tree.removePacked(packedOf(item))
      this.#goneMeanwhile.add(item.id)
    }
    for (const { item, row } of come) {
      if (keyOf(row).startsWith(this.#init.prefix)) this.tree.insertPacked(packedOf(item))
    }
  }

  #page(after: string | undefined, then: (gathered: Gathered) => void): void {
    const { kernel, prefix } = this.#init
    this.#goneMeanwhile.clear()
    kernel.ask('scan', { prefix, after, limit: KEYS_PER_PAGE }, (scanned) => {
      if (!scanned.ok) return then('failed')
      const { keys, more } = scanned.value
      const rowKeys = keys.flatMap(rowsAt)
      kernel.ask('load', { keys: rowKeys }, (loaded) => {
        if (!loaded.ok) return then('failed')
        this.#noteRead(loaded.value)
        const rows = new Map(rowKeys.map((key, i) => [key, loaded.value[i]]))
        const documents = keys.filter((key) => this.#addAt(key, rows))
        this.#eachSets(documents, (gathered) => {
          if (gathered !== 'whole' || !more) return then(gathered)
          kernel.ask('pause', {}, () => this.#page(keys.at(-1), then))
        })
      })
    })
  }

  #noteRead(rows: readonly (HeldRow | undefined)[]): void {
    this.#rows += 1 + rows.length
    for (const row of rows) this.#length += row?.value.length ?? 0
  }

  get #isTooLarge(): boolean {
    return this.tree.size > PREFIX_ITEMS_MAX || this.#length > PREFIX_LENGTH_MAX
  }

  /** True where it is a document, whose sets lie elsewhere. */
  #addAt(key: string, rows: ReadonlyMap<string, HeldRow | undefined>): boolean {
    for (const record of sharedAt(key, rows, this.#init.kernel.limits)) this.#add(record)
    const record = recordOfRow(key, rows.get(key))
    return record !== undefined && isCrdtRecord(record)
  }

  #add(record: WireRecord): void {
    const item = this.#init.items.itemOf(record)
    if (!this.#goneMeanwhile.has(item.id)) this.tree.insertPacked(packedOf(item))
  }

  #eachSets([first, ...others]: readonly string[], then: (gathered: Gathered) => void): void {
    if (this.#isTooLarge) return void then('too-large')
    if (first === undefined) return void then('whole')
    this.#sets(first, undefined, (gathered) => {
      if (gathered === 'whole') this.#eachSets(others, then)
      else then(gathered)
    })
  }

  #sets(key: string, after: string | undefined, then: (gathered: Gathered) => void): void {
    const { kernel } = this.#init
    kernel.ask('scan', { prefix: setsPrefix(key), after, limit: KEYS_PER_PAGE }, (scanned) => {
      if (!scanned.ok) return then('failed')
      const { keys, more } = scanned.value
      kernel.ask('load', { keys }, (loaded) => {
        if (!loaded.ok) return then('failed')
        this.#noteRead(loaded.value)
        const rows = new Map(keys.map((rowKey, i) => [rowKey, loaded.value[i]]))
        for (const rowKey of keys) for (const record of recordsAt(rowKey, rows)) this.#add(record)
        if (this.#isTooLarge) return then('too-large')
        if (more) return this.#sets(key, keys.at(-1), then)
        then('whole')
      })
    })
  }
}
