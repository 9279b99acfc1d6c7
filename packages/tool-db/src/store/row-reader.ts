/**
 * Reads rows of a LevelDB engine: what is asked while a read is under way is joined into the next one, and what is known of a
 * row is not asked again. The one writer says what it has written.
 */

import type { ClassicLevel } from 'classic-level'
import { DiskPatience } from './disk-patience.ts'
import { RowCache, type RowText } from './row-cache.ts'

/** Enough for the records that are on their way in at one time; more would live long enough to be carried into the old generation. */
const CACHE = { rowsMax: 512, sizeMax: 1_048_576 }
/** Enough to share a turn of the engine, few enough that the first of them does not wait long for the last. */
const KEYS_PER_READ_MAX = 1_000

/** `now`: where one is open. */
export interface Engine {
  readonly now: ClassicLevel | undefined
  level(): Promise<ClassicLevel>
}

interface PendingRead {
  readonly keys: readonly string[]
  resolve(texts: readonly RowText[]): void
  reject(error: unknown): void
}

export class RowReader {
  readonly #engine: Engine
  readonly #cache = new RowCache(CACHE)
  /** BOUNDED: by the callers of read(), each of which waits. */
  readonly #pending: PendingRead[] = []
  /** What the engine is being asked for and nobody has written since. BOUNDED: by the keys of one read. */
  #unwritten = new Set<string>()
  #isReading = false

  readonly #patience = new DiskPatience(() => performance.now())

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /** The keys are well-formed. `undefined` where they are to be waited for: nothing is open, or the disk was slow a moment ago. */
  readNow(keys: readonly string[]): readonly RowText[] | undefined {
    const level = this.#engine.now
    if (level === undefined || !this.#patience.mayAsk()) return undefined
    const texts: RowText[] = []
    try {
      for (const key of keys) {
        const known = this.#cache.get(key)
        if (known !== undefined) {
          texts.push(known ?? undefined)
          continue
        }
        const text = this.#patience.timed(() => level.getSync(key))
        this.#cache.set(key, text)
        texts.push(text)
      }
    } catch {
      return undefined
    }
    return texts
  }

  /** The keys are well-formed. Rejects with what the engine says. */
  read(keys: readonly string[]): Promise<readonly RowText[]> {
    const texts = this.#knownTexts(keys)
    if (texts !== undefined) return Promise.resolve(texts)
    return new Promise((resolve, reject) => {
      this.#pending.push({ keys, resolve, reject })
      if (!this.#isReading) void this.#goOn()
    })
  }

  /** `undefined` unless all of them are known. */
  #knownTexts(keys: readonly string[]): readonly RowText[] | undefined {
    const texts: RowText[] = []
    for (const key of keys) {
      const known = this.#cache.get(key)
      if (known === undefined) return undefined
      texts.push(known ?? undefined)
    }
    return texts
  }

  /** After each write, in the order of the writes, before anybody is told of it. */
  noteWritten(key: string, text: RowText): void {
    if (this.#unwritten.size > 0) this.#unwritten.delete(key)
    this.#cache.set(key, text)
  }

  /** A write has failed: whether the row is there is the engine's to say. */
  noteUncertain(key: string): void {
    if (this.#unwritten.size > 0) this.#unwritten.delete(key)
    this.#cache.forget(key)
  }

  /** Never rejects: each read hears of its own failure. */
  async #goOn(): Promise<void> {
    this.#isReading = true
    while (this.#pending.length > 0) {
      // Those of the same turn come along.
      await this.#engine.level().catch(() => undefined)
      const group = this.#takeGroup()
      try {
        const texts = await this.#ask(new Set(group.flatMap(({ keys }) => keys)))
        for (const { keys, resolve } of group) resolve(keys.map((key) => texts.get(key)))
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
    this.#isReading = false
  }

  #takeGroup(): readonly PendingRead[] {
    let keys = 0
    let reads = 0
    for (const read of this.#pending) {
      if (reads > 0 && keys + read.keys.length > KEYS_PER_READ_MAX) break
      keys += read.keys.length
      reads++
    }
    return this.#pending.splice(0, reads)
  }

  async #ask(keys: ReadonlySet<string>): Promise<ReadonlyMap<string, RowText>> {
    const texts = new Map<string, RowText>()
    const unknown: string[] = []
    for (const key of keys) {
      const known = this.#cache.get(key)
      if (known === undefined) unknown.push(key)
      else texts.set(key, known ?? undefined)
    }
    const unwritten = new Set(unknown)
    this.#unwritten = unwritten
    const level = await this.#engine.level()
    const values = unknown.length === 0 ? [] : await level.getMany(unknown)
    for (const [i, key] of unknown.entries()) {
      texts.set(key, values[i])
      // What was written meanwhile is newer than what was read.
      if (unwritten.has(key)) this.#cache.set(key, values[i])
    }
    unwritten.clear()
    return texts
  }
}
