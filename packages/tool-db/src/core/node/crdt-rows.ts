/**
 * CRDT documents as rows of our own. Each signed change-set lies in a row by itself, named by key, author, hash and kind, so
 * that a reader learns from the names what there is. A small index row says how much, and changes with every commit. Under
 * the key itself lies the newest change-set, for readers of ordinary records and for tool-db.
 */

import { changeSetOf, isCrdtRecord } from '../crdt/change-set.ts'
import { parseRecord } from '../records/parse-record.ts'
import type { WireRecord } from '../records/record.ts'
import type { HeldRow } from './effects.ts'
import { recordOfRow } from './rows.ts'

export interface SetName {
  readonly author: string
  readonly hash: string
  readonly kind: string
}

/** How much there is under one key. */
export interface CrdtIndex {
  /** Counts the commits, so that no two states of a key have one text. */
  readonly n: number
  readonly authors: number
  /** In the order in which they came. */
  readonly kinds: readonly string[]
}

export const NO_INDEX: CrdtIndex = { n: 0, authors: 0, kinds: [] }

const HASH_LENGTH = 64

export function indexRowKey(key: string): string {
  return `\u0000crdt-index:${key}`
}

/** What a store of tool-db held before: merged there, so that nobody's signature covers it. Only read here, never served as signed. */
export function unsignedRowKey(key: string): string {
  return `\u0000crdt-unsigned:${key}`
}

export const SET_ROW_PREFIX = '\u0000crdt:'

export function isSetRow(rowKey: string): boolean {
  return rowKey.startsWith(SET_ROW_PREFIX)
}

export function setsPrefix(key: string): string {
  return `${SET_ROW_PREFIX}${key.length}:${key}:`
}

export function authorPrefix(key: string, author: string): string {
  return `${setsPrefix(key)}${author.length}:${author}:`
}

export function setRowKey(key: string, { author, hash, kind }: SetName): string {
  return `${authorPrefix(key, author)}${hash}:${kind}`
}

export function setNameOf(key: string, rowKey: string): SetName {
  const name = rowKey.slice(setsPrefix(key).length)
  const colon = name.indexOf(':')
  const authorEnd = colon + 1 + Number(name.slice(0, colon))
  const hash = name.slice(authorEnd + 1, authorEnd + 1 + HASH_LENGTH)
  return { author: name.slice(colon + 1, authorEnd), hash, kind: name.slice(authorEnd + HASH_LENGTH + 2) }
}

/** The document's key; `undefined` for what is no such row. */
export function keyOfSetRow(rowKey: string): string | undefined {
  const lengthEnd = rowKey.indexOf(':', SET_ROW_PREFIX.length)
  const length = Number(rowKey.slice(SET_ROW_PREFIX.length, lengthEnd))
  const keyEnd = lengthEnd + 1 + length
  return lengthEnd > 0 && rowKey[keyEnd] === ':' ? rowKey.slice(lengthEnd + 1, keyEnd) : undefined
}

export function indexOfRow(row: HeldRow | undefined): CrdtIndex {
  if (row === undefined) return NO_INDEX
  try {
    const { n, authors, kinds } = JSON.parse(row.value) as Partial<CrdtIndex>
    if (!Number.isSafeInteger(n) || !Number.isSafeInteger(authors) || !Array.isArray(kinds)) return NO_INDEX
    return { n: n as number, authors: authors as number, kinds: kinds.map(String) }
  } catch {
    return NO_INDEX
  }
}

export function textOfIndex(index: CrdtIndex): string {
  return JSON.stringify(index)
}

/** The record of a set's row; `undefined` for whatever else stands there. */
export function recordOfSetRow(key: string, row: HeldRow | undefined): WireRecord | undefined {
  const record = recordOfAnySetRow(row)
  return record?.k === key ? record : undefined
}

export function recordOfAnySetRow(row: HeldRow | undefined): WireRecord | undefined {
  if (row === undefined) return undefined
  try {
    const parsed = parseRecord(JSON.parse(row.value))
    return parsed.ok ? parsed.record : undefined
  } catch {
    return undefined
  }
}

/** Under a key that has no index: a document that tool-db wrote, which is to be kept beside what is signed. */
export function foreignDocument(
  key: string,
  row: HeldRow | undefined,
  index: HeldRow | undefined,
): HeldRow | undefined {
  if (row === undefined || index !== undefined) return undefined
  const record = recordOfRow(key, row)
  return record !== undefined && isCrdtRecord(record) && Array.isArray(record.v) ? row : undefined
}

/** The kind of such a document, and its changes, whoever is said to have made them. */
export function unsignedChanges(record: WireRecord): { readonly kind: string; readonly changes: readonly unknown[] } {
  const changes = record.v as readonly unknown[]
  const kind = changeSetOf(record)?.kind ?? (record.c as string)
  return { kind, changes }
}
