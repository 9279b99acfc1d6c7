/**
 * A store as a text that can be kept, sent and checked: a head, one signed record a line as it is on the wire, and a foot that says how
 * many there are and what they hash to. Whoever reads it needs to trust nobody: each record still has its signature.
 */

import { createHash } from 'node:crypto'
import { isSetRow, recordOfAnySetRow } from '../core/node/crdt-rows.ts'
import { claimsKey, nameOfRows, recordOfRow } from '../core/node/rows.ts'
import { namespaceOf } from '../core/records/key.ts'
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
 * As the store is at the beginning, in one piece where it can give that. Chunks of whole lines; in memory is one of them. Rejects with
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
    const claims = await claimsOf(store, rows)
    yield rows.flatMap((row) => {
      if (recordOfRow(row.key, row) === undefined) return [textOfOther(row)]
      const contested = nameOfRows(row.key, row, claims.get(row.key))
      const all = contested.flatMap(({ first, last }) => (first.h === last.h ? [first] : [first, last]))
      return all.length <= 1 ? [row.value] : all.map(textOf)
    })
  }
  for await (const rows of pagesOf(store, SET_ROWS)) {
    yield rows.filter((row) => isSetRow(row.key) && recordOfAnySetRow(row) !== undefined).map(({ value }) => value)
  }
}

/** What others claim of the frozen names among these rows. */
async function claimsOf(store: Store, rows: readonly Row[]): Promise<ReadonlyMap<string, Row>> {
  const names = rows.map(({ key }) => key).filter((key) => namespaceOf(key).kind === 'frozen')
  const claims = names.length === 0 ? [] : await store.readMany(names.map(claimsKey))
  return new Map(names.flatMap((name, i) => (claims[i] === undefined ? [] : [[name, claims[i]] as const])))
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
