/**
 * Records and claims as rows: the record of a key under the key itself; in rows of our own contested claims of a frozen
 * name, which keys are deleted, and which records end when.
 */

import type { Millis } from '@shoal/base'
import { isCrdtRecord } from '../crdt/change-set.ts'
import { FREE_NAME, type FrozenClaim, type FrozenName, shownRecord } from '../records/frozen.ts'
import { namespaceOf } from '../records/key.ts'
import { expiryOf } from '../records/nonce.ts'
import { parseRecord } from '../records/parse-record.ts'
import type { WireRecord } from '../records/record.ts'
import { recordText } from '../records/record-text.ts'
import { isExpired } from '../records/verify.ts'
import { DELETED } from '../records/write.ts'
import type { HeldRow, RowWrite } from './effects.ts'

const CLAIMS_PREFIX = '\u0000claims:'
/** Behind it stands the key. */
export const DELETED_PREFIX = '\u0000deleted:'
/** Behind it stands the key; the row is the deletion that a record which ends was written over, and comes back at its end. */
const BURIED_PREFIX = '\u0000buried:'
/** Behind it stand 13 digits, a colon and the key, so that the order is that of time. */
export const EXPIRY_PREFIX = '\u0000expires:'

export function claimsKey(key: string): string {
  return CLAIMS_PREFIX + key
}

export function buriedRowKey(key: string): string {
  return BURIED_PREFIX + key
}

/** What is no record of this key counts as not there: a store that tool-db wrote may hold anything. */
export function recordOfRow(key: string, row: HeldRow | undefined): WireRecord | undefined {
  if (row === undefined) return undefined
  const record = parsedRecord(parsedJson(row.value))
  return record !== undefined && record.k === key ? record : undefined
}

/** The record as readers may see it: one that has ended is not there, also while its row is. */
export function liveRecordOfRow(key: string, row: HeldRow | undefined, now: Millis): WireRecord | undefined {
  return liveRecord(recordOfRow(key, row), now)
}

export function liveRecord(record: WireRecord | undefined, now: Millis): WireRecord | undefined {
  return record === undefined || isExpired(record, now) ? undefined : record
}

export function expiryRowKey(key: string, expiry: Millis): string {
  return `${EXPIRY_PREFIX}${expiry}:${key}`
}

const EXPIRY_ROW_KEY = /^(\d{13}):(.+)$/s

/** What such a row says; `undefined` for one that is damaged. */
export function parsedExpiryRowKey(rowKey: string): { readonly expiry: Millis; readonly key: string } | undefined {
  const [, expiry, key] = EXPIRY_ROW_KEY.exec(rowKey.slice(EXPIRY_PREFIX.length)) ?? []
  return expiry === undefined || key === undefined ? undefined : { expiry: Number(expiry), key }
}

/** The rows beside the record, where it or the one that it replaces is deleted or ends. */
export function sideRows(record: WireRecord, previous: WireRecord | undefined): readonly RowWrite[] {
  const rows: RowWrite[] = []
  const [expiry, before] = [expiryOf(record.n), previous === undefined ? undefined : expiryOf(previous.n)]
  if (before !== undefined && before !== expiry) rows.push({ key: expiryRowKey(record.k, before) })
  if (expiry !== undefined) rows.push({ key: expiryRowKey(record.k, expiry), value: '1' })
  if (record.c === DELETED) rows.push({ key: DELETED_PREFIX + record.k, value: '1' })
  else if (previous?.c === DELETED) rows.push({ key: DELETED_PREFIX + record.k })
  if (expiry === undefined && before !== undefined) rows.push({ key: buriedRowKey(record.k) })
  // Else an older value, which anybody may bring, would be taken again once this one has ended.
  else if (expiry !== undefined && previous?.c === DELETED) {
    rows.push({ key: buriedRowKey(record.k), value: recordText(previous) })
  }
  return rows
}

/** What comes back under a key at the end of its record: what was buried there, where it was. */
export function rowsUnearthed(key: string, buried: WireRecord | undefined): readonly RowWrite[] {
  if (buried === undefined) return [{ key }]
  return [rowOfRecord(buried), { key: DELETED_PREFIX + key, value: '1' }, { key: buriedRowKey(key) }]
}

function rowOfRecord(record: WireRecord): RowWrite {
  return { key: record.k, value: recordText(record) }
}

/** The name's claims: from the row of claims, or from the record alone where nobody contests it. */
export function nameOfRows(key: string, row: HeldRow | undefined, claims: HeldRow | undefined): FrozenName {
  const held = recordOfRow(key, row)
  if (held === undefined) return FREE_NAME
  const list = claims === undefined ? undefined : parsedJson(claims.value)
  const name = Array.isArray(list) ? list.map((item) => claimOf(item, key)) : []
  const whole = name.filter((claim): claim is FrozenClaim => claim !== undefined)
  // The record is what readers see: claims that contradict it were written by somebody else's program.
  const shown = shownRecord(whole)
  return shown !== undefined && shown.h === held.h ? whole : [{ first: held, last: held }]
}

/** All records under a key that count there: of a name those of every claim; sets of changes lie elsewhere. */
export function recordsOfRows(
  key: string,
  row: HeldRow | undefined,
  claims: HeldRow | undefined,
): readonly WireRecord[] {
  if (namespaceOf(key).kind === 'frozen') return recordsOfName(nameOfRows(key, row, claims))
  const record = recordOfRow(key, row)
  return record === undefined || isCrdtRecord(record) ? [] : [record]
}

export function recordsOfName(name: FrozenName): readonly WireRecord[] {
  return name.flatMap(({ first, last }) => (first.h === last.h ? [first] : [first, last]))
}

/** The rows to write for a name: what readers see, and the claims where the record alone does not say all. */
export function rowsOfName(key: string, name: FrozenName, hadClaims: boolean): readonly RowWrite[] {
  const shown = shownRecord(name)
  if (shown === undefined) return []
  const only = name.length === 1 ? name[0] : undefined
  const record = rowOfRecord(shown)
  if (only !== undefined && only.first.h === only.last.h) {
    return hadClaims ? [record, { key: claimsKey(key) }] : [record]
  }
  return [record, { key: claimsKey(key), value: JSON.stringify(name) }]
}

function claimOf(item: unknown, key: string): FrozenClaim | undefined {
  if (typeof item !== 'object' || item === null) return undefined
  const { first, last } = item as { first?: unknown; last?: unknown }
  const firstRecord = parsedRecord(first)
  const lastRecord = parsedRecord(last)
  if (firstRecord?.k !== key || lastRecord?.k !== key || firstRecord.a !== lastRecord.a) return undefined
  return { first: firstRecord, last: lastRecord }
}

function parsedRecord(value: unknown): WireRecord | undefined {
  const parsed = parseRecord(value)
  return parsed.ok ? parsed.record : undefined
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
