/**
 * Which records are here, for comparisons with other servers: the tree of items in memory, and a row for each, written in the very
 * commit that writes or removes its record. After a start the tree is filled from the rows, in the background and in pages.
 */

import type { Millis } from '@shoal/base'
import { isCrdtRecord } from '../../crdt/change-set.ts'
import type { WireRecord } from '../../records/record.ts'
import { ItemTree } from '../../sync/item-tree.ts'
import { itemOf, type NamedItem, packedOf } from '../../sync/record-item.ts'
import type { RowWrite } from '../effects.ts'
import type { Kernel } from '../kernel.ts'
import { ItemBuild } from './item-build.ts'
import { ItemLoad } from './item-load.ts'
import { FORGOTTEN_MARK, itemRowKey, REPAIRED_MARK, REPAIRING_MARK } from './item-rows.ts'

export interface SyncInit {
  /** Between two comparisons with a server that is connected all the time. */
  readonly interval: Millis
  /** How long a deletion is kept, and how long a server may be away without being taken for a stranger to its own old records. */
  readonly horizon: Millis
  /** Of one core, what checking the signatures of stored records may take; 0 for none. */
  readonly scrub: number
}

/** What a commit does to the items. */
export interface ItemChange {
  /** To be written along with it. */
  readonly writes: readonly RowWrite[]
  /** To be called once it is committed. */
  apply(): void
}

/** Is told of what a commit has done to the items. */
export interface ItemFollower {
  noteChange(gone: readonly NamedItem[], come: readonly ItemPlace[]): void
}

export interface ItemPlace {
  readonly item: NamedItem
  /** The row in which its record lies. */
  readonly row: string
}

export const NO_CHANGE: ItemChange = { writes: [], apply: () => undefined }
/** Items that are hashed between two turns of everybody else. */
const HASHED_AT_ONCE = 2_048
const RETRY_AFTER: Millis = 10_000

export class ItemIndex {
  readonly tree: ItemTree
  /** Deletions up to this time may have been forgotten here. */
  forgottenUntil: Millis = 0
  /** The engine has mended the store, and no comparison was through since: any row may be missing, deleted or not. */
  isRepairing = false
  /** Rows whose record was damaged, and has not come again. BOUNDED: by the damage that is kept. */
  readonly missing: Set<string> = new Set()
  /** BOUNDED: by those who take part in it. */
  readonly followers: Set<ItemFollower> = new Set()
  readonly #kernel: Kernel
  readonly #init: SyncInit | undefined
  #isReady = false
  /** Gone since the page was asked for that is being read. BOUNDED: by the commits of that time. */
  readonly #goneMeanwhile = new Set<string>()

  /** Without `init` this node takes no part: its store keeps no items. */
  constructor(kernel: Kernel, init: SyncInit | undefined) {
    this.#kernel = kernel
    this.#init = init
    this.tree = new ItemTree(kernel.sha256)
  }

  get isKept(): boolean {
    return this.#init !== undefined
  }

  /** False where nobody asks which items there are. */
  get isFollowed(): boolean {
    return this.isKept || this.followers.size > 0
  }

  /** False until the tree holds what the rows say, hashed. */
  get isReady(): boolean {
    return this.#isReady
  }

  /** Once, when the store is open. */
  start(): void {
    if (this.#init === undefined) return
    const { horizon } = this.#init
    this.#kernel.ask('load', { keys: [FORGOTTEN_MARK, REPAIRED_MARK, REPAIRING_MARK] }, (result) => {
      const [forgotten, ...repaired] = result.ok ? result.value : []
      if (forgotten !== undefined) this.forgottenUntil = Math.max(this.forgottenUntil, Number(forgotten.value) || 0)
      this.isRepairing ||= repaired.some((row) => row !== undefined)
    })
    const build = new ItemBuild(this.#kernel)
    build.run((isBuilt) => {
      if (!isBuilt) return this.#startLater()
      const load = new ItemLoad(this.#kernel, {
        horizon,
        onPageAsked: () => this.#goneMeanwhile.clear(),
        onItem: (item, rowKey) => {
          if (!this.#goneMeanwhile.has(rowKey)) this.tree.insert(item)
        },
      })
      load.run((isLoaded) => {
        if (!isLoaded) return this.#startLater()
        this.#goneMeanwhile.clear()
        // Whoever asks first should not wait for a million hashes.
        this.settle(() => {
          this.#isReady = true
        })
      })
    })
  }

  #startLater(): void {
    this.#kernel.counters.add('sync.index-failed')
    this.#kernel.after(RETRY_AFTER, () => this.start())
  }

  has(item: NamedItem): boolean {
    return this.tree.holds(packedOf(item))
  }

  /** Also where none are kept. */
  hasRecord(record: WireRecord): boolean {
    return !this.isKept || this.has(this.itemOf(record))
  }

  itemOf(record: WireRecord): NamedItem {
    return itemOf(record, this.#kernel.sha256)
  }

  /** It may be what a deletion was about that nobody remembers: under a key that nothing is held of. */
  mayBeForgotten(record: WireRecord): boolean {
    return record.t <= this.forgottenUntil && !this.missing.has(record.k)
  }

  /** Of records under one key; sets of changes lie elsewhere, and are no business of the key's row. */
  changeOf(key: string, before: readonly WireRecord[], after: readonly WireRecord[]): ItemChange {
    if (!this.isFollowed) return NO_CHANGE
    const gone: NamedItem[] = []
    const come: ItemPlace[] = []
    for (const record of before) if (!isCrdtRecord(record)) gone.push(this.itemOf(record))
    for (const record of after) if (!isCrdtRecord(record)) come.push({ item: this.itemOf(record), row: key })
    return this.change(gone, come)
  }

  /** What is both before and after stays as it is, but that its row is written again. */
  change(gone: readonly NamedItem[], come: readonly ItemPlace[]): ItemChange {
    if (!this.isFollowed) return NO_CHANGE
    const going = gone.length === 0 ? gone : gone.filter(({ id }) => !come.some(({ item }) => item.id === id))
    return { writes: this.isKept ? rowsFor(going, come) : [], apply: () => this.#apply(going, come) }
  }

  #apply(going: readonly NamedItem[], come: readonly ItemPlace[]): void {
    if (this.isKept) {
      for (const item of going) {
        this.tree.removePacked(packedOf(item))
        if (!this.#isReady) this.#goneMeanwhile.add(itemRowKey(item))
      }
      for (const { item, row } of come) {
        this.tree.insertPacked(packedOf(item))
        if (this.missing.size > 0 && this.missing.delete(row)) this.#kernel.counters.add('scrub.repaired')
      }
    }
    if (this.followers.size > 0) for (const follower of this.followers) follower.noteChange(going, come)
  }

  /** Hashes what has changed, in slices, so that what follows costs little. */
  settle(then: () => void): void {
    if (this.tree.settle(HASHED_AT_ONCE)) {
      then()
      return
    }
    this.#kernel.ask('pause', {}, () => this.settle(then))
  }
}

function rowsFor(going: readonly NamedItem[], come: readonly ItemPlace[]): readonly RowWrite[] {
  const writes: RowWrite[] = []
  for (const item of going) writes.push({ key: itemRowKey(item) })
  for (const { item, row } of come) writes.push({ key: itemRowKey(item), value: row })
  return writes
}
