import { expect, test } from 'vitest'
import { MapCrdt } from '../../src/index.ts'
import { MemoryStore } from '../../src/store/memory.ts'
import { ToolDbStorageAdapter } from '../../src/store/storage-adapter.ts'
import { connected, placeOf, server, started, temporaryDirectory } from './world.ts'

class MapAdapter extends ToolDbStorageAdapter {
  readonly #rows = new Map<string, string>()

  override async put(key: string, data: string): Promise<void> {
    this.#rows.set(key, data)
  }

  override async get(key: string): Promise<string> {
    return this.#rows.get(key) ?? ''
  }

  override async query(key: string): Promise<string[]> {
    return [...this.#rows.keys()].filter((each) => each.startsWith(key))
  }
}

test('[Y-44] syncPrefix brings a client what its server has under a prefix, and then what is new; it reads it with no server there', async () => {
  const db = await server({ store: undefined, storageName: await temporaryDirectory() })
  await Promise.all(Array.from({ length: 400 }, (_, i) => db.putData(`chat-${i}`, { i })))
  await db.putData('other', 1)
  await db.deleteData('chat-7')
  const document = new MapCrdt(db.userAccount.getAddress() ?? '')
  document.SET('title', 'minutes')
  await db.putCrdt('chat-doc', document)
  const client = await started({ peers: [placeOf(db)] })
  const heard: string[] = []
  client.addKeyListener('chat-', ({ k }) => heard.push(k))
  // It is connected a moment later.
  expect(await client.syncPrefix('chat-')).toEqual({ stored: 401, servers: 1, complete: true })
  // At once, and then at most every triggerDebouce.
  expect(heard.length).toBeGreaterThan(0)
  expect(await client.syncPrefix('chat-')).toEqual({ stored: 0, servers: 1, complete: true })
  await db.putData('chat-399', 'newer')
  expect(await client.syncPrefix('chat-')).toEqual({ stored: 1, servers: 1, complete: true })
  await db.close()
  expect(await client.getData('chat-399')).toBe('newer')
  expect(await client.getData('chat-7')).toBeNull()
  expect((await client.queryKeys('chat-')).length).toBe(400)
  const read = await client.getCrdt('chat-doc', new MapCrdt<string>(client.userAccount.getAddress() ?? ''))
  expect(read.value).toEqual({ title: 'minutes' })
  expect(await client.getData('other')).toBeNull()
})

test('[Y-44] one’s own namespace can be brought along to another machine', async () => {
  const db = await server()
  const first = await started({ peers: [placeOf(db)] })
  await connected(first)
  await first.signUp('ada', 'secret')
  await first.signIn('ada', 'secret')
  for (let i = 0; i < 20; i++) await first.putData(`note-${i}`, i, true, { confirm: 1 })
  await first.close()
  const second = await started({ peers: [placeOf(db)] })
  await connected(second)
  await second.signIn('ada', 'secret')
  expect(await second.syncPrefix('note-', true)).toMatchObject({ stored: 20, complete: true })
  expect(await second.getData('note-3', true)).toBe(3)
})

test('[Y-44] wrong use is one sentence; with nobody there it ends when its time is over', async () => {
  const db = await server()
  await expect(db.syncPrefix('a')).rejects.toThrow('a server has everything that the others have by itself')
  const client = await started()
  expect(await client.syncPrefix('a', false, 50)).toEqual({ stored: 0, servers: 0, complete: false })
  await expect(client.syncPrefix(5 as never)).rejects.toMatchObject({ code: 'SHOAL_USAGE' })
  const foreign = await started({ storageAdapter: MapAdapter })
  await expect(foreign.syncPrefix('a')).rejects.toThrow('needs a store of ours')
})

test('[Y-44] a prefix of more records than are compared at once is refused with what to do', async () => {
  const store = new MemoryStore()
  const db = await server({ store })
  const { data } = await db.putData('many', 1)
  // Rows alone: nothing is verified when they are counted.
  const rows = Array.from({ length: 10_001 }, (_, i) => {
    const key = `many-${i}`
    return { kind: 'set', key, value: JSON.stringify({ ...data, k: key }) } as const
  })
  await store.commit(rows, new Map(), 'memory')
  const client = await started({ peers: [placeOf(db)] })
  await expect(client.syncPrefix('many-')).rejects.toMatchObject({
    code: 'SHOAL_PREFIX_TOO_LARGE',
    message: 'more than 10000 records begin with "many-": sync longer prefixes, one after the other',
  })
})
