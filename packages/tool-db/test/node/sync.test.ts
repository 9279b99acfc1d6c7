import { expect, test } from 'vitest'
import { again, apart, DAY, grown, itemRows, records, stats, sync } from './sync-world.ts'
import { sha256, TestKey, World, type WorldNode } from './world.ts'

test('[Y-10] a server that joins later has everything that was written before, whoever dialled', () => {
  for (const isDialled of [false, true]) {
    const world = new World()
    const a = grown(world, 1_200)
    const b = world.server({ sync })
    if (isDialled) a.connect(b)
    else b.connect(a)
    world.run(10_000)
    expect(Object.keys(records(b)).length).toBe(1_200)
    expect(records(b)).toEqual(records(a))
    expect(stats(b)).toMatchObject({ 'sync.stored': 1_200, 'now.sync-items': 1_200 })
    expect(itemRows(b)).toEqual(itemRows(a))
  }
})

test('[Y-10] two servers that wrote apart have the same afterwards', () => {
  const world = new World()
  const a = grown(world, 300, 'both')
  const b = world.server({ sync })
  b.connect(a)
  world.run(5_000)
  apart(world, a, b)
  for (let i = 0; i < 40; i++) a.put(`a${i}`, 1)
  for (let i = 0; i < 50; i++) b.put(`b${i}`, 1)
  for (let i = 0; i < 20; i++) a.put(`both${i}`, 'newer at a')
  world.run(2_000)
  for (let i = 10; i < 30; i++) b.put(`both${i}`, 'newer at b')
  world.run(10_000)
  expect(b.held('a1')).toBeUndefined()
  world.silent.clear()
  const [c, d] = [again(world, a), again(world, b)]
  c.connect(d)
  world.run(20_000)
  expect(records(c)).toEqual(records(d))
  expect(c.held('both15')).toBe('newer at b')
  expect(c.held('both5')).toBe('newer at a')
  for (const node of [c, d]) {
    expect(stats(node)['now.sync-items']).toBe(390)
    expect(itemRows(node).length).toBe(390)
  }
})

test('[Y-10] what one server learned of a third goes on to those that are connected to it alone', () => {
  const world = new World()
  const a = grown(world, 300)
  const [b, c] = [world.server({ sync }), world.server({ sync })]
  world.silent.add(a.host)
  world.silent.add(c.host)
  c.connect(b)
  world.run(2_000)
  a.connect(b)
  world.run(60_000)
  expect(c.peers).toEqual([b.peerId])
  expect(records(c)).toEqual(records(a))
})

test('[Y-10] what is given up on its way, since too much is owed to a server, is compared soon', () => {
  const world = new World()
  const rarely = { interval: DAY }
  const [a, b] = [world.server({ sync: rarely }), world.server({ sync: rarely })]
  b.connect(a)
  world.run(70_000)
  const turns = stats(a)['sync.turns'] ?? 0
  b.failCommits = true
  // A peer that writes to one of them only.
  world.silent.add(b.host)
  const raw = world.raw(a).greet()
  for (let i = 0; i < 6_000; i++) {
    raw.put(raw.key.plain(`k${i}`, i, { time: world.now }))
    if (i % 1_000 === 999) world.run(1_000)
  }
  world.run(5_000)
  expect(stats(a)['relays.given-up']).toBeGreaterThan(0)
  expect(stats(a)['sync.turns']).toBeGreaterThan(turns)
})

test('[Y-10] what is missing here and there, in many places, is asked for in words that the other side understands', () => {
  const world = new World()
  const a = world.server({ sync, key: 'scattered' })
  for (let i = 0; i < 700; i++) {
    a.put(`k${i}`, { i })
    world.run(1)
  }
  world.run(600_000)
  const b = again(world, a)
  const c = world.server({ sync })
  c.connect(b)
  world.run(10_000)
  world.kill(c)
  // One of ten is left, at random: later steps find what lies before what earlier ones have found.
  for (const [rowKey, row] of [...c.rows]) {
    const key = rowKey.startsWith('\u0000sync:') ? row.value : rowKey
    if (/^k\d+$/.test(key) && (sha256(new TextEncoder().encode(key))[0] as number) < 230) c.rows.delete(rowKey)
  }
  const d = again(world, c)
  // And while that is being taken in.
  d.storeDelay = 4_000
  d.connect(b)
  world.run(300_000)
  expect(records(d)).toEqual(records(b))
  expect(stats(b)['rejected.bad-sync']).toBeUndefined()
})

test('[Y-11] two servers with everything equal exchange less than 1 KB in one round trip', () => {
  const world = new World()
  const a = grown(world, 1_000)
  const b = world.server({ sync })
  b.connect(a)
  world.run(10_000)
  const c = again(world, b)
  world.wire.length = 0
  c.connect(a)
  world.run(5_000)
  const said = world.wire.filter(({ text }) => text.includes('"type":"sync'))
  expect(said.length).toBe(2)
  expect(said.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThan(1_024)
})

test('[Y-12] what two servers have alike is fetched once', () => {
  const world = new World()
  const a = grown(world, 1_500)
  const b = world.server({ sync })
  b.connect(a)
  world.run(10_000)
  const c = world.server({ sync })
  world.wire.length = 0
  a.connect(c)
  b.connect(c)
  c.connect(a)
  c.connect(b)
  world.run(20_000)
  expect(records(c)).toEqual(records(a))
  const sent = world.wire.filter(({ text, to }) => text.includes('"type":"syncRecords"') && to === c.host)
  const count = sent.reduce((sum, { text }) => sum + (JSON.parse(text) as { records: unknown[] }).records.length, 0)
  expect(count).toBe(1_500)
})

test('[Y-12] a server that has long to tell is told to the end, unless another one is due', () => {
  for (const isAnotherThere of [false, true]) {
    const world = new World()
    const a = grown(world, 3_000)
    const c = world.server({ sync })
    const b = world.server({ sync })
    world.run(1_000)
    b.storeDelay = 20_000
    b.connect(a)
    world.run(60_000)
    if (isAnotherThere) b.connect(c)
    world.run(1_200_000)
    expect(records(b)).toEqual(records(a))
    expect((stats(b)['sync.broken-off'] ?? 0) > 0).toBe(isAnotherThere)
  }
})

test('[Y-13] a catch-up that is cut goes on where it was', () => {
  const world = new World()
  const a = grown(world, 3_000)
  const b = world.server({ sync })
  world.wire.length = 0
  b.connect(a)
  for (let i = 0; i < 400 && (stats(b)['sync.stored'] ?? 0) < 800; i++) world.run(10)
  world.cut(a, b)
  world.run(200_000)
  expect(records(b)).toEqual(records(a))
  const sent = world.wire.filter(({ text }) => text.includes('"type":"syncRecords"'))
  const count = sent.reduce((sum, { text }) => sum + (JSON.parse(text) as { records: unknown[] }).records.length, 0)
  expect(count).toBeLessThan(3_000 + 3 * 256)
})

test('[Y-14] names come with all their claims, documents with all their sets, deletions and ends as they are', () => {
  const world = new World()
  const a = world.server({ sync, key: 'a' })
  const raw = world.raw(a).greet()
  const [first, second] = [new TestKey('first'), new TestKey('second')]
  raw.put(first.plain('==name', 'first', { time: world.now }))
  world.run(10)
  raw.put(second.plain('==name', 'second', { time: world.now }))
  raw.put(first.plain('==name', 'updated', { time: world.now + 1 }))
  const author = { signer: 'user', address: a.user.address }
  const change = { t: 'SET', k: 'x', v: 1, a: author.address, i: 0 }
  a.command({ kind: 'crdt-put', key: 'doc', type: 'MAP', changes: [change], author, confirm: 0, timeout: 1_000 })
  a.put('gone', 'soon deleted')
  a.put('ends', 'for a while', { ttl: 3_600_000 })
  world.run(500)
  a.put('gone', null, { isDeletion: true })
  world.run(600_000)
  const b = again(world, a)
  const c = world.server({ sync })
  c.connect(b)
  world.run(10_000)
  const shared = (node: WorldNode): [string, unknown][] =>
    [...node.rows]
      .filter(([key]) => !key.startsWith('\u0000sync'))
      .map(([key, { value }]): [string, unknown] => [key, JSON.parse(value)])
      .sort(([left], [right]) => (left < right ? -1 : 1))
  expect(shared(c)).toEqual(shared(b))
  expect(itemRows(c)).toEqual(itemRows(b))
  expect(c.held('==name')).toBe('updated')
  expect(c.held('gone')).toBeNull()
  expect(itemRows(c).length).toBeGreaterThanOrEqual(6)
  world.run(3_600_000)
  for (const node of [b, c]) expect(node.held('ends')).toBeUndefined()
  expect(itemRows(c)).toEqual(itemRows(b))
})

test('[Y-15] a store without items is given them, also while it is written to, and a wrong item is taken out', () => {
  const world = new World()
  const a = grown(world, 600)
  const rows = itemRows(a)
  for (const key of rows.slice(0, 400)) a.rows.delete(key)
  const stale = `\u0000sync:1700000000000${'ab'.repeat(32)}`
  a.rows.set(stale, { value: 'k1', version: 'x' })
  a.rows.delete('\u0000sync-index')
  const b = again(world, a)
  for (let i = 0; i < 50; i++) b.put(`k${i}`, 'newer')
  world.run(5_000)
  expect(stats(b)['now.sync-items']).toBe(600)
  expect(itemRows(b).length).toBe(600)
  expect(b.rows.has(stale)).toBe(false)
  const c = world.server({ sync })
  c.connect(b)
  world.run(10_000)
  expect(records(c)).toEqual(records(b))
})

test('[Y-16] who takes part in nothing is asked nothing', () => {
  const world = new World()
  const a = grown(world, 50)
  const b = world.server()
  const client = world.client({ sync })
  world.wire.length = 0
  b.connect(a)
  client.connect(a)
  world.run(400_000)
  expect(world.wire.filter(({ text }) => text.includes('"type":"sync')).length).toBe(0)
  expect(b.rows.size).toBe(0)
})

test('[Y-19] behind any number of records that it refuses a server finds those that it takes', () => {
  const world = new World()
  const author = new TestKey('plain author')
  const before = world.server({ sync, key: 'a' })
  const text = (i: number): string => JSON.stringify(author.plain(`plain${i}`, i, { time: world.now + i }))
  for (let i = 0; i < 17_000; i++) before.rows.set(`plain${i}`, { value: text(i), version: `v${i}` })
  world.kill(before)
  const writer = world.server({ sync, key: 'a', store: before.store })
  world.run(60_000)
  writer.put('later', 1)
  world.run(1_000)
  const a = again(world, writer)
  const b = world.server({ sync, config: { records: 'strict' } })
  b.connect(a)
  world.run(300_000)
  expect(stats(a)['now.sync-items']).toBe(17_001)
  expect(b.held('later')).toBe(1)
})

test('[Y-19] two servers of different rules finish, and do not fetch again what one of them refuses', () => {
  const world = new World()
  const a = grown(world, 10)
  const raw = world.raw(a).greet()
  for (let i = 0; i < 30; i++) raw.put(raw.key.plain(`plain${i}`, i, { time: world.now }))
  world.run(1_000)
  const b = world.server({ sync, config: { records: 'strict' } })
  b.connect(a)
  world.run(30_000)
  expect(Object.keys(records(b)).length).toBe(10)
  expect(stats(b)).toMatchObject({ 'sync.refused.UnboundRecord': 30, 'now.sync-refusals': 30 })
  world.wire.length = 0
  world.run(20 * 60_000)
  expect(world.wire.filter(({ text }) => text.includes('"type":"syncWant"')).length).toBe(0)
  // And they go on with what both take.
  a.put('later', 1)
  world.run(5_000)
  expect(b.held('later')).toBe(1)
})
