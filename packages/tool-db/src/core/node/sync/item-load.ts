/**
 * Reads the rows of items, page by page. A server that was away for longer than deletions are kept comes back as a stranger: what it
 * held before may have been deleted since, and nobody could tell it so. Those items are taken out of its index for good; they come in
 * again one by one, when another server still has the record.
 */

import type { Millis } from '@shoal/base'
import type { SyncItem } from '../../sync/sync-item.ts'
import type { RowWrite } from '../effects.ts'
import type { Kernel } from '../kernel.ts'
import { AGREED_MARK, ITEM_PREFIX, itemOfRowKey } from './item-rows.ts'

const KEYS_PER_PAGE = 1_024

export interface ItemLoadInit {
  readonly horizon: Millis
  onPageAsked(): void
  onItem(item: SyncItem, rowKey: string): void
}

export class ItemLoad {
  readonly #kernel: Kernel
  readonly #init: ItemLoadInit
  /** Items dated before this are taken out. */
  #doubtfulBefore: Millis = 0

  constructor(kernel: Kernel, init: ItemLoadInit) {
    this.#kernel = kernel
    this.#init = init
  }

  /** False where the store failed. */
  run(then: (isLoaded: boolean) => void): void {
    this.#kernel.ask('load', { keys: [AGREED_MARK] }, (result) => {
      if (!result.ok) return then(false)
      const agreedAt = Number(result.value[0]?.value ?? Number.NaN)
      if (agreedAt + this.#init.horizon < this.#kernel.now) {
        this.#doubtfulBefore = agreedAt
        this.#kernel.counters.add('sync.came-back-late')
      }
      this.#page(undefined, then)
    })
  }

  #page(after: string | undefined, then: (isLoaded: boolean) => void): void {
    this.#init.onPageAsked()
    this.#kernel.ask('scan', { prefix: ITEM_PREFIX, after, limit: KEYS_PER_PAGE }, (result) => {
      if (!result.ok) return then(false)
      const { keys, more } = result.value
      const doubtful: RowWrite[] = []
      for (const key of keys) {
        const item = itemOfRowKey(key)
        if (item === undefined || item.time < this.#doubtfulBefore) doubtful.push({ key })
        else this.#init.onItem(item, key)
      }
      const last = keys.at(-1)
      const goOn = (): void => {
        if (!more || last === undefined) {
          then(true)
          return
        }
        this.#kernel.ask('pause', {}, () => this.#page(last, then))
      }
      if (doubtful.length === 0) return goOn()
      this.#kernel.counters.add('sync.doubtful', doubtful.length)
      this.#kernel.ask('commit', { writes: doubtful, expect: new Map() }, (written) => {
        if (written.ok) goOn()
        else then(false)
      })
    })
  }
}
