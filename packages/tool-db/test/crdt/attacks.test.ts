import { expect, test } from 'vitest'
import { CounterCrdt } from '../../src/core/crdt/counter-crdt.ts'
import { ListCrdt } from '../../src/core/crdt/list-crdt.ts'
import { MapCrdt } from '../../src/core/crdt/map-crdt.ts'
import type { WireRecord } from '../../src/core/records/record.ts'
import { type RawPeer, TestKey, World, type WorldNode } from '../node/world.ts'
import { readCrdt, setRows } from './documents-world.ts'

interface Scene {
  readonly world: World
  readonly server: WorldNode
  readonly raw: RawPeer
  readonly mallory: TestKey
  readonly alice: TestKey
  /** Puts, and gives the counts of records that changed by it. */
  send(record: object): Record<string, number>
  map(key?: string): Record<string, unknown>
}

function scene(options: Parameters<World['server']>[0] = {}): Scene {
  const world = new World()
  const server = world.server(options)
  const raw = world.raw(server).greet()
  const [mallory, alice] = [new TestKey('mallory'), new TestKey('alice')]
  const counts = (): Record<string, number> =>
    Object.fromEntries(Object.entries(server.machine.stats()).filter(([name]) => name.startsWith('records.')))
  const send = (record: object): Record<string, number> => {
    const before = counts()
    raw.send({ type: 'crdtPut', id: raw.freshId(), to: [], data: record })
    world.run(100)
    return Object.fromEntries(
      Object.entries(counts())
        .map(([name, count]) => [name.slice('records.'.length), count - (before[name] ?? 0)] as const)
        .filter(([, count]) => count > 0),
    )
  }
  const map = (key = 'doc') => readCrdt(world, server, { key, crdt: new MapCrdt<unknown>('reader') }).value
  return { world, server, raw, mallory, alice, send, map }
}

const set = (key: TestKey, k: string, v: unknown = 1, i = 1): object => ({ t: 'SET', k, a: key.address, v, i })

test('[CR-30] another author’s changes in my set count for nothing, to the state, to listeners and to readers', () => {
  const { world, server, mallory, alice, send, map } = scene()
  server.input((machine) => {
    machine.addListener('doc')
  })
  const forged = [set(mallory, 'mine'), set(alice, 'forged')]
  expect(send(mallory.plain('doc', forged, { time: world.now, type: 'MAP' }))).toEqual({ stored: 1 })
  expect(map()).toEqual({ mine: 1 })
  expect(server.eventsOf('notify').flatMap(({ record }) => record.v)).toEqual([set(mallory, 'mine')])
  const list = [
    { t: 'INS', v: 'forged', i: `${alice.address}-00000000` },
    { t: 'INS', v: 'mine', i: `${mallory.address}-00000000` },
  ]
  send(mallory.plain('list', list, { time: world.now, type: 'LIST' }))
  expect(readCrdt(world, server, { key: 'list', crdt: new ListCrdt('reader') }).value).toEqual(['mine'])
  const sums = [alice, mallory].map(({ address }) => ({ t: 'ADD', v: 5, a: address, i: 0 }))
  send(mallory.plain('sum', sums, { time: world.now, type: 'LIST' }))
  expect(readCrdt(world, server, { key: 'sum', crdt: new CounterCrdt('reader') }).value).toBe(5)
})

test('[CR-30] a set without a change of its signer’s is refused, and its sender, who may be honest, goes on', () => {
  const { world, raw, mallory, alice, send } = scene()
  for (let i = 0; i < 50; i++) {
    const empty = mallory.plain('doc', [set(alice, `k${i}`)], { time: world.now, type: 'MAP' })
    expect(send(empty)).toEqual({ NoOwnChanges: 1 })
  }
  expect(send(mallory.plain('doc', 'no list', { time: world.now, type: 'MAP' }))).toEqual({ NoOwnChanges: 1 })
  expect(raw.isClosed).toBe(false)
})

test('[CR-31] in a private namespace only its owner’s sets are taken', () => {
  const { world, mallory, alice, send, map } = scene()
  const key = `:${alice.address}.doc`
  expect(send(mallory.plain(key, [set(mallory, 'x')], { time: world.now, type: 'MAP' }))).toEqual({
    AddressMismatch: 1,
  })
  expect(send(alice.plain(key, [set(alice, 'x')], { time: world.now, type: 'MAP' }))).toEqual({ stored: 1 })
  const forged = { ...alice.plain(key, [set(alice, 'y')], { time: world.now, type: 'MAP' }), s: mallory.sign('x') }
  expect(send(forged)).toEqual({ InvalidSignature: 1 })
  expect(map(key)).toEqual({ x: 1 })
})

test('[CR-32] a bound set is refused under another key, type or topic, and with another value', () => {
  const { world, alice, send } = scene()
  const good = alice.bound('doc', [set(alice, 'x')], { time: world.now, type: 'MAP' })
  expect(send({ ...good, k: 'other' })).toEqual({ InvalidBinding: 1 })
  expect(send({ ...good, c: 'LIST' })).toEqual({ InvalidBinding: 1 })
  expect(send({ ...good, v: [set(alice, 'y')] })).toEqual({ InvalidHashNonce: 1 })
  const elsewhere = alice.bound('doc', [set(alice, 'x')], { time: world.now, type: 'MAP', topic: 'another' })
  expect(send(elsewhere)).toEqual({ InvalidBinding: 1 })
  expect(send(good)).toEqual({ stored: 1 })
})

test('[CR-32] a plain set under a false type counts for nothing, and does not keep the true one out', () => {
  const { world, alice, send, map } = scene()
  const good = alice.plain('doc', [set(alice, 'x')], { time: world.now, type: 'MAP' })
  expect(send({ ...good, c: 'LIST' })).toEqual({ NoOwnChanges: 1 })
  expect(send({ ...good, c: 'MINE' })).toEqual({ stored: 1 })
  expect(map()).toEqual({})
  expect(send(good)).toEqual({ stored: 1 })
  expect(map()).toEqual({ x: 1 })
})

test('[CR-36] a plain set that is shown under many types uses up no share of its author’s', () => {
  const { world, alice, send, map } = scene({ limits: { crdtSetsPerAuthorMax: 3 } })
  const good = alice.plain('doc', [set(alice, 'x')], { time: world.now, type: 'MAP' })
  for (const c of ['A', 'B', 'C']) expect(send({ ...good, c })).toEqual({ stored: 1 })
  expect(send({ ...good, c: 'D' })).toEqual({ CRDT_AUTHOR_FULL: 1 })
  expect(send(good)).toEqual({ stored: 1 })
  expect(send(alice.bound('doc', [set(alice, 'y')], { time: world.now, type: 'HERS' }))).toEqual({ stored: 1 })
  expect(map()).toEqual({ x: 1 })
})

test('[CR-32] a value of somebody’s that is shown as a set is none', () => {
  const { world, raw, alice, send, server } = scene()
  const value = alice.plain('list', [1, 2, 3], { time: world.now })
  raw.put(value)
  world.run(50)
  expect(send({ ...value, c: 'LIST' })).toEqual({ NoOwnChanges: 1 })
  expect(server.held('list')).toEqual([1, 2, 3])
})

test('[CR-33] one content signed again, or its signature written otherwise, takes no room', () => {
  const { world, server, alice, send } = scene()
  const changes = [set(alice, 'x')]
  const first = alice.plain('doc', changes, { time: world.now, type: 'MAP' })
  expect(send(first)).toEqual({ stored: 1 })
  for (let i = 1; i < 20; i++) {
    const again = alice.plain('doc', changes, { time: world.now, type: 'MAP', nonce: i })
    // Of one time, the lesser hash stays: any order of arrival ends with that one.
    expect([{ unchanged: 1 }, { stored: 1 }]).toContainEqual(send(again))
  }
  expect(setRows(server, 'doc')).toHaveLength(1)
  send({ ...first, s: first.s.toUpperCase() })
  expect(setRows(server, 'doc')).toHaveLength(1)
})

test('[CR-34] a forged time displaces nobody’s changes', () => {
  const { world, mallory, alice, send, map } = scene()
  expect(send(alice.plain('doc', [set(alice, 'x')], { time: world.now + 29_000, type: 'MAP' }))).toEqual({ stored: 1 })
  expect(send(mallory.plain('doc', [set(mallory, 'y')], { time: world.now + 31_000, type: 'MAP' }))).toEqual({
    InvalidTimestamp: 1,
  })
  expect(send(mallory.plain('doc', [set(mallory, 'z')], { time: 1_000_000_000_000, type: 'MAP' }))).toEqual({
    stored: 1,
  })
  expect(send(alice.plain('doc', [set(alice, 'w')], { time: world.now, type: 'MAP' }))).toEqual({ stored: 1 })
  expect(map()).toEqual({ x: 1, z: 1, w: 1 })
})

test('[CR-35] names out of a prototype are names', () => {
  const { world, server, alice, send } = scene()
  const names = ['__proto__', 'constructor', 'toString']
  const changes = JSON.parse(JSON.stringify(names.map((name) => set(alice, name, name)))) as object[]
  for (const key of names) {
    expect(send(alice.plain(key, changes, { time: world.now, type: 'MAP' }))).toEqual({ stored: 1 })
    const { value } = readCrdt(world, server, { key, crdt: new MapCrdt<unknown>('__proto__') })
    expect(Object.keys(value).sort()).toEqual([...names].sort())
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
  }
  const text = `[{"t":"SET","k":"x","v":1,"i":1,"a":"${alice.address}","__proto__":{"polluted":true}}]`
  send(alice.plain('doc', JSON.parse(text), { time: world.now, type: '__proto__' }))
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
})

test('[CR-36] each author has a share of each key, which others’ sets do not touch', () => {
  const limits = { crdtSetsPerAuthorMax: 3, crdtChangesPerAuthorMax: 10, crdtSizePerAuthorMax: 20_000 }
  const { world, mallory, alice, send, map } = scene({ limits })
  const of = (key: TestKey, names: readonly string[]): WireRecord =>
    key.plain(
      'doc',
      names.map((name) => set(key, name)),
      { time: world.now, type: 'MAP' },
    )
  for (const name of ['a', 'b', 'c']) expect(send(of(mallory, [name]))).toEqual({ stored: 1 })
  expect(send(of(mallory, ['d']))).toEqual({ CRDT_AUTHOR_FULL: 1 })
  // One that holds all of them is no more sets than before.
  expect(send(of(mallory, ['a', 'b', 'c', 'd']))).toEqual({ stored: 1 })
  expect(
    send(
      of(
        mallory,
        Array.from({ length: 11 }, (_, i) => `m${i}`),
      ),
    ),
  ).toEqual({ CRDT_AUTHOR_FULL: 1 })
  const big = mallory.plain('doc', [set(mallory, 'big', 'x'.repeat(30_000))], { time: world.now, type: 'MAP' })
  expect(send(big)).toEqual({ CRDT_AUTHOR_FULL: 1 })
  expect(send(of(alice, ['hers']))).toEqual({ stored: 1 })
  expect(map()).toMatchObject({ hers: 1, a: 1, d: 1 })
})

test('[CR-36] a set that is too large, and an author too many, are refused; who is there keeps his room', () => {
  const { world, alice, send, map } = scene({ limits: { crdtAuthorsMax: 2, crdtSetSizeMax: 1_000 } })
  const of = (key: TestKey, name: string, v: unknown = 1): object =>
    key.plain('doc', [set(key, name, v)], { time: world.now, type: 'MAP' })
  expect(send(of(alice, 'first'))).toEqual({ stored: 1 })
  expect(send(of(new TestKey('second'), 'second'))).toEqual({ stored: 1 })
  expect(send(of(new TestKey('third'), 'third'))).toEqual({ CRDT_AUTHORS_FULL: 1 })
  expect(send(of(alice, 'more'))).toEqual({ stored: 1 })
  expect(send(of(alice, 'big', 'x'.repeat(2_000)))).toEqual({ TOO_LARGE: 1 })
  expect(map()).toEqual({ first: 1, second: 1, more: 1 })
})

test('[CR-36] older sets of an author, sent again by somebody, do not use up his share', () => {
  const { world, server, alice, send } = scene({ limits: { crdtSetsPerAuthorMax: 4 } })
  const changes = Array.from({ length: 30 }, (_, i) => set(alice, `k${i}`))
  const sets = changes.map((_, i) => alice.plain('doc', changes.slice(0, i + 1), { time: world.now + i, type: 'MAP' }))
  send(sets.at(-1) as WireRecord)
  for (const each of sets.slice(0, -1)) expect(send(each)).toEqual({ unchanged: 1 })
  expect(setRows(server, 'doc')).toHaveLength(1)
})

test('[CR-37] an index that is used again with other content ends in one value on all servers', () => {
  const world = new World()
  const servers = [world.server(), world.server()]
  servers[1]?.connect(servers[0] as WorldNode)
  world.run(1_000)
  const alice = new TestKey('alice')
  const sets = ['one', 'two', 'three'].map((v, i) =>
    alice.plain('doc', [set(alice, 'x', v)], { time: world.now + i, type: 'MAP' }),
  )
  const [first, second] = servers.map((server) => world.raw(server).greet()) as [RawPeer, RawPeer]
  for (const each of sets) first.put(each)
  for (const each of [...sets].reverse()) second.put(each)
  world.run(500)
  const values = servers.map((server) => readCrdt(world, server, { key: 'doc', crdt: new MapCrdt('reader') }).value)
  expect(values[0]).toEqual(values[1])
  expect(Object.keys(values[0] as object)).toEqual(['x'])
})

test('[CR-38] a set under a frozen name is refused', () => {
  const { world, alice, send } = scene()
  expect(send(alice.plain('==alice', [set(alice, 'x')], { time: world.now, type: 'MAP' }))).toEqual({ InvalidKey: 1 })
})

test('[CR-30] a page of a server that lies is refused set by set, and what is true in it is taken', () => {
  const { world, server, mallory, alice } = scene()
  const client = world.client()
  client.connect(server)
  world.run(500)
  const good = alice.plain('doc', [set(alice, 'x')], { time: world.now, type: 'MAP' })
  // The server's store was written to by somebody else: what it serves is verified all the same.
  const forged = {
    ...mallory.plain('doc', [set(mallory, 'y')], { time: world.now, type: 'MAP' }),
    v: [set(mallory, 'z')],
  }
  for (const record of [good, forged]) {
    const row = `\u0000crdt:3:doc:${record.a.length}:${record.a}:${record.h}:MAP`
    server.rows.set(row, { value: JSON.stringify(record), version: record.h })
  }
  expect(readCrdt(world, client, { key: 'doc', crdt: new MapCrdt('reader') }).value).toEqual({ x: 1 })
  expect(client.machine.stats()['records.InvalidHashNonce']).toBe(1)
})
