import { join } from 'node:path'
import { test } from 'vitest'
import { LevelDbStore } from '../../src/store/leveldb.ts'
import { storeContract } from '../../src/testing/index.ts'
import { temporaryDirectories } from './temporary-directory.ts'

const newDirectory = temporaryDirectories()

storeContract({
  test,
  name: 'LevelDB',
  open: async () => {
    const directory = join(newDirectory(), 'db')
    return { store: new LevelDbStore(directory), reopen: async () => new LevelDbStore(directory) }
  },
})
