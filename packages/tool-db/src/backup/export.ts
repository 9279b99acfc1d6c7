/**
 * A store as a text that can be kept, sent and checked: a head, one signed record a line as it is on the wire, and a foot that says how
 * many there are and what they hash to. Whoever reads it needs to trust nobody: each record still has its signature.
 */

import { createHash } from 'node:crypto'
import { isCrdtRecord } from '../core/crdt/change-set.ts'
import { indexRowKey, isSetRow, recordOfAnySetRow } from '../core/node/crdt-rows.ts'
import { buriedRowKey, claimsKey, nameOfRows, recordOfRow } from '../core/node/rows.ts'
import { namespaceOf } from '../core/records/key.ts'
import { expiryOf } from '../core/records/nonce.ts'
import type { WireRecord } from '../core/records/record.ts'
import { prefixRange } from '../store/key-order.ts'
import type { KeyRange, Row, Store } from '../store/store.ts'

export const EXPORT_VERSION = 1

/** The first line. */
export interface ExportHead {
  readonly shoal: 'export'
  readonly version: number
  /** The public id of the topic, where it is known: records bound to it are taken nowhere else. */
  readonly topic: string | null
  readonly time: number
}

/** The last line: how many records stand between, and the SHA-256 of all lines before this one. */
export interface ExportFoot {
  readonly end: { readonly records: number; readonly sha256: string }
}

export interface ExportInit {
  readonly store: Store
  readonly topic: string | undefined
  readonly now: number
}

const ROWS_AT_ONCE = 500
const SET_ROWS: KeyRange = prefixRange('\u0000crdt:')

/**
 * Each kind of row as it was at one moment, where the store can give that. Chunks of whole lines; in memory is one of them. Rejects with
 * `StoreError`.
 */
export async function* exportRecords({ store, topic, now }: ExportInit): AsyncGenerator<string> {
  const hash = createHash('sha256')
  const head: ExportHead = { shoal: 'export', version: EXPORT_VERSION, topic: topic ?? null, time: now }
  const first = `${JSON.stringify(head)}\n`
  hash.update(first)
  yield first
  let records = 0
  for await (const page of recordsOf(store)) {
    const text = page.map((record) => `${record}\n`).join('')
    hash.update(text)
    records += page.length
    if (text !== '') yield text
  }
  const foot: ExportFoot = { end: { records, sha256: hash.digest('hex') } }
  yield `${JSON.stringify(foot)}\n`
}

async function* recordsOf(store: Store): AsyncGenerator<readonly string[]> {
  for await (const rows of pagesOf(store, prefixRange(''))) {
    const records = rows.map((row) => recordOfRow(row.key, row))
    const claims = await rowsBeside(store, { rows, isMeant: (row) => isFrozen(row.key), besideOf: claimsKey })
    const isSet = (_row: Row, i: number): boolean => records[i] !== undefined && isCrdtRecord(records[i])
    const documents = await rowsBeside(store, { rows, isMeant: isSet, besideOf: indexRowKey })
    const ends = (_row: Row, i: number): boolean => records[i] !== undefined && expiryOf(records[i].n) !== undefined
    const buried = await rowsBeside(store, { rows, isMeant: ends, besideOf: buriedRowKey })
    yield rows.flatMap((row, i) => {
      if (records[i] === undefined) return [textOfOther(row)]
      // It is among the document's sets, which follow.
      if (documents.has(row.key)) return []
      const contested = nameOfRows(row.key, row, claims.get(row.key))
      const all = contested.flatMap(({ first, last }) => (first.h === last.h ? [first] : [first, last]))
      if (all.length > 1) return all.map(textOf)
      // Taken in before what was written over it, it comes to lie under that again.
      const deletion = buried.get(row.key)
      return deletion === undefined ? [row.value] : [deletion.value, row.value]
    })
  }
  for await (const rows of pagesOf(store, SET_ROWS)) {
    yield rows.filter((row) => isSetRow(row.key) && recordOfAnySetRow(row) !== undefined).map(({ value }) => value)
  }
}

/** Rows of our own about some of these, by the keys that they are about. */
async function rowsBeside(
  store: Store,
  {
    rows,
    isMeant,
    besideOf,
  }: {
    readonly rows: readonly Row[]
    isMeant(row: Row, i: number): boolean
    besideOf(key: string): string
  },
): Promise<ReadonlyMap<string, Row>> {
  const keys = rows.filter(isMeant).map(({ key }) => key)
  const found = keys.length === 0 ? [] : await store.readMany(keys.map(besideOf))
  return new Map(keys.flatMap((key, i) => (found[i] === undefined ? [] : [[key, found[i]] as const])))
}

function isFrozen(key: string): boolean {
  return namespaceOf(key).kind === 'frozen'
}

/** What is no record of its key: nobody can verify it, but an export leaves nothing out. */
function textOfOther({ key, value }: Row): string {
  return JSON.stringify({ row: [key, value] })
}

function textOf(record: WireRecord): string {
  return JSON.stringify(record)
}

async function* pagesOf(store: Store, range: KeyRange): AsyncGenerator<readonly Row[]> {
  if (store.rows !== undefined) {
    yield* store.rows(range, ROWS_AT_ONCE)
    return
  }
  let after: string | undefined
  for (;;) {
    const page = await store.scan(range, { limit: ROWS_AT_ONCE, ...(after !== undefined && { after }) })
    yield (await store.readMany(page.keys)).filter((row) => row !== undefined)
    after = page.keys.at(-1)
    if (!page.more || after === undefined) return
  }
}
