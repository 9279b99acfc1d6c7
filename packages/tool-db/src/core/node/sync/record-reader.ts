/** From items to the JSON of their records: the item's row says where the record lies, and whether it is still that one is looked at. */

import { toHex } from '@shoal/base'
import { namespaceOf } from '../../records/key.ts'
import { recordText } from '../../records/record-text.ts'
import type { SyncItem } from '../../sync/sync-item.ts'
import type { HeldRow } from '../effects.ts'
import type { Kernel } from '../kernel.ts'
import type { ItemIndex } from './item-index.ts'
import { recordsAt, rowKeyOf, rowsAt } from './item-rows.ts'

export class RecordReader {
  readonly #kernel: Kernel
  readonly #items: ItemIndex

  constructor({ kernel, items }: { readonly kernel: Kernel; readonly items: ItemIndex }) {
    this.#kernel = kernel
    this.#items = items
  }

  /** In the order of the items, `undefined` for those that are gone; nothing at all where the store failed. */
  read(items: readonly SyncItem[], then: (texts: readonly (string | undefined)[] | undefined) => void): void {
    this.#kernel.ask('load', { keys: items.map(rowKeyOf) }, (places) => {
      if (!places.ok) return then(undefined)
      const keys = new Set<string>()
      for (const place of places.value) {
        if (place === undefined) continue
        for (const key of rowsAt(place.value)) keys.add(key)
      }
      const rowKeys = [...keys]
      this.#kernel.ask('load', { keys: rowKeys }, (loaded) => {
        if (!loaded.ok) return then(undefined)
        const rows = new Map(rowKeys.map((key, i) => [key, loaded.value[i]]))
        then(items.map((item, i) => this.#textOf(item, places.value[i]?.value, rows)))
      })
    })
  }

  #textOf(
    item: SyncItem,
    place: string | undefined,
    rows: ReadonlyMap<string, HeldRow | undefined>,
  ): string | undefined {
    if (place === undefined) return undefined
    const id = toHex(item.id)
    const record = recordsAt(place, rows).find((each) => this.#items.itemOf(each).id === id)
    if (record === undefined) return undefined
    // The row's text is the record's, but for the other claims of a name.
    return isFrozen(place) ? recordText(record) : rows.get(place)?.value
  }
}

function isFrozen(place: string): boolean {
  return namespaceOf(place).kind === 'frozen'
}
