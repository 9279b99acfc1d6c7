/**
 * Opening a LevelDB directory: its files are looked at first, what is damaged is set aside, and the engine gets the rest. And the
 * sentences for what can go wrong with it.
 */

import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { checkFormat, FORMAT_KEY, formatMark, REPAIRED_KEY } from './format.ts'
import { checkFiles, type FileDamage, TABLE_BYTES_MAX } from './level-files/check-files.ts'
import { alone, holdHere } from './level-files/exclusive.ts'
import { flush, setAside } from './level-files/set-aside.ts'
import type { StoreCondition } from './store.ts'
import { StoreError } from './store-error.ts'

/**
 * Rows in memory, and in the log, before they become a table. LevelDB's own 4 MiB make it merge tables a third more often under a
 * steady load; what is in the log is read again after a crash.
 */
const WRITE_BUFFER_BYTES = 16_777_216

/**
 * The engine maps each table that it reads into memory, and what was read of it counts as memory of this process until the table is
 * closed. It keeps ten fewer open than it is told: 64, of a mebibyte each, the least that it takes of both (decision 0067).
 */
const OPEN_FILES_MAX = 74
const TABLE_BYTES = 1_048_576

export interface OpenedLevel {
  readonly level: ClassicLevel
  readonly condition: StoreCondition
  close(): Promise<void>
}

/**
 * Makes the directory and its parents where they are missing; rejects with `StoreError`. `tableBytesMax`: how much of the tables
 * is looked at before.
 */
export async function openLevel(directory: string, tableBytesMax: number = TABLE_BYTES_MAX): Promise<OpenedLevel> {
  try {
    await makeDirectory(resolve(directory))
  } catch (error) {
    throw isFull(error) ? full(directory, error) : unwritable(directory, error)
  }
  try {
    const condition = await wholeFiles(directory, tableBytesMax)
    try {
      return await openWhole(directory, condition)
    } catch (error) {
      if (codeOf(causeOf(error)) !== 'LEVEL_CORRUPTION') throw error
      // The engine reads more of its files than we do.
      const found = [
        { file: 'CURRENT', what: `leads to files that the engine can't read (${reasonOf(causeOf(error))})` },
      ]
      return await openWhole(directory, await repaired(directory, condition, async () => found))
    }
  } catch (error) {
    throw openError(directory, error)
  }
}

/** The files as they are, or, where some are damaged, as they are without them. */
async function wholeFiles(directory: string, tableBytesMax: number): Promise<StoreCondition> {
  const { damage, cut, bytes } = await checkFiles(directory, tableBytesMax)
  const condition = { damage: [], setAside: undefined, isRebuilt: false, cut, bytes }
  if (damage.length === 0) return condition
  // Somebody else at work looks like damage: once more, while nobody is.
  return repaired(directory, condition, async () => (await checkFiles(directory, tableBytesMax)).damage)
}

async function repaired(
  directory: string,
  before: StoreCondition,
  find: () => Promise<readonly FileDamage[]>,
): Promise<StoreCondition> {
  const after = await alone(directory, async () => {
    const damage = await find()
    if (damage.length === 0) return before
    const { place, isRebuilt } = await setAside(directory, damage, new Date())
    const found = damage.map(({ file, what }) => ({ file, what }))
    return { ...before, damage: [...before.damage, ...found], setAside: place, isRebuilt }
  })
  if (after === undefined) throw inUse(directory)
  return after
}

async function openWhole(directory: string, condition: StoreCondition): Promise<OpenedLevel> {
  const level = new ClassicLevel(directory, {
    writeBufferSize: WRITE_BUFFER_BYTES,
    maxFileSize: TABLE_BYTES,
    maxOpenFiles: OPEN_FILES_MAX,
  })
  try {
    await level.open()
    const mark = await level.get(FORMAT_KEY)
    if (mark === undefined) await level.put(FORMAT_KEY, formatMark(), { sync: true })
    else checkFormat(mark, directory)
    if (condition.isRebuilt) await level.put(REPAIRED_KEY, JSON.stringify({ at: Date.now() }), { sync: true })
    const letGo = await holdHere(directory)
    const close = async (): Promise<void> => {
      await level.close()
      letGo()
    }
    return { level, condition, close }
  } catch (error) {
    await level.close()
    throw error
  }
}

/**
 * Makes the directory and the parents that are missing. Not with mkdir's own `recursive`, which never comes back from
 * places such as /proc, and leaves open which directories are new: each outlives a loss of power only once its parent
 * was flushed.
 */
async function makeDirectory(directory: string): Promise<void> {
  try {
    await makeOne(directory)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || dirname(directory) === directory) throw error
    await makeDirectory(dirname(directory))
    await makeOne(directory)
  }
}

async function makeOne(directory: string): Promise<void> {
  try {
    await mkdir(directory)
  } catch (error) {
    if (codeOf(error) === 'EEXIST' && (await stat(directory)).isDirectory()) return
    throw error
  }
  await flush(dirname(directory))
}

/** Exported for its test: only a full disk gives these. */
export function openError(directory: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error
  const cause = causeOf(error)
  switch (codeOf(cause)) {
    case 'LEVEL_LOCKED':
      return inUse(directory, cause)
    case 'LEVEL_CORRUPTION':
      return new StoreError(
        'SHOAL_STORE_DAMAGED',
        `the store in ${directory} is damaged (${reasonOf(cause)}): restore it from a backup, or choose another directory`,
        { cause },
      )
    case 'LEVEL_IO_ERROR':
      return isFull(cause) ? full(directory, cause) : unwritable(directory, cause)
    default:
      return workError(directory, 'open', cause)
  }
}

/** The engine failed while the store was at work; a full disk is the usual reason. */
export function workError(directory: string, verb: 'open' | 'read' | 'write' | 'close', error: unknown): StoreError {
  if (isFull(error)) return full(directory, error)
  return new StoreError(
    codeOf(error) === 'LEVEL_CORRUPTION' ? 'SHOAL_STORE_DAMAGED' : 'SHOAL_STORE_FAILED',
    `could not ${verb} the store in ${directory} (${reasonOf(error)}): check the disk's space and health`,
    { cause: error },
  )
}

function inUse(directory: string, cause?: unknown): StoreError {
  return new StoreError(
    'SHOAL_STORE_IN_USE',
    `the store in ${directory} is in use by another process: stop that one, or choose another directory`,
    { cause },
  )
}

function full(directory: string, cause: unknown): StoreError {
  return new StoreError(
    'SHOAL_STORE_FAILED',
    `the disk that the store in ${directory} lies on is full (${reasonOf(cause)}): make room there`,
    { cause },
  )
}

/** The engine passes on the system's sentence, not its code; a quota that is used up is a full disk, too. */
function isFull(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'ENOSPC' || code === 'EDQUOT' || /no space left|disk quota exceeded/i.test(reasonOf(error))
}

function unwritable(directory: string, cause: unknown): StoreError {
  return new StoreError(
    'SHOAL_STORE_UNWRITABLE',
    `can't keep a store in ${directory} (${reasonOf(cause)}): choose a directory that this user may write to`,
    { cause },
  )
}

function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null | undefined)?.code
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
