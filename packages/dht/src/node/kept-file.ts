/**
 * What is remembered from run to run: a small versioned JSON file, written whole and then renamed, so that a crash leaves
 * the old one or the new one. What is read is checked like a packet: the file may be damaged, or another's.
 */

import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { StateFileError } from '../errors.ts'

export type KeptFields = Readonly<Record<string, unknown>>

export interface KeptFile<T> {
  /** For sentences: "state file". */
  readonly name: string
  readonly format: string
  readonly version: number
  /** Far more than is ever written: a longer file is not even read. */
  readonly bytesMax: number
  /** `undefined` where an entry is wrong. */
  parse(fields: KeptFields): T | undefined
}

export interface KeptRead<T> {
  readonly value: T | undefined
  /** Why the file that was there is not used, and where it lies now. */
  readonly warning: string | undefined
}

/** Throws a StateFileError where the file is of a later version or cannot be read at all. */
export function readKeptFile<T>(path: string, kind: KeptFile<T>, now: Date): KeptRead<T> {
  const aside = (why: string): KeptRead<T> => setAside(path, { name: kind.name, why, now })
  let text: string
  try {
    if (statSync(path).size > kind.bytesMax) return aside('is too large')
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    if (isMissing(cause)) return { value: undefined, warning: undefined }
    throw new StateFileError(`cannot read the ${kind.name} ${path}: name another one, or make it readable`, { cause })
  }
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return aside('is no JSON')
  }
  const version = isKeptFields(json) && json['format'] === kind.format ? json['version'] : undefined
  if (!isKeptFields(json) || typeof version !== 'number' || !Number.isSafeInteger(version) || version < 1) {
    return aside(`is no ${kind.name} of this program`)
  }
  if (version > kind.version) {
    throw new StateFileError(
      `the ${kind.name} ${path} was written by a later version of this program: update it, or name another file`,
    )
  }
  const value = kind.parse(json)
  return value === undefined ? aside('has wrong entries') : { value, warning: undefined }
}

/** Throws what the system throws. */
export function writeKeptFile(
  path: string,
  kind: Pick<KeptFile<unknown>, 'format' | 'version'>,
  fields: KeptFields,
): void {
  const text = `${JSON.stringify({ format: kind.format, version: kind.version, ...fields })}\n`
  mkdirSync(dirname(path), { recursive: true })
  const temporary = `${path}.${process.pid}.tmp`
  try {
    // What lies under that name is of a process that is gone, or was put there for us to write through.
    rmSync(temporary, { force: true })
    const file = openSync(temporary, 'wx', 0o600)
    try {
      // Unlike writeSync it goes on until all is written.
      writeFileSync(file, text)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  syncFolder(dirname(path))
}

export function isKeptFields(value: unknown): value is KeptFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Makes the renaming last; not every system lets a folder be opened. */
function syncFolder(path: string): void {
  try {
    const folder = openSync(path, 'r')
    try {
      fsyncSync(folder)
    } finally {
      closeSync(folder)
    }
  } catch {
    // The file itself is whole in any case.
  }
}

/** The program goes on without it, and whoever wants to know what happened still has it. */
function setAside(path: string, about: { name: string; why: string; now: Date }): KeptRead<never> {
  const { name, why, now } = about
  const aside = `${path}.damaged-${now.toISOString().replaceAll(':', '-')}`
  try {
    renameSync(path, aside)
  } catch (cause) {
    throw new StateFileError(`the ${name} ${path} ${why} and cannot be set aside: name another one`, { cause })
  }
  return { value: undefined, warning: `the ${name} ${path} ${why}; it was set aside as ${aside}` }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}
