/**
 * Gives every record its item where a store has none yet (tool-db's, or one that the engine had to mend): all records are read once,
 * page by page, beside everything else that goes on. Rows of items whose record is gone are removed.
 */

import { itemOf } from '../../sync/record-item.ts'
import { SET_ROW_PREFIX } from '../crdt-rows.ts'
import { type HeldRow, NO_VERSION, type RowWrite } from '../effects.ts'
import type { Kernel } from '../kernel.ts'
import { INDEX_MARK, ITEM_PREFIX, itemRowKey, REPAIRED_MARK, REPAIRING_MARK, rowsAt, sharedAt } from './item-rows.ts'

const KEYS_PER_PAGE = 256
/** A row that is written meanwhile is read again. */
const TRIES = 5

type Done = (isDone: boolean) => void
type Page = (keys: readonly string[], then: Done) => void

export class ItemBuild {
  readonly #kernel: Kernel

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  /** At once where there is nothing to do; false where the store failed. */
  run(then: Done): void {
    this.#kernel.ask('load', { keys: [INDEX_MARK, REPAIRED_MARK] }, (result) => {
      if (!result.ok) return then(false)
      const [mark, repaired] = result.value
      if (mark !== undefined && repaired === undefined) return then(true)
      const passes: readonly [prefix: string, page: Page][] = [
        [ITEM_PREFIX, (keys, done) => this.#removeGone(keys, done)],
        ['', (keys, done) => this.#addItems(keys, done)],
        [SET_ROW_PREFIX, (keys, done) => this.#addItems(keys, done)],
      ]
      this.#passes(passes, (isDone) => {
        if (!isDone) return then(false)
        const now = String(this.#kernel.now)
        const writes: RowWrite[] = [{ key: INDEX_MARK, value: now }, { key: REPAIRED_MARK }]
        if (repaired !== undefined) writes.push({ key: REPAIRING_MARK, value: now })
        this.#kernel.ask('commit', { writes, expect: new Map() }, (written) => then(written.ok))
      })
    })
  }

  #passes([first, ...others]: readonly [prefix: string, page: Page][], then: Done): void {
    if (first === undefined) {
      then(true)
      return
    }
    this.#pages(first[0], first[1], undefined, (isDone) => (isDone ? this.#passes(others, then) : then(false)))
  }

  #pages(prefix: string, page: Page, after: string | undefined, then: Done): void {
    this.#kernel.ask('scan', { prefix, after, limit: KEYS_PER_PAGE }, (result) => {
      if (!result.ok) return then(false)
      const { keys, more } = result.value
      page(keys, (isDone) => {
        const last = keys.at(-1)
        if (!isDone || !more || last === undefined) return then(isDone)
        this.#kernel.ask('pause', {}, () => this.#pages(prefix, page, last, then))
      })
    })
  }

  #addItems(keys: readonly string[], then: Done, tries = TRIES): void {
    const rowKeys = keys.flatMap(rowsAt)
    this.#kernel.ask('load', { keys: rowKeys }, (loaded) => {
      if (!loaded.ok) return then(false)
      const rows = new Map(rowKeys.map((key, i) => [key, loaded.value[i]]))
      const writes: RowWrite[] = []
      for (const key of keys) {
        for (const itemRow of this.#itemRowsAt(key, rows)) writes.push({ key: itemRow, value: key })
      }
      const expect = new Map(rowKeys.map((key) => [key, rows.get(key)?.version ?? NO_VERSION]))
      this.#kernel.ask('commit', { writes, expect }, (written) => {
        if (written.ok && !written.value && tries > 1) this.#addItems(keys, then, tries - 1)
        else then(written.ok && written.value)
      })
    })
  }

  /** Whose record is another by now, or gone. What is written meanwhile writes its own items. */
  #removeGone(itemRows: readonly string[], then: Done): void {
    this.#kernel.ask('load', { keys: itemRows }, (items) => {
      if (!items.ok) return then(false)
      const places = items.value.map((row) => row?.value ?? '')
      const rowKeys = [...new Set(places.filter((place) => place !== '').flatMap(rowsAt))]
      this.#kernel.ask('load', { keys: rowKeys }, (loaded) => {
        if (!loaded.ok) return then(false)
        const rows = new Map(rowKeys.map((key, i) => [key, loaded.value[i]]))
        const gone = itemRows.filter((itemRow, i) => !this.#itemRowsAt(places[i] as string, rows).includes(itemRow))
        this.#kernel.ask('commit', { writes: gone.map((key) => ({ key })), expect: new Map() }, (written) =>
          then(written.ok),
        )
      })
    })
  }

  #itemRowsAt(place: string, rows: ReadonlyMap<string, HeldRow | undefined>): readonly string[] {
    const { limits, sha256 } = this.#kernel
    return sharedAt(place, rows, limits).map((record) => itemRowKey(itemOf(record, sha256)))
  }
}
