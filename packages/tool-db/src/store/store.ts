/**
 * The store: ordered rows of text under text keys. The record of a key lies under the key itself, as the JSON that
 * tool-db 2.x writes, so that a store of either program can be read by the other. Rows of our own (format mark,
 * peer key, contested claims) begin with U+0000, which no key on the wire may.
 *
 * Keys are well-formed Unicode (no lone surrogates) and not empty. Their order is that of their code points, which is
 * also that of their UTF-8 bytes; it is not the order of `<`, which puts U+10000 before U+E000.
 */

import type { StoreError } from './store-error.ts'

/** Opaque; equal versions mean equal rows. */
export type Version = string

/** The version of a row that is not there. */
export const ABSENT: Version = ''

export interface Row {
  readonly key: string
  readonly value: string
  readonly version: Version
}

export type Write =
  | { readonly kind: 'set'; readonly key: string; readonly value: string }
  | { readonly kind: 'delete'; readonly key: string }

/** memory: handed to the operating system, survives the death of the process; sync: flushed to the disk first. */
export type Durability = 'memory' | 'sync'

export type CommitResult =
  | { readonly kind: 'committed' }
  /** Nothing was written: these rows were no longer as expected. */
  | { readonly kind: 'conflict'; readonly keys: readonly string[] }

/** Keys from `from` (included) to `to` (excluded; without it, to the end), in code-point order. */
export interface KeyRange {
  readonly from: string
  readonly to?: string
}

export interface KeyPage {
  readonly keys: readonly string[]
  /** True where the range holds keys after the last one given. */
  readonly more: boolean
}

export interface ScanOptions {
  /** Continue behind this key. */
  readonly after?: string
  /** 1 or more. */
  readonly limit: number
}

/** What was found when the store was opened. */
export interface StoreCondition {
  /** Files that were not as they had been written, and in what way. */
  readonly damage: readonly { readonly file: string; readonly what: string }[]
  /** Where those files are now. */
  readonly setAside: string | undefined
  /** The rest was put together anew: rows may be missing, one by one, those of our own among them, or be there as they were before. */
  readonly isRebuilt: boolean
  /** Writes that were cut off by the death of the process or the machine, none of them acknowledged. */
  readonly cut: number
  /** Of files whose checksums were compared. */
  readonly bytes: number
}

/** Writing: takes writes, or refuses them since the disk does; reads go on. */
export type StoreHealth = { readonly kind: 'writing' } | { readonly kind: 'refusing'; readonly error: StoreError }

/** Every method rejects with `StoreError` when the engine fails; after `close` with `ClosedError`. */
export interface Store {
  /** Resolves once the store is open, its format checked. */
  readonly ready: Promise<void>
  /** In the order asked; `undefined` for rows that are not there. */
  readMany(keys: readonly string[]): Promise<readonly (Row | undefined)[]>
  /** What `readMany` would give, where that is known without waiting; `undefined` where it is to be asked. Never throws. */
  readNow?(keys: readonly string[]): readonly (Row | undefined)[] | undefined
  /**
   * All writes or none, and only if each row in `expect` still has that version (`ABSENT`: is not there). Rejects with
   * `UsageError`, writing nothing, where a key or a value is not well-formed.
   */
  commit(batch: readonly Write[], expect: ReadonlyMap<string, Version>, durability: Durability): Promise<CommitResult>
  /** Own rows too, where the range holds them; `prefixRange` leaves them out of an empty prefix. */
  scan(range: KeyRange, options: ScanOptions): Promise<KeyPage>
  /** The rows of a range as they were at one moment, in pages of at most `limit`; absent where an engine can't give that. */
  rows?(range: KeyRange, limit: number): AsyncIterable<readonly Row[]>
  /** Once it is open, in stores whose files can be damaged. */
  readonly condition?: StoreCondition | undefined
  /** Is called with each change of health. */
  onHealth?(listener: (health: StoreHealth) => void): void
  /** Keys that other processes commit to a shared engine; absent where nobody else can write. */
  watch?(): AsyncIterable<string>
  /** Waits for the commits under way, then gives the engine back; a second call waits for the first. */
  close(): Promise<void>
}
