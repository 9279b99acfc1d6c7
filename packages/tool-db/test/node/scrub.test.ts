import { expect, test } from 'vitest'
import type { WireRecord } from '../../src/core/records/record.ts'
import { World, type WorldNode } from './world.ts'

const sync = { scrub: 0.02 }
const MINUTE = 60_000
const DAY = 24 * 3_600_000

function stats(node: WorldNode): Readonly<Record<string, number>> {
  return node.machine.stats()
}

/** Two servers with the same records; the first has started again since, and nobody else is connected to it. */
function twins(world: World, count: number): { a: WorldNode; b: WorldNode } {
  const b = world.server({ sync: {}, key: 'b' })
  for (let i = 0; i < count; i++) b.put(`k${i}`, { i })
  world.run(1_000)
  const a = world.server({ sync: {}, key: 'a' })
  a.connect(b)
  world.run(30_000)
  expect(a.rows.has(`k${count - 1}`)).toBe(true)
  return { a, b }
}

/** What a disk, or another program, makes of a row behind the back of every checksum. */
function spoil(node: WorldNode, rowKey: string, change: (record: WireRecord) => object | string): void {
  const row = node.rows.get(rowKey)
  const changed = change(JSON.parse(row?.value ?? ''))
  const value = typeof changed === 'string' ? changed : JSON.stringify(changed)
  node.rows.set(rowKey, { value, version: `v${value}` })
}

/** The same store, opened by a process that checks it. */
function again(world: World, before: WorldNode, share = sync.scrub): WorldNode {
  world.kill(before)
  return world.server({ sync: { scrub: share }, key: before.key.name, store: before.store })
}

/** But for what a server knows of itself, and how often a document was written to. */
function rowsOf(node: WorldNode): Record<string, unknown> {
  const own = ['damaged:', 'sync-', 'scrub', 'crdt-index:'].map((name) => `\u0000${name}`)
  const shared = [...node.rows].filter(([key]) => !own.some((start) => key.startsWith(start))).sort()
  return Object.fromEntries(shared.map(([key, { value }]) => [key, value.startsWith('{') ? JSON.parse(value) : value]))
}

test('[Y-30] a record that was changed on the disk is found, set aside as it was, reported, and fetched again', () => {
  const world = new World()
  const { a, b } = twins(world, 300)
  spoil(a, 'k1', (record) => ({ ...record, v: { i: 'changed' } }))
  spoil(a, 'k2', (record) => ({ ...record, s: `${record.s}x` }))
  spoil(a, 'k3', (record) => ({ ...record, h: 'f'.repeat(64) }))
  spoil(a, 'k4', (record) => ({ ...record, k: 'k5' }))
  spoil(a, 'k6', () => 'no JSON')
  const changed = a.rows.get('k1')?.value
  const c = again(world, a)
  world.run(5 * MINUTE)
  // Alone, it keeps what it found aside, and serves none of it.
  for (const key of ['k1', 'k2', 'k3', 'k4', 'k6']) expect(c.held(key)).toBeUndefined()
  const aside = JSON.parse(c.rows.get('\u0000damaged:k1')?.value ?? '')
  expect(aside).toMatchObject({ damage: 'content', rows: [['k1', changed]] })
  const told = c.eventsOf('record-damaged').map(({ about }) => [about.key, about.damage])
  expect(told.sort()).toEqual([
    ['k1', 'content'],
    ['k2', 'signature'],
    ['k3', 'content'],
    ['k4', 'unreadable'],
    ['k6', 'unreadable'],
  ])
  expect(c.eventsOf('scrubbed').map(({ about }) => about)).toEqual([{ checked: 300, damaged: 5, complete: true }])
  expect(stats(c)).toMatchObject({
    'scrub.damaged': 5,
    'scrub.rounds': 1,
    'now.scrub-missing': 5,
    'now.scrub-running': 0,
  })

  c.connect(b)
  world.run(2 * MINUTE)
  expect(rowsOf(c)).toEqual(rowsOf(b))
  expect(stats(c)).toMatchObject({ 'scrub.repaired': 5, 'now.scrub-missing': 0, 'now.sync-items': 300 })
})

test('[Y-30] names, documents and items are repaired as well', () => {
  const world = new World()
  const b = world.server({ sync: {}, key: 'b' })
  const author = { signer: 'user', address: b.user.address }
  const change = (i: number): object => ({ t: 'SET', k: `x${i}`, v: i, a: author.address, i })
  b.put('==name', 'mine')
  b.put('gone', 1)
  for (const key of ['doc1', 'doc2']) {
    b.command({ kind: 'crdt-put', key, type: 'MAP', changes: [change(0)], author, confirm: 0, timeout: 1_000 })
  }
  for (let i = 0; i < 20; i++) b.put(`k${i}`, i)
  world.run(1_000)
  b.put('gone', null, { isDeletion: true })
  world.run(1_000)
  const a = world.server({ sync: {}, key: 'a' })
  a.connect(b)
  world.run(30_000)
  const setRow = [...a.rows.keys()].find((key) => key.startsWith('\u0000crdt:4:doc1')) as string
  const items = [...a.rows.keys()].filter(
    (key) => key.startsWith('\u0000sync:') && /^k\d/.test(a.rows.get(key)?.value ?? ''),
  )
  spoil(a, '==name', (record) => ({ ...record, v: 'thine' }))
  // Of another type it has another item: what was left of the first one is found by itself.
  spoil(a, 'gone', (record) => ({ ...record, c: null, v: 2 }))
  spoil(a, setRow, (record) => ({ ...record, v: [] }))
  spoil(a, 'doc2', (record) => ({ ...record, v: [] }))
  // One points nowhere, one has lost its record.
  a.rows.set(items[0] as string, { value: 'nowhere', version: 'x' })
  a.rows.delete(a.rows.get(items[1] as string)?.value ?? '')
  const c = again(world, a)
  c.connect(b)
  world.run(10 * MINUTE)
  expect(rowsOf(c)).toEqual(rowsOf(b))
  expect(c.held('==name')).toBe('mine')
  expect(c.held('gone')).toBeNull()
  expect(stats(c)).toMatchObject({ 'scrub.damaged': 4, 'scrub.lost': 3, 'now.scrub-missing': 0 })
})

test('[Y-30] a record of another type than was taken in, which no hash shows, is found by its item', () => {
  const world = new World()
  const { a, b } = twins(world, 10)
  spoil(a, 'k1', (record) => ({ ...record, c: 'MAP' }))
  spoil(a, 'k2', (record) => ({ ...record, c: 'DEL', v: record.v }))
  const c = again(world, a)
  c.connect(b)
  world.run(10 * MINUTE)
  expect(rowsOf(c)).toEqual(rowsOf(b))
})

test('[Y-30] what was set aside is not taken for a forgotten deletion, also after a restart', () => {
  const world = new World()
  const { a, b } = twins(world, 20)
  spoil(a, 'k1', (record) => ({ ...record, v: 'changed' }))
  a.rows.set('\u0000sync-forgotten', { value: String(world.now), version: 'x' })
  const c = again(world, a)
  world.run(5 * MINUTE)
  const d = again(world, c)
  d.connect(b)
  world.run(2 * MINUTE)
  expect(d.held('k1')).toEqual({ i: 1 })
})

test('[Y-31] it takes its share of a core and no more, goes on after a restart where it was, and begins anew after a week', () => {
  const world = new World()
  const { a } = twins(world, 6_000)
  const c = again(world, a)
  world.run(12_000)
  // 140 microseconds each at 2 %: 143 a second.
  const early = stats(c)['now.scrub-checked'] as number
  expect(early).toBeGreaterThan(1_200)
  expect(early).toBeLessThan(1_500)
  expect(stats(c)['now.scrub-running']).toBe(1)
  world.run(24_000)
  const d = again(world, c)
  world.run(3_000)
  expect(stats(d)['now.scrub-checked']).toBeGreaterThan(4_000)
  world.run(10 * MINUTE)
  const [first] = d.eventsOf('scrubbed')
  expect(first?.about).toEqual({ checked: 6_000, damaged: 0, complete: true })
  world.run(6 * DAY)
  expect(stats(d)['scrub.rounds']).toBe(1)
  world.run(2 * DAY)
  expect(stats(d)['scrub.rounds']).toBe(2)
})

test('[Y-31] of many records each tenth is told, and the end', () => {
  const world = new World()
  const { a } = twins(world, 10_500)
  const c = again(world, a)
  world.run(10 * MINUTE)
  const told = c.eventsOf('scrubbing')
  expect(told.length).toBe(9)
  expect(told[0]?.about.total).toBe(10_500)
  expect(told.map(({ about }) => Math.floor(about.checked / 1_050))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(c.eventsOf('scrubbed').length).toBe(1)
})

test('[Y-31] where the store is busy with others it does less, and they go on meanwhile', () => {
  const world = new World()
  const { a } = twins(world, 2_000)
  const c = again(world, a)
  c.storeDelay = 50
  world.run(2_000)
  const before = stats(c)['scrub.records'] ?? 0
  const puts = Array.from({ length: 50 }, (_, i) => c.put(`new${i}`, i))
  world.run(60_000)
  expect(puts.every(({ result }) => result?.kind === 'put')).toBe(true)
  // A slice of 16 takes 50 ms of that store, and then there is a pause of 2.5 s.
  expect((stats(c)['scrub.records'] ?? 0) - before).toBeLessThan(16 * 26)
  expect(stats(c)['scrub.records']).toBeGreaterThan(16 * 20)
})

test('[Y-31] a share of 0 turns it off', () => {
  const world = new World()
  const { a } = twins(world, 20)
  spoil(a, 'k1', (record) => ({ ...record, v: 'changed' }))
  const c = again(world, a, 0)
  world.run(DAY)
  expect(stats(c)['scrub.records']).toBeUndefined()
  expect(c.held('k1')).toBe('changed')
})

test('[Y-31] where a thousand records do not verify it stops, and leaves the rest as it is', () => {
  const world = new World()
  const { a } = twins(world, 1_200)
  for (let i = 0; i < 1_200; i++) spoil(a, `k${i}`, (record) => ({ ...record, v: 'changed' }))
  const c = again(world, a)
  world.run(10 * MINUTE)
  expect(c.eventsOf('scrubbed').at(0)?.about).toMatchObject({ complete: false })
  const left = [...c.rows.keys()].filter((key) => /^k\d/.test(key)).length
  expect(left).toBeGreaterThan(100)
  expect(left).toBeLessThanOrEqual(176)
  // Nor does it go on at the next start; a month later there is room again.
  const d = again(world, c)
  world.run(10 * MINUTE)
  expect([...d.rows.keys()].filter((key) => /^k\d/.test(key)).length).toBeGreaterThan(left - 20)
  world.run(31 * DAY)
  const e = again(world, d)
  world.run(10 * MINUTE)
  expect([...e.rows.keys()].filter((key) => /^k\d/.test(key)).length).toBe(0)
})
