/** What the checks ask about records and the rows that hold them. */

import type { Millis } from '@shoal/base'
import {
  changeSetOf,
  claimsKey,
  DELETED,
  type FrozenName,
  isCrdtRecord,
  nameOfRows,
  recordOfRow,
  type WireRecord,
} from '@shoal/tool-db/core'
import type { DatabaseHost } from '../database/database-host.ts'

/** The rule of docs/consistency.md, said here once more: what is checked must not be asked how it compares. */
export function inOrder(a: Pick<WireRecord, 't' | 'h'>, b: Pick<WireRecord, 't' | 'h'>): number {
  if (a.t !== b.t) return a.t < b.t ? -1 : 1
  if (a.h === b.h) return 0
  return a.h < b.h ? -1 : 1
}

export function isFrozen({ k }: Pick<WireRecord, 'k'>): boolean {
  return k.startsWith('==')
}

/** One record of its key stands, by order; names and documents have rules of their own, and what ends by itself leaves nothing. */
export function isOrdinary(record: WireRecord): boolean {
  return !isFrozen(record) && !isCrdtRecord(record) && !isLent(record)
}

export function isLent(record: Pick<WireRecord, 'n'>): boolean {
  return endOf(record) !== undefined
}

/** The fourth part of the nonce. */
export function endOf({ n }: Pick<WireRecord, 'n'>): Millis | undefined {
  const end = typeof n === 'string' ? n.split('.')[3] : undefined
  return end === undefined ? undefined : Number(end)
}

export function isDeletion({ c }: Pick<WireRecord, 'c'>): boolean {
  return c === DELETED
}

/** What is promised of a disk ends with it. */
export function storeOf({ name, storeLives }: DatabaseHost): string {
  return `${name} ${storeLives}`
}

export function heldRecord({ disk }: DatabaseHost, key: string): WireRecord | undefined {
  return recordOfRow(key, disk.get(key))
}

export function heldName({ disk }: DatabaseHost, key: string): FrozenName {
  return nameOfRows(key, disk.get(key), disk.get(claimsKey(key)))
}

/** It stands there, or what came behind it. */
export function holds(host: DatabaseHost, record: WireRecord): boolean {
  const held = heldRecord(host, record.k)
  return held !== undefined && inOrder(held, record) >= 0
}

/** Enough to know it by. */
export function named(record: WireRecord | undefined): string {
  if (record === undefined) return 'nothing'
  const what = isDeletion(record) ? 'the deletion' : JSON.stringify(record.v)
  return `${what} of ${record.k} (time ${record.t}, hash ${record.h.slice(0, 8)})`
}

/** The changes of a document on a disk, by their text. */
export function heldChanges({ disk }: DatabaseHost, key: string): ReadonlyMap<string, unknown> {
  const changes = new Map<string, unknown>()
  const prefix = `${SETS_PREFIX}${key.length}:${key}:`
  const { keys } = disk.scan(prefix, { after: undefined, limit: Number.POSITIVE_INFINITY })
  for (const row of keys) {
    const record = JSON.parse(disk.get(row)?.value ?? 'null') as WireRecord
    const counted = changeSetOf(record)
    for (const [i, text] of (counted?.texts ?? []).entries()) changes.set(text, counted?.changes[i])
  }
  return changes
}

/** Where the signed sets of changes lie. */
const SETS_PREFIX = '\u0000crdt:'
