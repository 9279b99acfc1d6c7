/** LevelDB directories for tests that damage them: rows that do not compress, in a log or in tables. */

import { createHash } from 'node:crypto'
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { LevelDbStore } from '../../src/store/leveldb.ts'

/** What stands under a key, found again from the key alone. */
export function textOf(key: string): string {
  let text = ''
  for (let i = 0; text.length < 500; i++) text += createHash('sha256').update(`${key}${i}`).digest('base64')
  return JSON.stringify(text)
}

export function keysFrom(count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => `k${String(i).padStart(6, '0')}`)
}

/** Keys in tables, several of them, and the last few in the log. */
export async function writeTables(directory: string, keys: readonly string[], inLog: number): Promise<void> {
  // Small files, so that there are several of them.
  const level = new ClassicLevel(directory, { writeBufferSize: 524_288, maxFileSize: 1_048_576 })
  const inTables = keys.slice(0, -inLog)
  for (let from = 0; from < inTables.length; from += 500) {
    await level.batch(inTables.slice(from, from + 500).map((key) => ({ type: 'put', key, value: textOf(key) })))
  }
  await level.compactRange('a', 'z')
  await level.close()
  const again = new ClassicLevel(directory)
  for (const key of keys.slice(-inLog)) await again.put(key, textOf(key))
  await again.close()
}

/** The files of a store as kill -9 would leave them: what lies in the log is in no table yet. */
export function copyOf(directory: string, to: string): string {
  cpSync(directory, to, { recursive: true })
  return to
}

export function filesOf(directory: string, ending: RegExp): readonly string[] {
  return readdirSync(directory)
    .filter((name) => ending.test(name))
    .sort()
    .map((name) => join(directory, name))
}

export function flipBit(file: string, at: number): void {
  const bytes = readFileSync(file)
  bytes[at] = (bytes[at] as number) ^ 0x10
  writeFileSync(file, bytes)
}

export interface Found {
  readonly missing: readonly string[]
  /** Keys whose value is another than was written. */
  readonly wrong: readonly string[]
  readonly store: LevelDbStore
}

/** Opens the store, and compares everything that is there. */
export async function find(directory: string, keys: readonly string[]): Promise<Found> {
  const store = new LevelDbStore(directory)
  const rows = await store.readMany(keys)
  const missing = keys.filter((_, i) => rows[i] === undefined)
  const wrong = keys.filter((key, i) => rows[i] !== undefined && rows[i]?.value !== textOf(key))
  return { missing, wrong, store }
}
