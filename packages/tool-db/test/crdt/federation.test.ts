import { expect, test } from 'vitest'
import { BaseCrdt } from '../../src/core/crdt/base-crdt.ts'
import { CounterCrdt } from '../../src/core/crdt/counter-crdt.ts'
import { ListCrdt } from '../../src/core/crdt/list-crdt.ts'
import { MapCrdt } from '../../src/core/crdt/map-crdt.ts'
import type { WireRecord } from '../../src/core/records/record.ts'
import { TestKey, World, type WorldNode } from '../node/world.ts'
import { putCrdt, readCrdt, setRows } from './documents-world.ts'

interface Federation {
  readonly world: World
  readonly a: WorldNode
  readonly b: WorldNode
  readonly alice: WorldNode
  readonly bob: WorldNode
}

function federation(seed = 1): Federation {
  const world = new World(seed)
  const a = world.server()
  const b = world.server()
  const alice = world.client()
  const bob = world.client()
  b.connect(a)
  alice.connect(a)
  bob.connect(b)
  world.run(1_000)
  return { world, a, b, alice, bob }
}

test('[CR-10] what two people write to one document on two servers is on both, and read by both', () => {
  const { world, a, b, alice, bob } = federation()
  const hers = new MapCrdt<number>(alice.user.address)
  hers.SET('dogs', 3)
  const his = new MapCrdt<number>(bob.user.address)
  his.SET('cats', 2)
  const put = putCrdt(alice, 'doc', hers, { confirm: 'all' })
  putCrdt(bob, 'doc', his)
  world.run(200)
  expect(put.result).toMatchObject({ kind: 'put', message: { type: 'crdtPut', data: { c: 'MAP' } } })
  expect(put.result).toMatchObject({ confirmed: 2 })
  for (const node of [a, b, alice, bob]) {
    expect(readCrdt(world, node, { key: 'doc', crdt: new MapCrdt('nobody') }).value).toEqual({ cats: 2, dogs: 3 })
  }
})

test('[CR-40] what is slower than the time-out of a read is kept for the next one', () => {
  const { world, a, b, alice, bob } = federation()
  const hers = new MapCrdt<number>(alice.user.address)
  hers.SET('dogs', 3)
  putCrdt(alice, 'doc', hers, { confirm: 'all' })
  world.run(200)
  a.storeDelay = b.storeDelay = 3_000
  expect(readCrdt(world, bob, { key: 'doc', crdt: new MapCrdt('nobody') }).value).toEqual({})
  world.run(20_000)
  world.kill(a)
  world.kill(b)
  world.run(100)
  expect(readCrdt(world, bob, { key: 'doc', crdt: new MapCrdt('nobody') }).value).toEqual({ dogs: 3 })
  expect(bob.machine.stats()).toMatchObject({ 'now.requests': 0, 'now.requests-late': 0 })
})

test('[CR-11] a set that is dated before the one that is held is merged, not dropped', () => {
  const { world, a, b } = federation()
  const raw = world.raw(a).greet()
  const [early, late] = [new TestKey('early'), new TestKey('late')]
  const change = (key: TestKey, k: string) => ({ t: 'SET', k, a: key.address, v: 1, i: 1 })
  raw.put(late.plain('doc', [change(late, 'x')], { time: world.now, type: 'MAP' }))
  world.run(100)
  raw.put(early.plain('doc', [change(early, 'y')], { time: world.now - 3_600_000, type: 'MAP' }))
  world.run(100)
  for (const node of [a, b]) {
    expect(readCrdt(world, node, { key: 'doc', crdt: new MapCrdt('nobody') }).value).toEqual({ x: 1, y: 1 })
  }
})

test('[CR-12] an author’s set that holds an older one replaces it, and an older one that comes later changes nothing', () => {
  const { world, a, b } = federation()
  const raw = world.raw(a).greet()
  const key = new TestKey('author')
  const changes = [1, 2, 3].map((i) => ({ t: 'ADD', v: i, a: key.address, i }))
  const sets = [1, 2, 3].map((n) => key.plain('n', changes.slice(0, n), { time: world.now + n, type: 'COUNTER' }))
  for (const i of [1, 2, 0]) {
    raw.put(sets[i] as WireRecord)
    world.run(100)
  }
  for (const node of [a, b]) {
    expect(setRows(node, 'n')).toEqual([expect.stringContaining(sets[2]?.h as string)])
    expect(readCrdt(world, node, { key: 'n', crdt: new CounterCrdt('nobody') }).value).toBe(6)
  }
  expect(a.machine.stats()['records.unchanged']).toBeGreaterThanOrEqual(1)
})

test('[CR-13] our own changes join the latest set while that is short, so that a document has few', () => {
  const { world, a, alice } = federation()
  const list = new ListCrdt<string>(alice.user.address)
  for (let i = 0; i < 300; i++) {
    list.PUSH(`item ${i} of a list that grows by one each time`)
    putCrdt(alice, 'list', list)
    world.run(20)
  }
  world.run(1_000)
  expect(setRows(a, 'list').length).toBeLessThan(5)
  expect(readCrdt(world, a, { key: 'list', crdt: new ListCrdt('nobody') }).value).toEqual(list.value)
})

test('[CR-14] who asks with sets in hand is sent only the others, page by page', () => {
  const world = new World()
  const server = world.server({ limits: { messageSizeMax: 8_192 } })
  const raw = world.raw(server).greet()
  const authors = Array.from({ length: 40 }, (_, i) => new TestKey(`author ${i}`))
  for (const key of authors) {
    raw.put(
      key.plain('doc', [{ t: 'SET', k: key.address, a: key.address, v: 1, i: 1 }], { time: world.now, type: 'MAP' }),
    )
  }
  world.run(200)
  const client = world.client()
  client.connect(server)
  world.run(500)
  const first = readCrdt(world, client, { key: 'doc', crdt: new MapCrdt('nobody') })
  expect(Object.keys(first.value)).toHaveLength(40)
  const pages = world.wire.filter(({ text }) => text.startsWith('{"type":"crdtSets"'))
  expect(pages.length).toBeGreaterThan(3)
  raw.put(
    raw.key.plain('doc', [{ t: 'SET', k: 'new', a: raw.key.address, v: 1, i: 1 }], { time: world.now, type: 'MAP' }),
  )
  world.run(100)
  const before = world.wire.length
  expect(Object.keys(readCrdt(world, client, { key: 'doc', crdt: new MapCrdt('nobody') }).value)).toHaveLength(41)
  const later = world.wire.slice(before).filter(({ text }) => text.startsWith('{"type":"crdtSets"'))
  expect(later).toHaveLength(1)
  expect((JSON.parse(later[0]?.text as string) as { sets: unknown[] }).sets).toHaveLength(1)
})

test('[CR-15] a server that has nothing asks the others, and passes on what it verified', () => {
  const world = new World()
  const a = world.server()
  const raw = world.raw(a).greet()
  raw.put(
    raw.key.plain('doc', [{ t: 'SET', k: 'x', a: raw.key.address, v: 1, i: 1 }], { time: world.now, type: 'MAP' }),
  )
  world.run(100)
  const b = world.server()
  b.connect(a)
  world.run(500)
  const plain = world.raw(b).greet()
  plain.send({ type: 'crdtGet', id: 'g', to: [], key: 'doc' })
  world.run(500)
  expect(plain.ofType('crdtPut')).toMatchObject([{ id: 'g', data: { k: 'doc', c: 'MAP', a: raw.key.address } }])
  plain.send({ type: 'crdtGet', id: 'h', to: [], key: 'missing' })
  world.run(500)
  expect(plain.messages.filter(({ id }) => id === 'h')).toEqual([])
})

test('[CR-16] a plain peer’s crdtGet is answered with one merged message, which verifies', () => {
  const { world, a, alice, bob } = federation()
  for (const [node, animal] of [
    [alice, 'dogs'],
    [bob, 'cats'],
  ] as const) {
    const map = new MapCrdt<number>(node.user.address)
    map.SET(animal, 1)
    putCrdt(node, 'doc', map)
    world.run(100)
  }
  const plain = world.raw(a).greet()
  plain.send({ type: 'crdtGet', id: 'g', to: [], key: 'doc' })
  world.run(100)
  const answers = plain.ofType('crdtPut') as unknown as { data: WireRecord }[]
  expect(answers).toHaveLength(1)
  const { data } = answers[0] as { data: WireRecord }
  expect(data).toMatchObject({ k: 'doc', c: 'MAP', a: a.key.address })
  expect(new MapCrdt('x', data.v as never).value).toEqual({ cats: 1, dogs: 1 })
  expect(world.raw(a).greet().key.address).not.toBe(a.key.address)
  // It is a record like any other, but nothing in it counts as ours: no shoal node takes others' changes from it.
  plain.send({ type: 'crdtPut', id: 'p', to: [], data })
  world.run(100)
  expect(a.machine.stats()['records.NoOwnChanges']).toBe(1)
})

test('[CR-17] listeners and subscribers hear of the document that there is, and then of what is new', () => {
  const { world, a, alice, bob } = federation()
  const map = new MapCrdt<number>(alice.user.address)
  map.SET('x', 1)
  putCrdt(alice, 'doc', map)
  world.run(200)
  let listener: number | undefined
  bob.input((machine) => {
    listener = machine.addListener('doc')
  })
  bob.command({ kind: 'subscribe', key: 'doc' })
  const plain = world.raw(a).greet()
  plain.send({ type: 'subscribe', id: 's', to: [], key: 'doc' })
  world.run(500)
  const heard = new MapCrdt<number>('nobody')
  const hear = (): Record<string, number> => {
    for (const { record } of bob.eventsOf('notify')) heard.mergeChanges(record.v as never)
    return heard.value
  }
  expect(listener).toBeDefined()
  expect(hear()).toEqual({ x: 1 })
  // Several within one pause of the listener: none of them is left out.
  for (const k of ['y', 'z', 'w']) {
    map.SET(k, 2)
    putCrdt(alice, 'doc', map)
    world.run(10)
  }
  world.run(1_000)
  expect(hear()).toEqual({ x: 1, y: 2, z: 2, w: 2 })
  const document = new MapCrdt('plain')
  for (const { data } of plain.ofType('crdtPut') as unknown as { data: WireRecord }[])
    document.mergeChanges(data.v as never)
  expect(document.value).toEqual({ x: 1, y: 2, z: 2, w: 2 })
})

test('[CR-18] plain subscribers get a merged document where a late set would be dropped by them', () => {
  const { world, a } = federation()
  const plain = world.raw(a).greet()
  const [early, late] = [new TestKey('early'), new TestKey('late')]
  const set = (key: TestKey, time: number): WireRecord =>
    key.plain('doc', [{ t: 'SET', k: key.address, a: key.address, v: 1, i: 1 }], { time, type: 'MAP' })
  const newest = set(late, world.now)
  plain.put(newest)
  plain.send({ type: 'subscribe', id: 's', to: [], key: 'doc' })
  world.run(200)
  const writer = world.raw(a).greet()
  writer.put(set(early, world.now - 60_000))
  world.run(200)
  const last = plain.ofType('crdtPut').at(-1) as unknown as { data: WireRecord }
  expect(last.data.t).toBeGreaterThan(newest.t)
  expect(Object.keys(new MapCrdt('x', last.data.v as never).value).sort()).toEqual([early.address, late.address].sort())
})

test('[CR-19] a kind of one’s own travels as it is, the changes of others left out', () => {
  class LastWord extends BaseCrdt<string, { a: string; i: number; v: string }, string> {
    override type = 'LAST_WORD'
    readonly #changes: { a: string; i: number; v: string }[] = []
    override mergeChanges(changes: readonly { a: string; i: number; v: string }[]): void {
      this.#changes.push(...changes)
    }
    override getChanges() {
      return this.#changes
    }
  }
  const { world, a, alice } = federation()
  const word = new LastWord()
  word.mergeChanges([
    { a: alice.user.address, i: 1, v: 'mine' },
    { a: 'somebody else', i: 2, v: 'not mine' },
  ])
  putCrdt(alice, 'doc', word)
  world.run(200)
  expect(readCrdt(world, a, { key: 'doc', crdt: new LastWord() }).getChanges()).toMatchObject([{ v: 'mine' }])
})

test('[CR-20] what waits for a server goes to it when it comes: every set, also several of one key', () => {
  const world = new World()
  const client = world.client()
  const counter = new CounterCrdt(client.user.address)
  for (let i = 0; i < 5; i++) {
    counter.ADD(1)
    putCrdt(client, 'n', counter)
    world.run(10)
  }
  const map = new MapCrdt<string>(client.user.address)
  map.SET('big', 'x'.repeat(40_000))
  putCrdt(client, 'n', map)
  map.SET('more', 'y')
  putCrdt(client, 'n', map)
  world.run(50)
  const server = world.server()
  client.connect(server)
  world.run(1_000)
  expect(readCrdt(world, server, { key: 'n', crdt: new CounterCrdt('nobody') }).value).toBe(5)
  expect(Object.keys(readCrdt(world, server, { key: 'n', crdt: new MapCrdt('nobody') }).value)).toEqual(['big', 'more'])
  expect(client.machine.stats()['now.outbox']).toBe(0)
})

test('[CR-21] a document that tool-db left in the store is read, and kept when it is written to', () => {
  const { world, a, alice } = federation()
  const stranger = new TestKey('stranger')
  const changes = [{ t: 'SET', k: 'old', a: 'somebody of tool-db', v: 1, i: 1 }]
  const merged = { ...stranger.plain('doc', [], { time: world.now - 1_000, type: 'MAP' }), v: changes }
  a.rows.set('doc', { value: JSON.stringify(merged), version: 'foreign' })
  const read = (): unknown => readCrdt(world, a, { key: 'doc', crdt: new MapCrdt('nobody') }).value
  expect(read()).toEqual({ old: 1 })
  const map = new MapCrdt<number>(alice.user.address)
  map.SET('new', 2)
  putCrdt(alice, 'doc', map)
  world.run(500)
  expect(read()).toEqual({ old: 1, new: 2 })
})

test('[CR-24] what a plain server merged under its last writer’s signature: his own changes are had back, others’ are not', () => {
  const world = new World()
  const client = world.client()
  const plain = world.raw(client).greet({ isServer: true })
  const [writer, other] = [new TestKey('writer'), new TestKey('other')]
  const change = (key: TestKey, k: string) => ({ t: 'SET', k, a: key.address, v: 1, i: 1 })
  const signed = writer.plain('doc', [change(writer, 'x')], { time: world.now, type: 'MAP' })
  const merged = { ...signed, v: [change(other, 'forged'), change(writer, 'x')] }
  const ask = (crdt: MapCrdt<number>): MapCrdt<number> => {
    const got = client.command({ kind: 'crdt-get', key: 'doc', type: 'MAP', known: new Set(), timeout: 1_000 })
    world.run(50)
    const { id } = plain.ofType('crdtGet').at(-1) as { id: string }
    plain.send({ type: 'crdtPut', id, to: [], data: merged })
    world.run(50)
    if (got.result?.kind !== 'crdt-get') throw new Error('no answer')
    for (const { changes } of got.result.sets) crdt.mergeChanges(changes as never)
    return crdt
  }
  expect(ask(new MapCrdt('reader')).value).toEqual({ x: 1 })
  expect(JSON.stringify([...client.rows.values()])).not.toContain('forged')
})
