/**
 * The file of --user: one identity to write with, made if it is missing. It holds a private key in the clear, as an SSH
 * key without a passphrase does, so only its owner may read it.
 */

import { randomUUID } from 'node:crypto'
import { link, mkdir, open, readFile, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { KeyPair } from '@shoal/peer'
import { CommandError } from './exit.ts'

const FORMAT = 1
/** Readable by others of this machine: anything beyond the owner's bits. */
const OTHERS_MAY = 0o077
const FILE_MAX_BYTES = 65_536

export interface UserFile {
  /** PKCS #8 in hex, as `keysSignIn` takes it. */
  readonly privateKey: string
  readonly created: boolean
  /** True where others of this machine can read the key. */
  readonly exposed: boolean
}

export async function openUserFile(file: string): Promise<UserFile> {
  const path = resolve(file)
  const held = await readUserFile(path)
  if (held !== undefined) return held
  const { privateKey } = (await KeyPair.generate()).exportText()
  const text = `${JSON.stringify({ shoal: 'user', v: FORMAT, privateKey }, undefined, 2)}\n`
  const created = await createAtomically(path, text)
  if (created) return { privateKey, created: true, exposed: false }
  // Another process was quicker: its identity is the one.
  const theirs = await readUserFile(path)
  if (theirs === undefined) throw unwritable(path)
  return theirs
}

async function readUserFile(path: string): Promise<UserFile | undefined> {
  let text: string
  let exposed: boolean
  try {
    const info = await stat(path)
    if (!info.isFile() || info.size > FILE_MAX_BYTES) throw damaged(path)
    exposed = process.platform !== 'win32' && (info.mode & OTHERS_MAY) !== 0
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof CommandError) throw error
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new CommandError(`the identity file ${path} can't be read: check its rights, or give another with --user`, {
      cause: error,
    })
  }
  return { privateKey: await privateKeyOf(path, text), created: false, exposed }
}

async function privateKeyOf(path: string, text: string): Promise<string> {
  let held: unknown
  try {
    held = JSON.parse(text)
  } catch (error) {
    throw damaged(path, error)
  }
  if (typeof held !== 'object' || held === null) throw damaged(path)
  const { shoal, v, privateKey } = held as Record<string, unknown>
  if (shoal !== 'user' || typeof privateKey !== 'string') throw damaged(path)
  if (v !== FORMAT) {
    throw new CommandError(
      `the identity file ${path} was written by a newer shoal: use that one, or give another file with --user`,
    )
  }
  try {
    await KeyPair.fromPrivateKey(privateKey)
  } catch (error) {
    throw damaged(path, error)
  }
  return privateKey
}

/** The whole file or none, and never over one that is there: false where there is one by now. */
async function createAtomically(path: string, text: string): Promise<boolean> {
  const folder = dirname(path)
  const draft = join(folder, `.${basename(path)}.${randomUUID()}`)
  try {
    await mkdir(folder, { recursive: true })
    const handle = await open(draft, 'wx', 0o600)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await link(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw unwritable(path, error)
  } finally {
    await rm(draft, { force: true })
  }
}

function damaged(path: string, cause?: unknown): CommandError {
  return new CommandError(
    `${path} is not an identity file of shoal: give another with --user, or a name that does not exist yet to make one`,
    { cause },
  )
}

function unwritable(path: string, cause?: unknown): CommandError {
  return new CommandError(
    `the identity file ${path} can't be made: check the rights of its folder, or give another with --user`,
    { cause },
  )
}
