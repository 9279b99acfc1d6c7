/**
 * Damaged files of a LevelDB directory are moved to `damaged/<time>/`, never deleted, and what is good of them takes their
 * place. Each step leaves a directory that the next try can go on from.
 */

import { link, mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import type { FileDamage } from './check-files.ts'

/** Where the engine moves what it has read anew. */
const LOST = 'lost'

export interface SetAside {
  /** Where the damaged files are now. */
  readonly place: string
  /** The engine has put its tables together anew: single rows may be missing, or be there in an older version. */
  readonly isRebuilt: boolean
}

/** Nobody else has the directory. `now` names the place. */
export async function setAside(directory: string, damage: readonly FileDamage[], now: Date): Promise<SetAside> {
  const place = await newPlace(directory, now)
  const lines = damage.map(({ file, what }) => `${file} ${what}\n`)
  await writeFile(join(place, 'REPORT'), `${now.toISOString()}\n${lines.join('')}`, { flush: true })
  const present = new Set(await readdir(directory))
  for (const { file, rest } of damage) {
    if (!present.has(file)) continue
    await link(join(directory, file), join(place, file))
    if (rest !== undefined) await replace(join(directory, file), rest)
    // The engine finds its way without it, or makes it anew.
    else await rm(join(directory, file))
  }
  await flush(place)
  await flush(directory)
  // A log stands for itself; tables stand in the manifest with their lengths.
  const isRebuilt = damage.some(({ file }) => !file.endsWith('.log'))
  if (isRebuilt) await rebuild(directory, place)
  return { place, isRebuilt }
}

/** The engine reads every file and makes a new manifest. Rejects with its error. */
async function rebuild(directory: string, place: string): Promise<void> {
  await ClassicLevel.repair(directory)
  if ((await readdir(directory)).includes(LOST)) await rename(join(directory, LOST), join(place, 'read-anew'))
  await flush(directory)
}

async function newPlace(directory: string, now: Date): Promise<string> {
  const name = now.toISOString().replaceAll(/[-:]|\.\d+/g, '')
  for (let i = 0; ; i++) {
    const place = join(directory, 'damaged', i === 0 ? name : `${name}-${i}`)
    await mkdir(join(directory, 'damaged'), { recursive: true })
    try {
      await mkdir(place)
      return place
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'EEXIST') throw error
    }
  }
}

async function replace(file: string, content: Uint8Array): Promise<void> {
  const draft = `${file}.draft`
  await writeFile(draft, content, { flush: true })
  await rename(draft, file)
}

export async function flush(directory: string): Promise<void> {
  // Windows can't open a directory, and needs no flush of one.
  if (process.platform === 'win32') return
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
