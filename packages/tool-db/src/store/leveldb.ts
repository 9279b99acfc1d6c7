/**
 * Rows in a LevelDB directory, the default of servers: the very format of tool-db's own LevelDB store, one process at a time.
 * Commits that arrive while another is being written are joined into one batch, so that many small commits share one
 * flush to the disk; reads are joined in the same way.
 */

import { ClosedError, UsageError } from '@shoal/base'
import type { ClassicLevel } from 'classic-level'
import { checkBatch, checkScan, compareKeys, isWellFormed } from './key-order.ts'
import { LevelEngine } from './level-engine.ts'
import { workError } from './leveldb-open.ts'
import { RowReader } from './row-reader.ts'
import {
  ABSENT,
  type CommitResult,
  type Durability,
  type KeyPage,
  type KeyRange,
  type Row,
  type ScanOptions,
  type Store,
  type StoreCondition,
  type StoreHealth,
  type Version,
  type Write,
} from './store.ts'
import { StoreError } from './store-error.ts'
import { rowOf, versionOf } from './version.ts'

/** Enough to share a flush, few enough that the first of them does not wait long for the last. */
const COMMITS_PER_BATCH_MAX = 1_000

interface PendingCommit {
  readonly batch: readonly Write[]
  readonly expect: ReadonlyMap<string, Version>
  readonly durability: Durability
  resolve(result: CommitResult): void
  reject(error: unknown): void
}

export class LevelDbStore implements Store {
  readonly ready: Promise<void>
  readonly #directory: string
  readonly #engine: LevelEngine
  readonly #rows: RowReader
  /** BOUNDED: by the callers of commit(), each of which waits. */
  readonly #pending: PendingCommit[] = []
  #writing: Promise<void> | undefined
  #closing: Promise<void> | undefined

  /** Throws `UsageError` where the path is empty; whatever else is wrong with it, `ready` and every method reject with. */
  constructor(directory: string) {
    if (directory === '') throw new UsageError('a LevelDB store needs the path of its directory')
    this.#directory = directory
    this.#engine = new LevelEngine(directory)
    this.#rows = new RowReader(this.#engine)
    this.ready = this.#engine.level().then(() => undefined)
    // Whoever never asks for `ready` is told by the first method instead.
    this.ready.catch(() => undefined)
  }

  get condition(): StoreCondition | undefined {
    return this.#engine.condition
  }

  onHealth(listener: (health: StoreHealth) => void): void {
    this.#engine.onHealth(listener)
  }

  async readMany(keys: readonly string[]): Promise<readonly (Row | undefined)[]> {
    this.#assertOpen()
    try {
      await this.#engine.level()
      // A key that is not well-formed has no row, and the engine would look for another one.
      const asked = keys.every(isWellFormed) ? keys : keys.filter(isWellFormed)
      const values = await this.#rows.read(asked)
      let next = 0
      return keys.map((key) => {
        const value = asked === keys || isWellFormed(key) ? values[next++] : undefined
        return value === undefined ? undefined : rowOf(key, value)
      })
    } catch (error) {
      throw this.#readFailure(error)
    }
  }

  readNow(keys: readonly string[]): readonly (Row | undefined)[] | undefined {
    if (this.#closing !== undefined || !keys.every(isWellFormed)) return undefined
    const values = this.#rows.readNow(keys)
    return values?.map((value, i) => (value === undefined ? undefined : rowOf(keys[i] as string, value)))
  }

  commit(batch: readonly Write[], expect: ReadonlyMap<string, Version>, durability: Durability): Promise<CommitResult> {
    return new Promise((resolve, reject) => {
      this.#assertOpen()
      checkBatch(batch)
      const { refusal } = this.#engine
      if (refusal !== undefined) throw refusal
      this.#pending.push({ batch, expect, durability, resolve, reject })
      this.#writing ??= this.#write()
    })
  }

  async scan(range: KeyRange, options: ScanOptions): Promise<KeyPage> {
    checkScan(range, options)
    const { after, limit } = options
    const start = after !== undefined && compareKeys(after, range.from) >= 0 ? { gt: after } : { gte: range.from }
    const end = range.to === undefined ? {} : { lt: range.to }
    const level = await this.#level()
    try {
      const keys = await level.keys({ ...start, ...end, limit: limit + 1 }).all()
      return keys.length > limit ? { keys: keys.slice(0, limit), more: true } : { keys, more: false }
    } catch (error) {
      throw this.#readFailure(error)
    }
  }

  async *rows(range: KeyRange, limit: number): AsyncGenerator<readonly Row[]> {
    checkScan(range, { limit })
    const level = await this.#level()
    const iterator = level.iterator({ gte: range.from, ...(range.to !== undefined && { lt: range.to }) })
    try {
      for (;;) {
        const entries = await iterator.nextv(limit)
        if (entries.length === 0) return
        yield entries.map(([key, value]) => rowOf(key, value))
      }
    } catch (error) {
      throw this.#readFailure(error)
    } finally {
      await iterator.close()
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.ready.catch(() => undefined)
    await this.#writing
    await this.#engine.close()
  }

  async #level(): Promise<ClassicLevel> {
    this.#assertOpen()
    return this.#engine.level()
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw closedError()
  }

  /** Never rejects: each commit hears of its own failure. */
  async #write(): Promise<void> {
    while (this.#pending.length > 0) {
      // What is asked for in this turn goes along: handing a batch to a thread costs as much as writing some twenty rows.
      await turnEnd()
      const group = this.#pending.splice(0, COMMITS_PER_BATCH_MAX)
      try {
        const results = await this.#writeGroup(group)
        for (const [i, commit] of group.entries()) commit.resolve(results[i] as CommitResult)
      } catch (error) {
        for (const commit of group) commit.reject(error)
      }
    }
    this.#writing = undefined
  }

  async #writeGroup(group: readonly PendingCommit[]): Promise<readonly CommitResult[]> {
    const level = await this.#engine.level()
    if (this.#engine.refusal !== undefined) throw this.#engine.refusal
    let versions: Map<string, Version>
    try {
      versions = await readVersions(this.#rows, group)
    } catch (error) {
      throw error instanceof StoreError ? error : workError(this.#directory, 'read', error)
    }
    const { results, writes, sync } = decided(group, versions)
    if (writes.length === 0) return results
    try {
      await writeBatch(level, writes, sync)
      if (sync) await this.#engine.flushNewLogs()
    } catch (error) {
      for (const { key } of writes) this.#rows.noteUncertain(key)
      throw this.#engine.handleFailedWrite(error)
    }
    for (const write of writes) {
      // What nobody has read will hardly be read next.
      if (versions.has(write.key)) this.#rows.noteWritten(write.key, write.kind === 'set' ? write.value : undefined)
      else this.#rows.noteUncertain(write.key)
    }
    return results
  }

  #readFailure(error: unknown): unknown {
    // A read that close() overtook; commits are waited for.
    if (this.#closing !== undefined) return closedError()
    return error instanceof StoreError ? error : workError(this.#directory, 'read', error)
  }
}

function turnEnd(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function closedError(): ClosedError {
  return new ClosedError('the store is closed')
}

interface Decided {
  readonly results: readonly CommitResult[]
  /** Of those that are committed. */
  readonly writes: readonly Write[]
  readonly sync: boolean
}

/** Decides the commits of a group one after the other, each seeing what those before it will write. */
function decided(group: readonly PendingCommit[], versions: Map<string, Version>): Decided {
  const writes: Write[] = []
  let sync = false
  const results: CommitResult[] = []
  for (const commit of group) {
    const conflicts = conflictsOf(commit, versions)
    results.push(conflicts.length === 0 ? COMMITTED : { kind: 'conflict', keys: conflicts })
    if (conflicts.length > 0) continue
    for (const write of commit.batch) {
      const { key } = write
      writes.push(write)
      if (versions.has(key)) versions.set(key, write.kind === 'set' ? versionOf(write.value) : ABSENT)
    }
    if (commit.durability === 'sync') sync = true
  }
  return { results, writes, sync }
}

const COMMITTED: CommitResult = { kind: 'committed' }
const NONE: readonly string[] = []

function conflictsOf(commit: PendingCommit, versions: ReadonlyMap<string, Version>): readonly string[] {
  let conflicts: string[] | undefined
  for (const [key, version] of commit.expect) {
    if (versions.get(key) === version) continue
    conflicts ??= []
    conflicts.push(key)
  }
  return conflicts ?? NONE
}

/** Operation by operation, since a list of them is copied, each with all its options, before it is written. */
async function writeBatch(level: ClassicLevel, writes: readonly Write[], sync: boolean): Promise<void> {
  const batch = level.batch()
  try {
    for (const write of writes) {
      if (write.kind === 'set') batch.put(write.key, write.value)
      else batch.del(write.key)
    }
  } catch (error) {
    await batch.close()
    throw error
  }
  await batch.write({ sync })
}

async function readVersions(rows: RowReader, group: readonly PendingCommit[]): Promise<Map<string, Version>> {
  const versions = new Map<string, Version>()
  for (const commit of group) for (const key of commit.expect.keys()) versions.set(key, ABSENT)
  const keys = [...versions.keys()].filter(isWellFormed)
  if (keys.length === 0) return versions
  const values = await rows.read(keys)
  for (const [i, key] of keys.entries()) {
    const value = values[i]
    if (value !== undefined) versions.set(key, versionOf(value))
  }
  return versions
}
