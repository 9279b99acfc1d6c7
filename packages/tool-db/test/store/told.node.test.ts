import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MapCrdt } from '../../src/core/crdt/map-crdt.ts'
import { MemoryStore } from '../../src/store/memory.ts'
import type { Store, StoreCondition, StoreHealth } from '../../src/store/store.ts'
import { StoreError } from '../../src/store/store-error.ts'
import { ToolDb } from '../../src/tool-db.ts'
import { filesOf, flipBit } from './level-rows.ts'
import { temporaryDirectories } from './temporary-directory.ts'

const newDirectory = temporaryDirectories()

test('[ST-47] a database whose store was damaged says so, and serves what is left', async () => {
  const directory = join(newDirectory(), 'db')
  const options = { topic: 'told', server: true, port: 0, bind: '127.0.0.1', storageName: directory }
  const before = new ToolDb(options)
  for (let i = 0; i < 5; i++) await before.putData(`k${i}`, i)
  await before.close()
  const [log] = filesOf(directory, /\.log$/) as [string]
  flipBit(log, readFileSync(log).length - 20)

  const db = new ToolDb(options)
  const conditions: StoreCondition[] = []
  db.on('store-damaged', (condition: StoreCondition) => conditions.push(condition))
  await db.ready
  expect(conditions).toMatchObject([{ damage: [{ file: log.slice(directory.length + 1) }], isRebuilt: false }])
  expect(db.stats()).toMatchObject({ 'store.damaged-files': 1, 'now.store-refusing': 0 })
  const values = await Promise.all([0, 1, 2, 3, 4].map((i) => db.getData(`k${i}`, false, 50)))
  expect(values.slice(0, 4)).toEqual([0, 1, 2, 3])
  await db.close()
})

test('[ST-47] a database whose store refuses writes says so, and when it takes them again', async () => {
  let tell: (health: StoreHealth) => void = () => undefined
  const store: Store = Object.assign(new MemoryStore(), {
    onHealth: (listener: (health: StoreHealth) => void) => {
      tell = listener
    },
  })
  const db = new ToolDb({ topic: 'told', store })
  const told: unknown[] = []
  db.on('store-refusing', (error: StoreError) => told.push(error.code))
  db.on('store-writing', () => told.push('writing'))
  await db.ready
  tell({ kind: 'refusing', error: new StoreError('SHOAL_STORE_FAILED', 'the disk is full') })
  expect(db.stats()).toMatchObject({ 'now.store-refusing': 1, 'store.failures': 1 })
  tell({ kind: 'writing' })
  expect(db.stats()).toMatchObject({ 'now.store-refusing': 0, 'store.failures': 1 })
  expect(told).toEqual(['SHOAL_STORE_FAILED', 'writing'])
  await db.close()
})

test('[T-50] a store that can’t be read: every read rejects with SHOAL_READ_FAILED and the cause, and goes on once it can', async () => {
  const cause = new StoreError('SHOAL_STORE_FAILED', 'could not read the store')
  let isFailing = false
  class Failing extends MemoryStore {
    override readNow(keys: readonly string[]): ReturnType<MemoryStore['readNow']> {
      if (isFailing) throw cause
      return super.readNow(keys)
    }
    override readMany(keys: readonly string[]): ReturnType<MemoryStore['readMany']> {
      return isFailing ? Promise.reject(cause) : super.readMany(keys)
    }
    override scan(...ask: Parameters<MemoryStore['scan']>): ReturnType<MemoryStore['scan']> {
      return isFailing ? Promise.reject(cause) : super.scan(...ask)
    }
  }
  const store = new Failing()
  const db = new ToolDb({ topic: 'told', store })
  await db.putData('k', 1)
  isFailing = true
  const failed = { code: 'SHOAL_READ_FAILED', cause }
  await expect(db.getData('k')).rejects.toMatchObject(failed)
  await expect(db.getRecord('k')).rejects.toMatchObject(failed)
  await expect(db.queryKeys('')).rejects.toMatchObject(failed)
  await expect(db.getCrdt('doc', new MapCrdt('reader'))).rejects.toMatchObject(failed)
  await expect(db.putData('k', 2)).rejects.toMatchObject({ code: 'SHOAL_PUT_REFUSED', reason: 'STORE_FAILED', cause })
  isFailing = false
  expect(await db.getData('k')).toBe(1)
  await db.close()
})
