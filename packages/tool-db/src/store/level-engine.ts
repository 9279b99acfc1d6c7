/**
 * The engine under a LevelDB store, which is opened anew after a write has failed: LevelDB never writes again then, or, worse,
 * goes on behind half a record and can't read what follows it after a crash. Until the disk takes writes again the
 * old one goes on reading.
 */

import { readdirSync } from 'node:fs'
import { readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ClosedError, type Millis, SECOND } from '@shoal/base'
import type { ClassicLevel } from 'classic-level'
import { flush } from './level-files/set-aside.ts'
import { type OpenedLevel, openLevel, workError } from './leveldb-open.ts'
import type { StoreCondition, StoreHealth } from './store.ts'
import { StoreError } from './store-error.ts'

const TRY_AGAIN: Millis = SECOND
const TRIAL_FILE = 'shoal-trial.tmp'
/** What opening writes beside the rows of the logs: a manifest, a new log, the index of a table. */
const TRIAL_BYTES = 1_048_576

export class LevelEngine {
  readonly #directory: string
  #opening: Promise<OpenedLevel>
  #opened: OpenedLevel | undefined
  /** As it was opened first. */
  #condition: StoreCondition | undefined
  /** Logs whose names outlive a loss of power. BOUNDED: by the files of the directory. */
  #flushedLogs: ReadonlySet<string> = new Set()
  #refusal: StoreError | undefined
  #onHealth: (health: StoreHealth) => void = () => undefined
  #timer: NodeJS.Timeout | undefined
  #recovering: Promise<void> | undefined
  #isClosed = false

  constructor(directory: string) {
    this.#directory = directory
    this.#opening = this.#open(openLevel(directory))
  }

  /** `undefined` while none is open. */
  get now(): ClassicLevel | undefined {
    return this.#opened?.level
  }

  get condition(): StoreCondition | undefined {
    return this.#condition
  }

  /** Why writes are refused now. */
  get refusal(): StoreError | undefined {
    return this.#refusal
  }

  /** Rejects with `StoreError` where it can't be opened. */
  level(): Promise<ClassicLevel> {
    return this.#opening.then(({ level }) => level)
  }

  onHealth(listener: (health: StoreHealth) => void): void {
    this.#onHealth = listener
  }

  /** After a write that was flushed: LevelDB flushes the log, but not the directory that a new log stands in. */
  async flushNewLogs(): Promise<void> {
    const logs = readdirSync(this.#directory).filter((name) => name.endsWith('.log'))
    if (logs.every((name) => this.#flushedLogs.has(name))) return
    await flush(this.#directory)
    this.#flushedLogs = new Set(logs)
  }

  /** A write has failed: no other is tried until the disk takes them again. */
  handleFailedWrite(cause: unknown): StoreError {
    const error = cause instanceof StoreError ? cause : workError(this.#directory, 'write', cause)
    if (this.#refusal === undefined && !this.#isClosed) {
      this.#refusal = error
      this.#onHealth({ kind: 'refusing', error })
      this.#tryLater()
    }
    return error
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#recovering
    const opened = await this.#opening.catch(() => undefined)
    this.#opened = undefined
    try {
      await opened?.close()
    } catch (error) {
      throw workError(this.#directory, 'close', error)
    }
  }

  async #open(opening: Promise<OpenedLevel>): Promise<OpenedLevel> {
    this.#opened = await opening
    this.#condition ??= this.#opened.condition
    return this.#opened
  }

  #tryLater(): void {
    this.#timer = setTimeout(() => {
      this.#recovering = this.#recover()
    }, TRY_AGAIN)
    // A store that waits for its disk keeps no process.
    this.#timer.unref()
  }

  async #recover(): Promise<void> {
    try {
      await this.#writeTrial()
      await this.#reopen()
    } catch {
      // What was said of the write that failed still holds.
      if (!this.#isClosed) this.#tryLater()
      return
    }
    this.#refusal = undefined
    this.#onHealth({ kind: 'writing' })
  }

  /** As much as opening writes: an engine that was given back could not read either if that failed. */
  async #writeTrial(): Promise<void> {
    const names = (await readdir(this.#directory)).filter((name) => name.endsWith('.log'))
    const sizes = await Promise.all(names.map(async (name) => (await stat(join(this.#directory, name))).size))
    const bytes = sizes.reduce((sum, size) => sum + size, TRIAL_BYTES)
    const file = join(this.#directory, TRIAL_FILE)
    try {
      await writeFile(file, new Uint8Array(bytes), { flush: true })
    } finally {
      await rm(file, { force: true })
    }
  }

  async #reopen(): Promise<void> {
    if (this.#isClosed) throw new ClosedError('the store is closed')
    const before = this.#opened
    this.#opened = undefined
    const opening = this.#open(
      (async () => {
        await before?.close()
        // The tables were looked at when the store was opened first.
        return openLevel(this.#directory, 0)
      })(),
    )
    opening.catch(() => undefined)
    this.#opening = opening
    await opening
  }
}
