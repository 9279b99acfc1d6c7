/** Opening a LevelDB directory, and the sentences for what can go wrong with it. */

import { mkdir, open, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { checkFormat, FORMAT_KEY, formatMark } from './format.ts'
import { StoreError } from './store-error.ts'

/** Makes the directory and its parents where they are missing; rejects with `StoreError`. */
export async function openLevel(directory: string): Promise<ClassicLevel> {
  try {
    await makeDirectory(resolve(directory))
  } catch (error) {
    throw isFull(error) ? full(directory, error) : unwritable(directory, error)
  }
  const level = new ClassicLevel(directory)
  try {
    await level.open()
    const mark = await level.get(FORMAT_KEY)
    if (mark === undefined) await level.put(FORMAT_KEY, formatMark(), { sync: true })
    else checkFormat(mark, directory)
    return level
  } catch (error) {
    await level.close()
    throw openError(directory, error)
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
  await flushDirectory(dirname(directory))
}

async function flushDirectory(directory: string): Promise<void> {
  // Windows can't open a directory, and needs no flush of one.
  if (process.platform === 'win32') return
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Exported for its test: only a full disk gives these. */
export function openError(directory: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  switch (codeOf(cause)) {
    case 'LEVEL_LOCKED':
      return new StoreError(
        'SHOAL_STORE_IN_USE',
        `the store in ${directory} is in use by another process: stop that one, or choose another directory`,
        { cause },
      )
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
    `could not ${verb} the store in ${directory} (${reasonOf(error)}): check the disk's space and health, then start again`,
    { cause: error },
  )
}

function full(directory: string, cause: unknown): StoreError {
  return new StoreError(
    'SHOAL_STORE_FAILED',
    `the disk that the store in ${directory} lies on is full (${reasonOf(cause)}): make room there, then start again`,
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

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null | undefined)?.code
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
