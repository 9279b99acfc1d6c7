import { expect, test } from 'vitest'
import { BaseCrdt, CounterCrdt, CRDT_MAP, ListCrdt, type MapChanges, MapCrdt, type ToolDb } from '../../src/index.ts'
import { LevelDbStore } from '../../src/store/leveldb.ts'
import { connected, placeOf, server, started, temporaryDirectory, until } from '../face/world.ts'
import { theirs } from '../records/golden.ts'

const address = (db: ToolDb): string => db.userAccount.getAddress() ?? ''

test('[CR-40] documents of all kinds between two clients, over real connections, as the documentation has it', async () => {
  const a = await server()
  const [ada, bea] = [await started({ peers: [placeOf(a)] }), await started({ peers: [placeOf(a)] })]
  await Promise.all([connected(ada), connected(bea)])

  const map = new MapCrdt<number>(address(ada))
  map.SET('dogs', 3)
  map.SET('birds', 1)
  map.DEL('birds')
  const message = await ada.putCrdt('animals', map, false, { confirm: 1 })
  expect(message).toMatchObject({ type: 'crdtPut', data: { k: 'animals', c: CRDT_MAP, a: address(ada) } })
  const hers = new MapCrdt<number>(address(bea))
  expect(await bea.getCrdt('animals', hers)).toBe(hers)
  expect(hers.value).toEqual({ dogs: 3 })
  hers.SET('dogs', 4)
  hers.SET('cats', 2)
  await bea.putCrdt('animals', hers, false, { confirm: 1 })
  await ada.getCrdt('animals', map)
  expect(map.value).toEqual({ dogs: 4, cats: 2 })
  // What is read as a value is the newest set, as a record; keys are found by queries.
  expect(await ada.queryKeys('anim')).toEqual(['animals'])

  const list = new ListCrdt<string>(address(ada))
  list.PUSH('first')
  list.PUSH('second')
  list.INS('inserted', 1)
  list.DEL(0)
  await ada.putCrdt('list', list, false, { confirm: 1 })
  expect((await bea.getCrdt('list', new ListCrdt<string>('reader'))).value).toEqual(['inserted', 'second'])

  const counter = new CounterCrdt(address(ada))
  counter.ADD(10)
  counter.SUB(3)
  await ada.putCrdt('counter', counter, true, { confirm: 1 })
  expect((await ada.getCrdt('counter', new CounterCrdt(address(ada)), true)).value).toBe(7)
  expect((await bea.getCrdt(ada.getUserNamespacedKey('counter'), new CounterCrdt('reader'))).value).toBe(7)
  expect((await bea.getCrdt('nothing', new CounterCrdt('reader'))).value).toBe(0)
})

test('[CR-40] a subscription brings what is new to a document, and events tell of it as in tool-db', async () => {
  const a = await server()
  const [ada, bea] = [await started({ peers: [placeOf(a)] }), await started({ peers: [placeOf(a)] })]
  await Promise.all([connected(ada), connected(bea)])
  const told: unknown[] = []
  a.on('crdtput', (message) => told.push(message.data.k))
  const map = new MapCrdt<number>(address(ada))
  map.SET('before', 1)
  await ada.putCrdt('doc', map, false, { confirm: 1 })
  const heard = new MapCrdt<number>(address(bea))
  bea.addKeyListener<MapChanges<number>[]>('doc', ({ v }) => heard.mergeChanges(v))
  await bea.subscribeData('doc')
  await until(() => heard.value['before'] === 1)
  for (let i = 0; i < 20; i++) {
    map.SET(`key ${i}`, i)
    await ada.putCrdt('doc', map)
  }
  await until(() => Object.keys(heard.value).length === 21)
  expect(told).toContain('doc')
})

test('[CR-40] documents of tool-db’s own classes are taken too', async () => {
  const db = await server()
  const counter = new theirs.CounterCrdt(address(db))
  counter.ADD(5)
  expect(await db.putCrdt('n', counter)).toMatchObject({ data: { c: 'COUNTER' } })
  expect((await db.getCrdt('n', new theirs.CounterCrdt('reader'))).value).toBe(5)
  const map = new theirs.MapCrdt(address(db))
  map.SET('x', 1)
  await db.putCrdt('m', map)
  map.SET('y', 2)
  await db.putCrdt('m', map)
  expect((await db.getCrdt('m', new theirs.MapCrdt('reader'))).value).toEqual({ x: 1, y: 2 })
})

test('[CR-40] a long history goes out in several sets, and one change more in one that is short', async () => {
  const db = await server()
  const list = new ListCrdt<string>(address(db))
  for (let i = 0; i < 3_000; i++) list.PUSH(`item ${i}`)
  await db.putCrdt('long', list)
  const reader = await db.getCrdt('long', new ListCrdt<string>('reader'))
  expect(reader.value).toEqual(list.value)
  list.PUSH('last')
  const { data } = await db.putCrdt('long', list)
  expect(JSON.stringify(data).length).toBeLessThan(200_000)
  expect((await db.getCrdt('long', reader)).value).toEqual(list.value)
  // Nothing is new: the answer is the set that is held.
  expect((await db.putCrdt('long', list)).data.h).toBe(data.h)
})

test('[CR-41] what cannot be put is refused in a sentence', async () => {
  const db = await server()
  const foreign = new MapCrdt<number>('somebody else')
  foreign.SET('x', 1)
  class Nameless extends BaseCrdt<string, object, string> {}
  class Deletion extends BaseCrdt<string, object, string> {
    override type = 'DEL'
  }
  const puts: [string, BaseCrdt][] = [
    ['k', foreign],
    ['k', new MapCrdt(address(db))],
    ['k', new Nameless()],
    ['k', new Deletion()],
    ['k', {} as BaseCrdt],
    ['a.b', foreign],
  ]
  for (const [key, crdt] of puts) await expect(db.putCrdt(key, crdt)).rejects.toMatchObject({ code: 'SHOAL_USAGE' })
  const map = new MapCrdt<number>(address(db))
  map.SET('x', 1)
  await expect(db.putCrdt('=='.concat('name'), map)).rejects.toMatchObject({ reason: 'InvalidKey' })
})

test('[CR-42] custom verification judges a set as a whole', async () => {
  const a = await server()
  const ada = await started({ peers: [placeOf(a)] })
  await connected(ada)
  a.addCustomVerification<MapChanges<number>[]>('doc', async ({ v }) => !v.some(({ t }) => t === 'DEL'))
  const map = new MapCrdt<number>(address(ada))
  map.SET('x', 1)
  await ada.putCrdt('doc', map, false, { confirm: 1 })
  map.DEL('x')
  await expect(ada.putCrdt('doc', map, false, { confirm: 1, timeoutMs: 300 })).rejects.toMatchObject({
    code: 'SHOAL_NOT_CONFIRMED',
  })
  expect((await a.getCrdt('doc', new MapCrdt<number>('reader'))).value).toEqual({ x: 1 })
})

test('[CR-43] a document is there again when its store is opened again', async () => {
  const directory = await temporaryDirectory()
  const first = await server({ store: new LevelDbStore(directory) })
  const counter = new CounterCrdt(address(first))
  for (let i = 0; i < 50; i++) {
    counter.ADD(i)
    await first.putCrdt('n', counter)
  }
  await first.close()
  const second = await server({ store: new LevelDbStore(directory) })
  expect((await second.getCrdt('n', new CounterCrdt('reader'))).value).toBe(counter.value)
})
