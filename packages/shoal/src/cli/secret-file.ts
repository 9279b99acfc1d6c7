/**
 * Small files that hold a secret in the clear, as an SSH key without a passphrase does: only their owner may read them, and
 * they are there as a whole or not at all.
 */

import { randomUUID } from 'node:crypto'
import { link, mkdir, open, readFile, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** Readable by others of this machine: anything beyond the owner's bits. */
const OTHERS_MAY = 0o077
const FILE_MAX_BYTES = 65_536

export interface SecretText {
  readonly text: string
  /** True where others of this machine can read it. */
  readonly exposed: boolean
}

/** `undefined` where there is no file; `'unlikely'` where there is something that is no file of ours. Throws as the system does. */
export async function readSecretFile(path: string): Promise<SecretText | 'unlikely' | undefined> {
  try {
    const info = await stat(path)
    if (!info.isFile() || info.size > FILE_MAX_BYTES) return 'unlikely'
    const exposed = process.platform !== 'win32' && (info.mode & OTHERS_MAY) !== 0
    return { text: await readFile(path, 'utf8'), exposed }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Never over a file that is there: false where there is one by now. Throws as the system does. */
export async function createSecretFile(path: string, text: string): Promise<boolean> {
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
    throw error
  } finally {
    await rm(draft, { force: true })
  }
}
