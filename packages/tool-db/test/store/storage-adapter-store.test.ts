import { expect, test, vi } from 'vitest'
import { prefixRange } from '../../src/store/key-order.ts'
import { MemoryStore } from '../../src/store/memory.ts'
import { type StorageAdapter, ToolDbStorageAdapter } from '../../src/store/storage-adapter.ts'
import { StorageAdapterStore } from '../../src/store/storage-adapter-store.ts'
import { StorageFacade } from '../../src/store/storage-facade.ts'

const NOTHING_EXPECTED = new Map<string, string>()
const broken = (): Promise<never> => Promise.reject(new Error('the engine is down'))

function adapter(parts: Partial<StorageAdapter> = {}): StorageAdapter {
  return { put: async () => true, get: broken, query: async () => [], ...parts }
}

test('[ST-30] an adapter that cannot open says so in every call, with its cause', async () => {
  const store = new StorageAdapterStore(adapter({ ready: broken() }))
  const failure = {
    code: 'SHOAL_STORE_FAILED',
    message: 'the storage adapter could not open (the engine is down): see what its engine needs, then start again',
    cause: expect.objectContaining({ message: 'the engine is down' }),
  }
  await expect(store.ready).rejects.toMatchObject(failure)
  await expect(store.readMany(['a'])).rejects.toMatchObject(failure)
  await expect(store.commit([], NOTHING_EXPECTED, 'memory')).rejects.toMatchObject(failure)
  await expect(store.scan({ from: '' }, { limit: 1 })).rejects.toMatchObject(failure)
  await store.close()
})

test('[ST-30] a write or a query that fails rejects, thrown or rejected; a read that fails is a missing row', async () => {
  const thrower = (): never => {
    throw new Error('thrown')
  }
  for (const fault of [broken, thrower]) {
    const store = new StorageAdapterStore(adapter({ put: fault, get: fault, query: fault, close: fault }))
    const write = store.commit([{ kind: 'set', key: 'a', value: '1' }], NOTHING_EXPECTED, 'sync')
    await expect(write).rejects.toMatchObject({ code: 'SHOAL_STORE_FAILED', cause: expect.any(Error) })
    await expect(store.scan({ from: '' }, { limit: 1 })).rejects.toMatchObject({ code: 'SHOAL_STORE_FAILED' })
    expect(await store.readMany(['a'])).toEqual([undefined])
    await expect(store.close()).rejects.toMatchObject({ code: 'SHOAL_STORE_FAILED' })
  }
})

test('[ST-31] what is deleted is written as an empty text, and nothing that is no text is a row', async () => {
  const put = vi.fn(async () => true)
  const answers = new Map<string, unknown>([
    ['gone', ''],
    ['null', null],
    ['object', {}],
    ['row', '1'],
  ])
  const get = async (key: string): Promise<string> => answers.get(key) as string
  const store = new StorageAdapterStore(adapter({ put, get, query: async () => [...answers.keys()] }))
  await store.commit(
    [
      { kind: 'set', key: 'a', value: '1' },
      { kind: 'delete', key: 'a' },
    ],
    NOTHING_EXPECTED,
    'memory',
  )
  expect(put.mock.calls).toEqual([['a', '']])
  expect((await store.readMany([...answers.keys()])).map((row) => row?.value)).toEqual([
    undefined,
    undefined,
    undefined,
    '1',
  ])
  expect(await store.scan(prefixRange(''), { limit: 1 })).toEqual({ keys: ['row'], more: false })
})

test('[ST-32] a query that returns too much, twice, unsorted, or no text is put in order', async () => {
  const found = ['b', 'a2', 'a1', 'a2', '\u0000format', 7, null, 'c'] as string[]
  const query = vi.fn(async () => found)
  const store = new StorageAdapterStore(adapter({ get: async () => '1', query }))
  expect((await store.scan(prefixRange('a'), { limit: 10 })).keys).toEqual(['a1', 'a2'])
  expect((await store.scan(prefixRange(''), { limit: 10 })).keys).toEqual(['a1', 'a2', 'b', 'c'])
  expect((await store.scan({ from: 'a2', to: 'az' }, { limit: 10 })).keys).toEqual(['a2'])
  expect((await store.scan({ from: 'x😀', to: 'x😁' }, { limit: 10 })).keys).toEqual([])
  expect((await store.scan({ from: 'x😀a', to: 'x😁' }, { limit: 10 })).keys).toEqual([])
  // The prefix of a whole prefix range; else what both bounds share, never half a character.
  expect(query.mock.calls).toEqual([['a'], [''], ['a'], ['x😀'], ['x']])
})

test('[ST-33] our base class knows its name, and pretends nothing', async () => {
  const host = { options: { storageName: 'from options' }, logger: () => undefined }
  const plain = new ToolDbStorageAdapter(host)
  expect([plain.storageName, plain.tooldb]).toEqual(['from options', host])
  expect(new ToolDbStorageAdapter(host, 'forced').storageName).toBe('forced')
  await plain.ready
  for (const call of [plain.put('a', '1'), plain.get('a'), plain.query('a')]) {
    await expect(call).rejects.toMatchObject({ code: 'SHOAL_USAGE', message: /a storage adapter has its own/ })
  }
})

test('[ST-34] a store as tool-db knows it: put, get, query', async () => {
  const store = new MemoryStore()
  const facade = new StorageFacade(store)
  await facade.ready
  await store.commit([{ kind: 'set', key: '\u0000mine', value: 'secret' }], NOTHING_EXPECTED, 'memory')
  for (let i = 0; i < 2_500; i++) await facade.put(`k${i}`, `${i}`)
  expect(await facade.get('k7')).toBe('7')
  await expect(facade.get('missing')).rejects.toMatchObject({ code: 'SHOAL_NOT_FOUND' })
  expect(await facade.query('k249')).toEqual(['k249', ...Array.from({ length: 10 }, (_, i) => `k249${i}`)])
  expect(await facade.query('')).toHaveLength(2_500)
  for (const call of [facade.get('\u0000mine'), facade.put('\u0000mine', '1'), facade.query('\u0000')]) {
    await expect(call).rejects.toMatchObject({ code: 'SHOAL_USAGE' })
  }
  await facade.close()
  await expect(facade.get('k7')).rejects.toMatchObject({ code: 'SHOAL_CLOSED' })
})
