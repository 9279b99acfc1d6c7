/**
 * The checksums of a LevelDB directory, read before the engine opens it: the engine takes what it finds for good, and rewrites
 * it with new checksums. Nothing is changed here.
 */

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readLog, writtenLog } from './log-file.ts'
import { type LiveFiles, liveFilesOf } from './manifest-file.ts'
import { checkTable } from './table-file.ts'

/** What is wrong with one file. */
export interface FileDamage {
  readonly file: string
  readonly what: string
  /** What of it is good, as a file of the same kind; absent where nothing is, or where the engine rebuilds it. */
  readonly rest?: Uint8Array
}

export interface CheckedFiles {
  readonly damage: readonly FileDamage[]
  /** Records that were being written when the process or the machine died, one in each log at most. */
  readonly cut: number
  readonly bytes: number
}

const NOTHING: CheckedFiles = { damage: [], cut: 0, bytes: 0 }
/** What is read before a store opens. A larger one is checked as far as this, newest tables first, and its records one by one later. */
export const TABLE_BYTES_MAX: number = 1_024 * 1_048_576

/** Of a directory without a database: nothing. Rejects with the system's error where files can't be read. */
export async function checkFiles(directory: string, bytesMax: number = TABLE_BYTES_MAX): Promise<CheckedFiles> {
  const names = await readdir(directory)
  if (!names.some((name) => name === 'CURRENT' || DATA.test(name))) return NOTHING
  const { damage, live, bytes } = await checkManifest(directory, names)
  const logs = await checkLogs(directory, logsOf(names, live.logsFrom))
  const tables = await checkTables({ directory, names, live: live.tables, bytesMax })
  return {
    damage: [...damage, ...logs.damage, ...tables.damage],
    cut: logs.cut,
    bytes: bytes + logs.bytes + tables.bytes,
  }
}

async function checkManifest(
  directory: string,
  names: readonly string[],
): Promise<{ damage: readonly FileDamage[]; live: LiveFiles; bytes: number }> {
  const unknown = (file: string, what: string): { damage: readonly FileDamage[]; live: LiveFiles; bytes: number } => {
    // Every file counts then: the engine finds out which rows are the newest.
    const tables = new Map(names.flatMap((name) => [[numberOf(name, TABLE), undefined] as const]))
    tables.delete(undefined)
    return { damage: [{ file, what }], live: { tables: tables as LiveFiles['tables'], logsFrom: 0 }, bytes: 0 }
  }
  if (!names.includes('CURRENT')) return unknown('CURRENT', 'is missing')
  const current = (await readFile(join(directory, 'CURRENT'), 'latin1')).trimEnd()
  if (numberOf(current, MANIFEST) === undefined || !names.includes(current)) {
    return unknown('CURRENT', 'names no manifest that is there')
  }
  const manifest = await readFile(join(directory, current))
  const live = liveFilesOf(manifest)
  if (live === undefined) return unknown(current, 'is damaged')
  return { damage: [], live, bytes: manifest.length }
}

const LOG = /^(\d+)\.log$/
const TABLE = /^(\d+)\.(?:ldb|sst)$/
const DATA = /^(?:\d+\.(?:log|ldb|sst)|MANIFEST-\d+)$/
const MANIFEST = /^MANIFEST-(\d+)$/

function numberOf(name: string, form: RegExp): number | undefined {
  const digits = form.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

function logsOf(names: readonly string[], from: number): readonly string[] {
  return names.filter((name) => (numberOf(name, LOG) ?? -1) >= from).sort()
}

async function checkLogs(directory: string, names: readonly string[]): Promise<CheckedFiles> {
  const damage: FileDamage[] = []
  let [cut, bytes] = [0, 0]
  for (const file of names) {
    const content = await readFile(join(directory, file))
    const { state, records } = readLog(content)
    bytes += content.length
    if (state.kind === 'cut') cut++
    if (state.kind === 'damaged') {
      damage.push({ file, what: `is damaged at byte ${state.at}`, rest: writtenLog(records) })
    }
  }
  return { damage, cut, bytes }
}

async function checkTables({
  directory,
  names,
  live,
  bytesMax,
}: {
  readonly directory: string
  readonly names: readonly string[]
  readonly live: LiveFiles['tables']
  readonly bytesMax: number
}): Promise<CheckedFiles> {
  const files = new Map(names.flatMap((name) => [[numberOf(name, TABLE), name] as const]))
  const damage: FileDamage[] = []
  let bytes = 0
  for (const [number, length] of [...live].sort(([a], [b]) => b - a)) {
    const file = files.get(number)
    if (file === undefined) damage.push({ file: `${String(number).padStart(6, '0')}.ldb`, what: 'is missing' })
    if (file === undefined || bytes > bytesMax) continue
    const content = await readFile(join(directory, file))
    bytes += content.length
    const fault = tableFault(content, length)
    if (fault !== undefined) damage.push({ file, ...fault })
  }
  return { damage, cut: 0, bytes }
}

function tableFault(content: Uint8Array, length: number | undefined): Omit<FileDamage, 'file'> | undefined {
  const state = checkTable(content)
  if (state.kind === 'whole') {
    // Left by a repair that was cut short.
    const isOther = length !== undefined && length !== content.length
    return isOther ? { what: 'is not as long as it was written', rest: content } : undefined
  }
  const { blocks, damagedBlocks, rest } = state
  const what = blocks === 0 ? 'has no readable index' : `is damaged in ${damagedBlocks} of ${blocks} blocks`
  return { what, ...(rest !== undefined && { rest }) }
}
