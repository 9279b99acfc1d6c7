/**
 * A disk with the rows of one store. Batches come out whole and in order, as from a write-ahead log: what was completed survives the
 * death of the process; a loss of power takes what was not flushed; a batch under way is there afterwards or is not.
 */

import { type Millis, type RandomSource, randomBelow, SECOND } from '@shoal/base'
import type { HeldRow, RowWrite } from '@shoal/tool-db/core'

export type Durability = 'memory' | 'sync'

/** The operating system writes by itself after so long. */
const WRITE_BACK: Millis = 30 * SECOND

export interface Batch {
  readonly writes: readonly RowWrite[]
  readonly expect: ReadonlyMap<string, string>
}

interface Unflushed {
  readonly at: Millis
  /** What stood there before. */
  readonly undo: readonly (readonly [key: string, row: HeldRow | undefined])[]
}

export class Disk {
  readonly durability: Durability
  /** Full or broken: reads go on. */
  isFailing = false
  #rows = new Map<string, HeldRow>()
  /** Batches that only the operating system has. BOUNDED: by what is written within WRITE_BACK. */
  #unflushed: Unflushed[] = []
  /** Asked for, in order. BOUNDED: by the node's lanes. */
  readonly #underWay = new Set<Batch>()
  #version = 0

  constructor(durability: Durability) {
    this.durability = durability
  }

  get(key: string): HeldRow | undefined {
    return this.#rows.get(key)
  }

  entries(): Iterable<[string, HeldRow]> {
    return this.#rows.entries()
  }

  scan(
    prefix: string,
    { after = '', limit }: { readonly after: string | undefined; readonly limit: number },
  ): { readonly keys: readonly string[]; readonly more: boolean } {
    const keys = [...this.#rows.keys()].filter((key) => isIn(key, prefix) && key > after).sort()
    return { keys: keys.slice(0, limit), more: keys.length > limit }
  }

  begin(batch: Batch): void {
    this.#underWay.add(batch)
  }

  /** False where a row was not as expected; throws where the disk fails. */
  complete(now: Millis, batch: Batch): boolean {
    this.#underWay.delete(batch)
    if (this.isFailing) throw new Error('the disk is full')
    return this.#apply(now, batch)
  }

  /** The process, or the whole machine, dies. */
  crash(now: Millis, how: 'process' | 'power', random: RandomSource): void {
    let done = randomBelow(random, this.#underWay.size + 1)
    for (const batch of this.#underWay) if (done-- > 0 && !this.isFailing) this.#apply(now, batch)
    this.#underWay.clear()
    if (how === 'process') return
    const kept = randomBelow(random, this.#unflushed.length + 1)
    for (const { undo } of this.#unflushed.splice(kept).reverse()) {
      for (const [key, row] of undo) this.#put(key, row)
    }
    this.#unflushed = []
  }

  /** A backup. */
  copy(): ReadonlyMap<string, HeldRow> {
    return new Map(this.#rows)
  }

  /** What a backup held; without one, nothing. */
  restore(rows: ReadonlyMap<string, HeldRow> = new Map()): void {
    this.#rows = new Map(rows)
    this.#unflushed = []
  }

  #apply(now: Millis, { writes, expect }: Batch): boolean {
    for (const [key, version] of expect) if ((this.#rows.get(key)?.version ?? '') !== version) return false
    if (this.durability === 'memory') {
      const undo = writes.map(({ key }) => [key, this.#rows.get(key)] as const)
      const oldest = this.#unflushed.findIndex(({ at }) => at > now - WRITE_BACK)
      this.#unflushed.splice(0, oldest < 0 ? this.#unflushed.length : oldest)
      this.#unflushed.push({ at: now, undo: undo.reverse() })
    }
    for (const { key, value } of writes) {
      this.#put(key, value === undefined ? undefined : { value, version: `${++this.#version}` })
    }
    return true
  }

  #put(key: string, row: HeldRow | undefined): void {
    if (row === undefined) this.#rows.delete(key)
    else this.#rows.set(key, row)
  }
}

/** Rows of our own begin with U+0000 and are no keys. */
function isIn(key: string, prefix: string): boolean {
  return key.startsWith(prefix) && (prefix !== '' || !key.startsWith('\u0000'))
}
