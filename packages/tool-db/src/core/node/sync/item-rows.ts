/** Items as rows of our own, in the order of time and id; each says in which row its record lies. */

import { fromHex, toHex } from '@shoal/base'
import { namespaceOf } from '../../records/key.ts'
import type { WireRecord } from '../../records/record.ts'
import type { NamedItem } from '../../sync/record-item.ts'
import type { SyncItem } from '../../sync/sync-item.ts'
import { recordOfAnySetRow, SET_ROW_PREFIX } from '../crdt-rows.ts'
import type { HeldRow } from '../effects.ts'
import { ENVELOPE_SIZE, isWithin, type NodeLimits } from '../limits.ts'
import { claimsKey, recordsOfRows } from '../rows.ts'

/** Behind it stand 13 digits of time and 64 of the id. */
export const ITEM_PREFIX = '\u0000sync:'
/** Its row says that every record has its item, and since when the store has taken part. */
export const INDEX_MARK = '\u0000sync-index'
/** Written where the engine has mended the store by itself: rows may be missing, those of items too. */
export const REPAIRED_MARK = '\u0000repaired'

/** From there on until this server has agreed with another one on everything. */
export const REPAIRING_MARK = '\u0000sync-repairing'

/** When this server last agreed with another one on everything. */
export const AGREED_MARK = '\u0000sync-agreed'

/** Deletions up to this time may have been forgotten here. */
export const FORGOTTEN_MARK = '\u0000sync-forgotten'

const TIME_DIGITS = 13
const ITEM_ROW_KEY = /^\d{13}[0-9a-f]{64}$/

export function itemRowKey({ time, id }: NamedItem): string {
  return `${ITEM_PREFIX}${time}${id}`
}

export function rowKeyOf({ time, id }: SyncItem): string {
  return `${ITEM_PREFIX}${time}${toHex(id)}`
}

/** `undefined` for what is no such row. */
export function itemOfRowKey(rowKey: string): SyncItem | undefined {
  const name = rowKey.slice(ITEM_PREFIX.length)
  if (!ITEM_ROW_KEY.test(name)) return undefined
  return { time: Number(name.slice(0, TIME_DIGITS)), id: fromHex(name.slice(TIME_DIGITS)) as Uint8Array }
}

/** The rows that say which records a place has. */
export function rowsAt(place: string): readonly string[] {
  return namespaceOf(place).kind === 'frozen' ? [place, claimsKey(place)] : [place]
}

/** The records of a place, which have their items there. */
export function recordsAt(place: string, rows: ReadonlyMap<string, HeldRow | undefined>): readonly WireRecord[] {
  const row = rows.get(place)
  if (!place.startsWith(SET_ROW_PREFIX)) return recordsOfRows(place, row, rows.get(claimsKey(place)))
  const record = recordOfAnySetRow(row)
  return record === undefined ? [] : [record]
}

/** Those that others may have: one that no server would take, as tool-db knows no bound, would only stand in the way of the rest. */
export function sharedAt(
  place: string,
  rows: ReadonlyMap<string, HeldRow | undefined>,
  { valueSizeMax }: NodeLimits,
): readonly WireRecord[] {
  return isWithin(rows.get(place)?.value ?? '', valueSizeMax + ENVELOPE_SIZE) ? recordsAt(place, rows) : []
}

export function nameOf({ time, id }: SyncItem): NamedItem {
  return { time, id: toHex(id) }
}
