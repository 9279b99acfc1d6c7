/**
 * The file of --user: one identity to write with, made if it is missing. It holds a private key in the clear, as an SSH
 * key without a passphrase does, so only its owner may read it.
 */

import { resolve } from 'node:path'
import { KeyPair } from '@shoal/peer'
import { CommandError } from './exit.ts'
import { createSecretFile, readSecretFile } from './secret-file.ts'

const FORMAT = 1

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
  let created: boolean
  try {
    created = await createSecretFile(path, text)
  } catch (error) {
    throw unwritable(path, error)
  }
  if (created) return { privateKey, created: true, exposed: false }
  // Another process was quicker: its identity is the one.
  const theirs = await readUserFile(path)
  if (theirs === undefined) throw unwritable(path)
  return theirs
}

async function readUserFile(path: string): Promise<UserFile | undefined> {
  let held: Awaited<ReturnType<typeof readSecretFile>>
  try {
    held = await readSecretFile(path)
  } catch (error) {
    throw new CommandError(`the identity file ${path} can't be read: check its rights, or give another with --user`, {
      cause: error,
    })
  }
  if (held === undefined) return undefined
  if (held === 'unlikely') throw damaged(path)
  return { privateKey: await privateKeyOf(path, held.text), created: false, exposed: held.exposed }
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
