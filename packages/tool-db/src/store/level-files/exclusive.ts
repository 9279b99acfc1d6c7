/**
 * Holds a LevelDB directory without opening its database: the lock is one of the operating system on the file LOCK, so a tiny
 * database beside it whose LOCK is the same file takes it, and the death of the process gives it back.
 */

import { link, mkdir, open, realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'

/**
 * Directories that this process has open: such locks don't hold within one process, and letting go of one lets go of all.
 * BOUNDED: by the stores that are open.
 */
const OPEN_HERE = new Set<string>()

/** Runs the work while nobody else has the directory; `undefined` where somebody has. */
export async function alone<T>(directory: string, work: () => Promise<T>): Promise<T | undefined> {
  const place = await realpath(directory)
  if (OPEN_HERE.has(place)) return undefined
  OPEN_HERE.add(place)
  const guardDirectory = join(directory, 'damaged', 'guard')
  let guard: ClassicLevel | undefined
  try {
    await rm(guardDirectory, { recursive: true, force: true })
    await mkdir(guardDirectory, { recursive: true })
    await (await open(join(directory, 'LOCK'), 'a')).close()
    await link(join(directory, 'LOCK'), join(guardDirectory, 'LOCK'))
    guard = new ClassicLevel(guardDirectory)
    try {
      await guard.open()
    } catch (error) {
      if (isLocked(error)) return undefined
      throw error
    }
    return await work()
  } finally {
    await guard?.close()
    await rm(guardDirectory, { recursive: true, force: true })
    OPEN_HERE.delete(place)
  }
}

/** The function lets go of it again. */
export async function holdHere(directory: string): Promise<() => void> {
  const place = await realpath(directory)
  OPEN_HERE.add(place)
  return () => OPEN_HERE.delete(place)
}

function isLocked(error: unknown): boolean {
  const cause = (error as { cause?: unknown } | null)?.cause
  return [error, cause].some((one) => (one as { code?: unknown } | null)?.code === 'LEVEL_LOCKED')
}
