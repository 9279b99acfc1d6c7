/** The contract again, on adapters written for tool-db: a small one on our base class, and the real LevelDB one from npm. */

import { createRequire } from 'node:module'
import { join } from 'node:path'
import { test } from 'vitest'
import { type StorageAdapter, type StorageAdapterHost, ToolDbStorageAdapter } from '../../src/store/storage-adapter.ts'
import { StorageAdapterStore } from '../../src/store/storage-adapter-store.ts'
import { storeContract } from '../../src/testing/index.ts'
import { temporaryDirectories } from './temporary-directory.ts'

type AdapterClass = new (db: StorageAdapterHost, forceStorageName?: string) => StorageAdapter

const RealLevelDb = (createRequire(import.meta.url)('@tool-db/leveldb-store') as { default: AdapterClass }).default
const newDirectory = temporaryDirectories()
const host: StorageAdapterHost = { options: { storageName: 'unused' }, logger: () => undefined }

class MapAdapter extends ToolDbStorageAdapter {
  readonly rows = new Map<string, string>()

  override async put(key: string, data: string): Promise<void> {
    await this.waitForReady()
    this.rows.set(key, data)
  }

  override async get(key: string): Promise<string> {
    const value = this.rows.get(key)
    if (value === undefined) throw new Error('not there')
    return value
  }

  override async query(prefix: string): Promise<string[]> {
    return [...this.rows.keys()].filter((key) => key.startsWith(prefix))
  }
}

storeContract({
  test,
  name: 'an adapter on our base class',
  open: async () => ({ store: new StorageAdapterStore(new MapAdapter(host)) }),
})

storeContract({
  test,
  name: '@tool-db/leveldb-store',
  open: async () => {
    const directory = join(newDirectory(), 'db')
    const open = (): StorageAdapterStore => new StorageAdapterStore(new RealLevelDb(host, directory))
    return { store: open(), reopen: async () => open() }
  },
  // Its query ends at prefix + U+FFFF in the order of bytes, so it never sees keys that go on with U+10000 or above.
  ordersAllOfUnicode: false,
})
