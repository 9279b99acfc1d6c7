/** From items to the JSON of their records: the item's row says where the record lies, and whether it is still that one is looked at. */

import { namespaceOf } from '../../records/key.ts'
import { recordText } from '../../records/record-text.ts'
import type { SyncItem } from '../../sync/sync-item.ts'
import type { HeldRow } from '../effects.ts'
import type { Kernel } from '../kernel.ts'
import { mayBeSent } from '../limits.ts'
import type { ItemIndex } from './item-index.ts'
import { nameOf, recordsAt, rowKeyOf, rowsAt } from './item-rows.ts'

/** Read before anything is known of their size. */
const READ_FIRST = 16

export interface ReadRecords {
  /** In the order of the items, of as many as were looked at; `undefined` for those that are gone. */
  readonly texts: readonly (string | undefined)[]
  /** UTF-16 units of the rows that were read. */
  readonly length: number
}

type Rows = ReadonlyMap<string, HeldRow | undefined>

export class RecordReader {
  readonly #kernel: Kernel
  readonly #items: ItemIndex

  constructor({ kernel, items }: { readonly kernel: Kernel; readonly items: ItemIndex }) {
    this.#kernel = kernel
    this.#items = items
  }

  /** Of the first items, one at least, until so much was read; nothing at all where the store failed. */
  read(items: readonly SyncItem[], lengthMax: number, then: (read: ReadRecords | undefined) => void): void {
    const texts: (string | undefined)[] = []
    let length = 0
    const goOn = (count: number): void => {
      this.#readPart(items.slice(texts.length, texts.length + count), (part) => {
        if (part === undefined) return then(undefined)
        texts.push(...part.texts)
        length += part.length
        if (texts.length === items.length || length >= lengthMax) return then({ texts, length })
        // As many as would fill what is left.
        goOn(Math.ceil((lengthMax - length) / (length / texts.length)))
      })
    }
    goOn(READ_FIRST)
  }

  #readPart(items: readonly SyncItem[], then: (read: ReadRecords | undefined) => void): void {
    this.#kernel.ask('load', { keys: items.map(rowKeyOf) }, (found) => {
      if (!found.ok) return then(undefined)
      const places = found.value.map((row) => row?.value)
      const rowKeys = [...new Set(places.flatMap((place) => (place === undefined ? [] : rowsAt(place))))]
      this.#kernel.ask('load', { keys: rowKeys }, (loaded) => {
        if (!loaded.ok) return then(undefined)
        const rows = new Map(rowKeys.map((key, i) => [key, loaded.value[i]]))
        let length = 0
        for (const row of loaded.value) length += row?.value.length ?? 0
        // Each place is parsed once, however many of its records are asked for, and however often.
        const textsAt = new Map([...new Set(places)].map((place) => [place, this.#textsAt(place, rows)]))
        then({ texts: items.map((item, i) => textsAt.get(places[i])?.get(nameOf(item).id)), length })
      })
    })
  }

  /** By the ids of their items. */
  #textsAt(place: string | undefined, rows: Rows): ReadonlyMap<string, string> {
    const texts = new Map<string, string>()
    if (place === undefined) return texts
    for (const record of recordsAt(place, rows)) {
      // The row's text is the record's, but for the other claims of a name.
      const text = namespaceOf(place).kind === 'frozen' ? recordText(record) : rows.get(place)?.value
      // Nobody would get what does not fit into a message, nor anything behind it.
      if (text !== undefined && mayBeSent(text, this.#kernel.limits)) texts.set(this.#items.itemOf(record).id, text)
    }
    return texts
  }
}
