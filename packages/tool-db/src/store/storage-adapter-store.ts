/**
 * A storage adapter written for tool-db (put, get and query of text) as a store. What such an adapter can't do stays so: a
 * batch is written row by row and a crash may cut it short, a failed read can't be told from a missing row, and every scan
 * asks for all keys with a prefix. There is no sync.
 */

import { ClosedError } from '@shoal/base'
import { KeyLocks } from './key-locks.ts'
import { checkBatch, checkScan, compareKeys, isInRange, isWellFormed, prefixRange } from './key-order.ts'
import type { StorageAdapter } from './storage-adapter.ts'
import {
  ABSENT,
  type CommitResult,
  type Durability,
  type KeyPage,
  type KeyRange,
  type Row,
  type ScanOptions,
  type Store,
  type Version,
  type Write,
} from './store.ts'
import { StoreError } from './store-error.ts'
import { rowOf } from './version.ts'

/** Reads of one call that are under way at once. */
const READS_AT_ONCE = 64

/** tool-db's adapters can't delete. An empty text is no record's JSON, so it stands for a row that is gone. */
const GONE = ''

export class StorageAdapterStore implements Store {
  readonly ready: Promise<void>
  readonly #adapter: StorageAdapter
  readonly #locks = new KeyLocks()
  #closing: Promise<void> | undefined

  constructor(adapter: StorageAdapter) {
    this.#adapter = adapter
    this.ready = Promise.resolve(adapter.ready).then(
      () => undefined,
      (error) => {
        throw failure('open', error)
      },
    )
    // Whoever never asks for `ready` is told by the first method instead.
    this.ready.catch(() => undefined)
  }

  async readMany(keys: readonly string[]): Promise<readonly (Row | undefined)[]> {
    this.#assertOpen()
    await this.ready
    const rows: (Row | undefined)[] = []
    for (let at = 0; at < keys.length; at += READS_AT_ONCE) {
      rows.push(...(await Promise.all(keys.slice(at, at + READS_AT_ONCE).map((key) => this.#read(key)))))
    }
    return rows
  }

  async commit(
    batch: readonly Write[],
    expect: ReadonlyMap<string, Version>,
    _durability: Durability,
  ): Promise<CommitResult> {
    this.#assertOpen()
    checkBatch(batch)
    const keys = [...expect.keys(), ...batch.map((write) => write.key)]
    return this.#locks.run(keys, async () => {
      await this.ready
      const conflicts: string[] = []
      for (const [key, version] of expect) {
        if (((await this.#read(key))?.version ?? ABSENT) !== version) conflicts.push(key)
      }
      if (conflicts.length > 0) return { kind: 'conflict', keys: conflicts }
      const last = new Map(batch.map((write) => [write.key, write.kind === 'set' ? write.value : GONE]))
      for (const [key, value] of last) await this.#put(key, value)
      return { kind: 'committed' }
    })
  }

  async scan(range: KeyRange, options: ScanOptions): Promise<KeyPage> {
    this.#assertOpen()
    checkScan(range, options)
    await this.ready
    const { after, limit } = options
    const candidates = (await this.#query(range)).filter((key) => after === undefined || compareKeys(key, after) > 0)
    const keys: string[] = []
    for (let at = 0; at < candidates.length; at += READS_AT_ONCE) {
      for (const row of await this.readMany(candidates.slice(at, at + READS_AT_ONCE))) {
        if (row === undefined) continue
        if (keys.length === limit) return { keys, more: true }
        keys.push(row.key)
      }
    }
    return { keys, more: false }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#locks.idle()
    try {
      await this.#adapter.close?.()
    } catch (error) {
      throw failure('close', error)
    }
  }

  async #read(key: string): Promise<Row | undefined> {
    if (!isWellFormed(key)) return undefined
    try {
      const value: unknown = await this.#adapter.get(key)
      return typeof value === 'string' && value !== GONE ? rowOf(key, value) : undefined
    } catch {
      // tool-db's adapters reject for a row that is not there, and do not say why.
      return undefined
    }
  }

  async #put(key: string, value: string): Promise<void> {
    try {
      await this.#adapter.put(key, value)
    } catch (error) {
      throw failure('write', error)
    }
  }

  /** The keys in the range, sorted, each once; rows that are gone are among them. */
  async #query(range: KeyRange): Promise<readonly string[]> {
    let found: readonly unknown[]
    try {
      found = await this.#adapter.query(queryPrefix(range))
    } catch (error) {
      throw failure('query', error)
    }
    const keys = new Set<string>()
    for (const key of found) if (typeof key === 'string' && isInRange(range, key)) keys.add(key)
    return [...keys].sort(compareKeys)
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new ClosedError('the store is closed')
  }
}

/** The longest prefix whose keys hold the whole range. */
function queryPrefix(range: KeyRange): string {
  const { from, to = '' } = range
  if (to !== '' && prefixRange(from).to === to) return from
  let length = 0
  while (length < Math.min(from.length, to.length) && from[length] === to[length]) length++
  const prefix = from.slice(0, length)
  return isWellFormed(prefix) ? prefix : prefix.slice(0, -1)
}

function failure(verb: 'open' | 'write' | 'query' | 'close', cause: unknown): StoreError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new StoreError(
    'SHOAL_STORE_FAILED',
    `the storage adapter could not ${verb} (${reason}): see what its engine needs, then start again`,
    { cause },
  )
}
