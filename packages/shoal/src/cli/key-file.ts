/** A file that holds one secret key, made if it is missing. What kinds there are, and what their sentences say, is theirs. */

import { resolve } from 'node:path'
import { CommandError } from './exit.ts'
import { createSecretFile, readSecretFile } from './secret-file.ts'

const FORMAT = 1

export interface KeyFileKind {
  /** Stands in the file, so that no kind is taken for another. */
  readonly mark: string
  /** The property that holds the key. */
  readonly field: string
  /** As sentences call it. */
  readonly name: string
  readonly flag: string
  make(): Promise<string>
  /** Rejects with what is wrong with it. */
  check(key: string): Promise<unknown>
}

export interface KeyFile {
  readonly key: string
  readonly created: boolean
  /** True where others of this machine can read the key. */
  readonly exposed: boolean
}

export async function openKeyFile(file: string, kind: KeyFileKind): Promise<KeyFile> {
  const path = resolve(file)
  const held = await readKeyFile(path, kind)
  if (held !== undefined) return held
  const key = await kind.make()
  const text = `${JSON.stringify({ shoal: kind.mark, v: FORMAT, [kind.field]: key }, undefined, 2)}\n`
  let created: boolean
  try {
    created = await createSecretFile(path, text)
  } catch (error) {
    throw unwritable(path, kind, error)
  }
  if (created) return { key, created: true, exposed: false }
  // Another process was quicker: its key is the one.
  const theirs = await readKeyFile(path, kind)
  if (theirs === undefined) throw unwritable(path, kind)
  return theirs
}

async function readKeyFile(path: string, kind: KeyFileKind): Promise<KeyFile | undefined> {
  let held: Awaited<ReturnType<typeof readSecretFile>>
  try {
    held = await readSecretFile(path)
  } catch (cause) {
    const sentence = `the ${kind.name} ${path} can't be read: check its rights, or give another with ${kind.flag}`
    throw new CommandError(sentence, { cause })
  }
  if (held === undefined) return undefined
  if (held === 'unlikely') throw damaged(path, kind)
  return { key: await keyOf(path, held.text, kind), created: false, exposed: held.exposed }
}

async function keyOf(path: string, text: string, kind: KeyFileKind): Promise<string> {
  let held: unknown
  try {
    held = JSON.parse(text)
  } catch (cause) {
    throw damaged(path, kind, cause)
  }
  if (typeof held !== 'object' || held === null) throw damaged(path, kind)
  const { shoal, v, [kind.field]: key } = held as Record<string, unknown>
  if (shoal !== kind.mark || typeof key !== 'string') throw damaged(path, kind)
  if (v !== FORMAT) {
    throw new CommandError(
      `the ${kind.name} ${path} was written by a newer shoal: use that one, or give another file with ${kind.flag}`,
    )
  }
  try {
    await kind.check(key)
  } catch (cause) {
    throw damaged(path, kind, cause)
  }
  return key
}

function damaged(path: string, kind: KeyFileKind, cause?: unknown): CommandError {
  return new CommandError(
    `${path} is no ${kind.name} of shoal: give another with ${kind.flag}, or a name that does not exist yet to make one`,
    { cause },
  )
}

function unwritable(path: string, kind: KeyFileKind, cause?: unknown): CommandError {
  return new CommandError(
    `the ${kind.name} ${path} can't be made: check the rights of its folder, or give another with ${kind.flag}`,
    { cause },
  )
}
