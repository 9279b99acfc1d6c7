import { expect, test } from 'vitest'
import { TestKey, World, type WorldNode } from './world.ts'

function joined(): { world: World; a: WorldNode; b: WorldNode; client: WorldNode } {
  const world = new World()
  const [a, b, client] = [world.server(), world.server(), world.client()]
  b.connect(a)
  client.connect(a)
  world.run(500)
  return { world, a, b, client }
}

test('[T-94] a record with a ttl ends on every node, and leaves no row behind', () => {
  const { world, a, b, client } = joined()
  client.put('k', 'for a while', { ttl: 60_000 })
  client.put('stays', 1)
  world.run(500)
  for (const node of [client, a, b]) expect(node.held('k')).toBe('for a while')
  world.run(60_000)
  for (const node of [client, a, b]) {
    const get = node.get('k')
    const query = node.command({ kind: 'query', prefix: '', timeout: 1_000 })
    world.run(1_500)
    expect(get.result).toMatchObject({ kind: 'get', record: undefined, complete: true })
    expect(query.result).toMatchObject({ keys: ['stays'] })
    expect([...node.rows.keys()]).toEqual(['stays'])
    expect(node.machine.stats()['records.removed-expired']).toBe(1)
  }
})

test('[T-94] what has ended is not served or taken again, also before its row is removed and where a server still has it', () => {
  const { world, a, b, client } = joined()
  client.put('k', 'short', { ttl: 1_000 })
  world.run(300)
  const record = JSON.parse(a.rows.get('k')?.value ?? '') as object
  for (const node of [a, b]) node.failCommits = true
  world.run(2_000)
  expect(a.rows.has('k')).toBe(true)
  const plain = world.raw(a).greet()
  plain.send({ type: 'get', id: 'g', to: [], key: 'k' })
  plain.send({ type: 'subscribe', id: 's', to: [], key: 'k' })
  plain.put(record)
  world.run(500)
  expect(plain.ofType('put')).toEqual([])
  expect(a.machine.stats()['records.Expired']).toBe(1)
  expect(plain.isClosed).toBe(false)
  // Whoever has the key next need not come behind what has ended.
  for (const node of [a, b]) node.failCommits = false
  plain.put(new TestKey('author').plain('k', 'older', { time: world.now - 5_000 }))
  world.run(100)
  expect(a.held('k')).toBe('older')
  world.run(120_000)
  expect([...a.rows.keys()]).toEqual(['k'])
})

test('[T-94] what is written over a record that ends does not end with it', () => {
  const { world, a, client } = joined()
  client.put('k', 'short', { ttl: 1_000 })
  world.run(100)
  client.put('k', 'long')
  client.put('longer', 1, { ttl: 1_000 })
  world.run(100)
  client.put('longer', 2, { ttl: 5_000 })
  world.run(2_000)
  expect([...a.rows.keys()].filter((key) => !key.startsWith('\u0000'))).toEqual(['k', 'longer'])
  world.run(5_000)
  expect([...a.rows.keys()]).toEqual(['k'])
})

test('[T-94] many that end at once are removed a few at a time, also those that ended while nobody ran', () => {
  const world = new World()
  const first = world.server()
  for (let i = 0; i < 300; i++) first.put(`k${i}`, i, { ttl: 10_000 })
  world.run(1_000)
  world.kill(first)
  world.run(20_000)
  const second = world.server()
  for (const [key, row] of first.rows) second.rows.set(key, row)
  second.storeDelay = 10
  second.input((machine) => machine.start(world.now))
  let most = 0
  for (let i = 0; i < 1_000; i++) {
    world.run(1)
    most = Math.max(most, second.machine.stats()['now.lanes'] ?? 0)
  }
  expect(most).toBeLessThanOrEqual(64)
  expect(second.rows.size).toBe(0)
  expect(second.machine.stats()).toMatchObject({ 'records.removed-expired': 300, 'now.effects': 0, 'now.lanes': 0 })
})

test('[T-94] what ended while it waited for a server is not sent to it', () => {
  const world = new World()
  const client = world.client()
  client.put('k', 'short', { ttl: 1_000 })
  client.put('stays', 1)
  world.run(2_000)
  const server = world.server()
  client.connect(server)
  world.run(500)
  expect([...server.rows.keys()]).toEqual(['stays'])
  expect(world.wire.filter(({ text }) => text.includes('short'))).toEqual([])
  expect(client.machine.stats()['now.outbox']).toBe(0)
})

test('[T-94] a deletion that a record with an end was written over is there again at its end: no older value comes back', () => {
  const { world, a, b, client } = joined()
  const old = new TestKey('author').bound('k', 'secret', { time: world.now })
  const raw = world.raw(a).greet()
  raw.put(old)
  world.run(500)
  client.put('k', null, { isDeletion: true })
  world.run(500)
  client.put('k', 'for a while', { ttl: 60_000 })
  world.run(100)
  client.put('k', 'for a while longer', { ttl: 60_000 })
  world.run(500)
  for (const node of [a, b]) expect(node.held('k')).toBe('for a while longer')
  world.run(60_000)
  raw.put(old)
  world.run(500)
  for (const node of [client, a, b]) {
    expect(JSON.parse(node.rows.get('k')?.value ?? '{}')).toMatchObject({ v: null, c: 'DEL' })
    expect([...node.rows.keys()].sort()).toEqual(['\u0000deleted:k', 'k'])
  }
})

test('[T-94] nor does one come back between that end and the removal', () => {
  const { world, a, b, client } = joined()
  const old = new TestKey('author').bound('k', 'secret', { time: world.now })
  const raw = world.raw(a).greet()
  client.put('k', null, { isDeletion: true })
  world.run(500)
  client.put('k', 'for a while', { ttl: 1_000 })
  world.run(500)
  for (const node of [a, b]) node.failCommits = true
  world.run(2_000)
  for (const node of [a, b]) node.failCommits = false
  raw.put(old)
  world.run(500)
  expect(a.held('k')).toBe('for a while')
  client.put('k', 'for good')
  world.run(120_000)
  for (const node of [a, b]) {
    expect(node.held('k')).toBe('for good')
    expect([...node.rows.keys()]).toEqual(['k'])
  }
})

test('[T-94] rows of ends that are damaged are removed, and hold up none', () => {
  const world = new World()
  const before = world.server()
  before.put('k', 'short', { ttl: 5_000 })
  world.run(100)
  world.kill(before)
  for (const damaged of ['', '18', '1800000000', '1800000000000', '1800000000000:', 'x800000000000:k', '?']) {
    before.store.rows.set(`\u0000expires:${damaged}`, { value: '1', version: '1' })
  }
  const server = world.server({ store: before.store })
  world.run(10_000)
  expect([...server.rows.keys()]).toEqual([])
})
