/** Rows in memory: gone with the process. The store of a client that was given no other, and of tests. */

import { ClosedError } from '@shoal/base'
import { checkBatch, checkScan, compareKeys } from './key-order.ts'
import { SortedKeys } from './sorted-keys.ts'
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
import { rowOf } from './version.ts'

export class MemoryStore implements Store {
  readonly ready: Promise<void> = Promise.resolve()
  /** UNBOUNDED: it is the database; the node bounds what may enter. */
  readonly #rows = new Map<string, Row>()
  readonly #keys = new SortedKeys()
  #closed = false

  async readMany(keys: readonly string[]): Promise<readonly (Row | undefined)[]> {
    this.#assertOpen()
    return keys.map((key) => this.#rows.get(key))
  }

  readNow(keys: readonly string[]): readonly (Row | undefined)[] | undefined {
    return this.#closed ? undefined : keys.map((key) => this.#rows.get(key))
  }

  async commit(
    batch: readonly Write[],
    expect: ReadonlyMap<string, Version>,
    _durability: Durability,
  ): Promise<CommitResult> {
    this.#assertOpen()
    checkBatch(batch)
    const conflicts: string[] = []
    for (const [key, version] of expect) {
      if ((this.#rows.get(key)?.version ?? ABSENT) !== version) conflicts.push(key)
    }
    if (conflicts.length > 0) return { kind: 'conflict', keys: conflicts }
    for (const write of batch) this.#apply(write)
    return { kind: 'committed' }
  }

  async scan(range: KeyRange, options: ScanOptions): Promise<KeyPage> {
    this.#assertOpen()
    checkScan(range, options)
    const { after } = options
    const start = after !== undefined && compareKeys(after, range.from) >= 0 ? after : range.from
    const keys: string[] = []
    for (const key of this.#keys.from(start)) {
      if (range.to !== undefined && compareKeys(key, range.to) >= 0) break
      if (key === after) continue
      if (keys.length === options.limit) return { keys, more: true }
      keys.push(key)
    }
    return { keys, more: false }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#rows.clear()
    this.#keys.clear()
  }

  #apply(write: Write): void {
    if (write.kind === 'set') {
      if (!this.#rows.has(write.key)) this.#keys.add(write.key)
      this.#rows.set(write.key, rowOf(write.key, write.value))
    } else if (this.#rows.delete(write.key)) this.#keys.delete(write.key)
  }

  #assertOpen(): void {
    if (this.#closed) throw new ClosedError('the store is closed')
  }
}
