/** The file of `dht put --key`: one Ed25519 key, made if it is missing. Whoever has it can change what it was put for. */

import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import { fromHex, toHex } from '@shoal/base'
import { CommandError } from './exit.ts'
import { createSecretFile, readSecretFile } from './secret-file.ts'

const FORMAT = 1
const SEED_BYTES = 32

export interface ItemKeyFile {
  /** The 32-byte seed of RFC 8032. */
  readonly seed: Uint8Array
  readonly created: boolean
  readonly exposed: boolean
}

export async function openItemKeyFile(file: string): Promise<ItemKeyFile> {
  const path = resolve(file)
  const held = await readKey(path)
  if (held !== undefined) return held
  const seed = randomBytes(SEED_BYTES)
  const text = `${JSON.stringify({ shoal: 'item-key', v: FORMAT, seed: toHex(seed) }, undefined, 2)}\n`
  let created: boolean
  try {
    created = await createSecretFile(path, text)
  } catch (error) {
    throw unwritable(path, error)
  }
  if (created) return { seed, created: true, exposed: false }
  // Another process was quicker: its key is the one.
  const theirs = await readKey(path)
  if (theirs === undefined) throw unwritable(path)
  return theirs
}

async function readKey(path: string): Promise<ItemKeyFile | undefined> {
  let held: Awaited<ReturnType<typeof readSecretFile>>
  try {
    held = await readSecretFile(path)
  } catch (error) {
    throw new CommandError(`the key file ${path} can't be read: check its rights, or give another with --key`, {
      cause: error,
    })
  }
  if (held === undefined) return undefined
  if (held === 'unlikely') throw damaged(path)
  return { seed: seedOf(path, held.text), created: false, exposed: held.exposed }
}

function seedOf(path: string, text: string): Uint8Array {
  let held: unknown
  try {
    held = JSON.parse(text)
  } catch (error) {
    throw damaged(path, error)
  }
  if (typeof held !== 'object' || held === null) throw damaged(path)
  const { shoal, v, seed } = held as Record<string, unknown>
  if (shoal !== 'item-key') throw damaged(path)
  if (v !== FORMAT) {
    throw new CommandError(
      `the key file ${path} was written by a newer shoal: use that one, or give another with --key`,
    )
  }
  const bytes = typeof seed === 'string' ? fromHex(seed) : undefined
  if (bytes?.length !== SEED_BYTES) throw damaged(path)
  return bytes
}

function damaged(path: string, cause?: unknown): CommandError {
  return new CommandError(
    `${path} is not a key file of shoal: give another with --key, or a name that does not exist yet to make one`,
    { cause },
  )
}

function unwritable(path: string, cause?: unknown): CommandError {
  return new CommandError(
    `the key file ${path} can't be made: check the rights of its folder, or give another with --key`,
    {
      cause,
    },
  )
}
