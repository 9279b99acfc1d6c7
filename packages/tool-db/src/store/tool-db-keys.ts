/**
 * Where tool-db's LevelDB store keeps the keys of a peer: in a directory beside the data, whose name is put before the path of
 * the data as it was given. It is only read: a tool-db that is started again finds it as it was.
 */

import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { openError } from './leveldb-open.ts'

/** What stands there under a key; `undefined` where there is no such directory or key. Throws StoreError. */
export async function readToolDbKey(storageName: string, key: string): Promise<string | undefined> {
  const directory = `_____peer_${storageName}`
  try {
    // A file of every LevelDB: without it, opening would leave things behind.
    await access(join(directory, 'CURRENT'))
  } catch {
    return undefined
  }
  const level = new ClassicLevel(directory, { createIfMissing: false })
  try {
    await level.open()
    return await level.get(key)
  } catch (error) {
    throw openError(directory, error)
  } finally {
    await level.close()
  }
}
