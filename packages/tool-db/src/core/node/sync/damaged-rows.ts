/**
 * Stored records that are not as their authors signed them any more: each goes, as it was found, into a row of our own, and its item goes,
 * so that the next comparison brings the record again from a server that has it.
 */

import { isCrdtRecord } from '../../crdt/change-set.ts'
import { recordHash, valueText } from '../../records/hash.ts'
import { namespaceOf } from '../../records/key.ts'
import { wins } from '../../records/order.ts'
import type { WireRecord } from '../../records/record.ts'
import type { NamedItem } from '../../sync/record-item.ts'
import type { Admission } from '../admission.ts'
import type { NodeConfig } from '../config.ts'
import {
  authorPrefix,
  indexOfRow,
  indexRowKey,
  isSetRow,
  keyOfSetRow,
  recordOfAnySetRow,
  setNameOf,
  setsPrefix,
  textOfIndex,
} from '../crdt-rows.ts'
import { type HeldRow, NO_VERSION, type RowWrite } from '../effects.ts'
import type { Damage } from '../events.ts'
import type { Kernel } from '../kernel.ts'
import { DELETED_PREFIX, recordOfRow } from '../rows.ts'
import type { ItemIndex } from './item-index.ts'
import { itemOfRowKey, nameOf, recordsAt, rowsAt } from './item-rows.ts'

/** Behind it stands the row in which the record lay. */
export const DAMAGED_PREFIX = '\u0000damaged:'
const SETS_PER_PAGE = 64

export interface DamagedRowsParts {
  readonly kernel: Kernel
  readonly config: NodeConfig
  readonly admission: Admission
  readonly items: ItemIndex
}

/** What became of it: changed: it was written again meanwhile; failed: the store refused. */
type Outcome = 'set-aside' | 'changed' | 'failed'

interface Found {
  /** The row's key. */
  readonly place: string
  readonly damage: Damage
  /** The rows of the place, as they were judged. */
  readonly rows: ReadonlyMap<string, HeldRow | undefined>
  /** Items of what could be read there, and of what once was. */
  readonly items: readonly NamedItem[]
}

export class DamagedRows {
  readonly #parts: DamagedRowsParts

  constructor(parts: DamagedRowsParts) {
    this.#parts = parts
  }

  /** What can be said of a record without its signature: whether its hash is that of its content. */
  isAsHashed(record: WireRecord): boolean {
    const namespace = namespaceOf(record.k)
    if (namespace.kind === 'private' && namespace.owner !== record.a) return false
    return recordHash(record, this.#parts.kernel.sha256, valueText(record.v)) === record.h
  }

  /** Nothing is said (`undefined`) where nobody can tell: another kind of address, or an answer that did not come. */
  judge(record: WireRecord, then: (damage: Damage | undefined) => void): void {
    const { kernel, config } = this.#parts
    if (!this.isAsHashed(record)) {
      then('content')
      return
    }
    if (!config.isAddress(record.a)) {
      then(undefined)
      return
    }
    kernel.ask('verify', { text: record.h, address: record.a, signature: record.s }, (result) => {
      then(result.ok && !result.value ? 'signature' : undefined)
    })
  }

  setAside(found: Found, then: (outcome: Outcome) => void): void {
    this.#parts.admission.alone(keyOf(found.place), (leave) => {
      this.#commit(found, (outcome) => {
        leave()
        then(outcome)
      })
    })
  }

  /** Within the lane of the key. */
  #commit(found: Found, then: (outcome: Outcome) => void): void {
    const { kernel, items } = this.#parts
    const { place, damage } = found
    this.#writesFor(found, (writes, expect) => {
      if (writes === undefined) return then('failed')
      const change = items.change(found.items, [])
      kernel.ask('commit', { writes: [...writes, ...change.writes], expect }, (result) => {
        if (!result.ok) return then('failed')
        if (!result.value) return then('changed')
        change.apply()
        const isThere = writes.some(({ key, value }) => key === place && value !== undefined)
        if (!isThere) items.missing.add(place)
        kernel.counters.add('scrub.damaged')
        kernel.emit({ kind: 'record-damaged', about: { key: keyOf(place), damage } })
        then('set-aside')
      })
    })
  }

  /**
   * An item whose record is not there: nobody could be given it, and nobody would be asked for it. What lies there instead, and was
   * never taken in as it stands, is what the damage has made of it.
   */
  removeItem(itemRow: string, place: string, then: (outcome: Outcome | 'removed') => void): void {
    const { kernel, admission, items } = this.#parts
    const item = itemOfRowKey(itemRow)
    admission.alone(keyOf(place), (leave) => {
      const end = (outcome: Outcome | 'removed'): void => {
        leave()
        then(outcome)
      }
      const rowKeys = rowsAt(place)
      kernel.ask('load', { keys: [itemRow, indexRowKey(place), ...rowKeys] }, (loaded) => {
        if (!loaded.ok) return end('failed')
        const [own, index, ...held] = loaded.value
        const rows = new Map(rowKeys.map((key, i) => [key, held[i]]))
        const records = recordsAt(place, rows).map((record) => items.itemOf(record))
        if (own?.value !== place || item === undefined) return end('changed')
        const gone = nameOf(item)
        if (records.some(({ id }) => id === gone.id)) return end('changed')
        const record = soundRecord(place, rows.get(place))
        const isUntaken = records.some((each) => !items.has(each))
        // A document has an index, but for one that tool-db wrote, which never had an item.
        const isNone = record === undefined || (isCrdtRecord(record) && !isSetRow(place) && index === undefined)
        if (rows.get(place) !== undefined && (isNone || isUntaken))
          return this.#commit({ place, damage: 'unreadable', rows, items: [gone, ...records] }, end)
        const change = items.change([gone], [])
        kernel.ask('commit', { writes: change.writes, expect: new Map() }, (result) => {
          if (result.ok) change.apply()
          end(result.ok ? 'removed' : 'failed')
        })
      })
    })
  }

  #writesFor(
    { place, damage, rows }: Found,
    then: (writes: readonly RowWrite[] | undefined, expect: ReadonlyMap<string, string>) => void,
  ): void {
    const { kernel } = this.#parts
    const key = keyOf(place)
    const expect = new Map<string, string>()
    const kept: [string, string][] = []
    const writes: RowWrite[] = []
    for (const rowKey of rowsAt(place)) {
      const row = rows.get(rowKey)
      expect.set(rowKey, row?.version ?? NO_VERSION)
      if (row === undefined) continue
      kept.push([rowKey, row.value])
      writes.push({ key: rowKey })
    }
    const value = JSON.stringify({ at: kernel.now, damage, rows: kept })
    writes.push({ key: DAMAGED_PREFIX + place, value })
    if (!isSetRow(place)) writes.push({ key: DELETED_PREFIX + key })
    kernel.ask('load', { keys: [indexRowKey(key)] }, (loaded) => {
      if (!loaded.ok) return then(undefined, expect)
      const [index] = loaded.value
      // Not a document's.
      if (index === undefined) return then(writes, expect)
      expect.set(indexRowKey(key), index.version)
      // Under the key lies a copy of the newest set.
      if (!isSetRow(place)) {
        this.#newestSet(key, undefined, undefined, (newest) => {
          if (newest !== undefined) writes.push({ key, value: newest.text })
          then(writes, expect)
        })
        return
      }
      const prefix = authorPrefix(key, setNameOf(key, place).author)
      kernel.ask('scan', { prefix, after: undefined, limit: 2 }, (own) => {
        const before = indexOfRow(index)
        const authors = own.ok && own.value.keys.length === 1 ? before.authors - 1 : before.authors
        writes.push({ key: indexRowKey(key), value: textOfIndex({ ...before, n: before.n + 1, authors }) })
        then(writes, expect)
      })
    })
  }

  #newestSet(
    key: string,
    after: string | undefined,
    best: { readonly record: WireRecord; readonly text: string } | undefined,
    then: (newest: { readonly text: string } | undefined) => void,
  ): void {
    const { kernel } = this.#parts
    kernel.ask('scan', { prefix: setsPrefix(key), after, limit: SETS_PER_PAGE }, (names) => {
      if (!names.ok) return then(best)
      const { keys, more } = names.value
      kernel.ask('load', { keys }, (loaded) => {
        let newest = best
        for (const row of loaded.ok ? loaded.value : []) {
          const record = recordOfAnySetRow(row)
          if (row === undefined || record === undefined || !this.isAsHashed(record)) continue
          if (newest === undefined || wins(record, newest.record)) newest = { record, text: row.value }
        }
        if (more) this.#newestSet(key, keys.at(-1), newest, then)
        else then(newest)
      })
    })
  }
}

/** The key whose lane a place belongs to. */
export function keyOf(place: string): string {
  return isSetRow(place) ? (keyOfSetRow(place) ?? place) : place
}

/** The record of a place that is one; a set lies where its name says. */
export function soundRecord(place: string, row: HeldRow | undefined): WireRecord | undefined {
  if (!isSetRow(place)) return recordOfRow(place, row)
  const record = recordOfAnySetRow(row)
  if (record === undefined || !isCrdtRecord(record) || record.k !== keyOfSetRow(place)) return undefined
  const { author, hash } = setNameOf(record.k, place)
  return record.a === author && record.h === hash ? record : undefined
}
