/** Records and claims as rows: the record of a key under the key itself, contested claims of a frozen name in a row of our own. */

import { FREE_NAME, type FrozenClaim, type FrozenName, shownRecord } from '../records/frozen.ts'
import { parseRecord } from '../records/parse-record.ts'
import type { WireRecord } from '../records/record.ts'
import type { HeldRow, RowWrite } from './effects.ts'

const CLAIMS_PREFIX = '\u0000claims:'

export function claimsKey(key: string): string {
  return CLAIMS_PREFIX + key
}

/** What is no record of this key counts as not there: a store that tool-db wrote may hold anything. */
export function recordOfRow(key: string, row: HeldRow | undefined): WireRecord | undefined {
  if (row === undefined) return undefined
  const record = parsedRecord(parsedJson(row.value))
  return record !== undefined && record.k === key ? record : undefined
}

export function rowOfRecord(record: WireRecord): RowWrite {
  return { key: record.k, value: JSON.stringify(record) }
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
