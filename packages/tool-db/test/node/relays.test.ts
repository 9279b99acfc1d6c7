import { expect, test } from 'vitest'
import { TestKey, World, type WorldNode } from './world.ts'

function federation(): { world: World; a: WorldNode; b: WorldNode; client: WorldNode } {
  const world = new World()
  const [a, b, client] = [world.server(), world.server(), world.client()]
  b.connect(a)
  world.run(500)
  // The client writes to one of them only: the other hears of it by relay alone.
  world.silent.add(b.host)
  client.connect(a)
  world.run(500)
  return { world, a, b, client }
}

test('[T-96] what a server could not store when it was relayed is relayed again until it can', () => {
  const { world, a, b, client } = federation()
  b.failCommits = true
  for (let i = 0; i < 100; i++) client.put(`k${i}`, i)
  world.run(10_000)
  expect(b.rows.size).toBe(0)
  expect(a.machine.stats()['relays.again']).toBeGreaterThanOrEqual(100)
  // It backs off: a hundred records in ten seconds, not a storm of them.
  expect(a.machine.stats()['relays.again']).toBeLessThan(1_000)
  client.put('k0', 'newer')
  b.failCommits = false
  world.run(70_000)
  expect([...b.rows.keys()].sort()).toEqual([...a.rows.keys()].sort())
  expect(b.held('k0')).toBe('newer')
  expect(a.machine.stats()['now.relays-owed']).toBe(0)
})

test('[T-96] what was under way when the channel was cut goes out once the server is back', () => {
  const { world, a, b, client } = federation()
  for (let i = 0; i < 30; i++) client.put(`k${i}`, i)
  world.run(8)
  world.cut(a, b)
  world.run(200)
  expect(b.rows.size).toBe(0)
  const owed = a.machine.stats()['now.relays-owed'] ?? 0
  expect(owed).toBeGreaterThan(0)
  world.silent.delete(b.host)
  world.run(20_000)
  expect(b.peers).toContain(a.peerId)
  for (let i = 0; i < 30; i++) expect(b.held(`k${i}`)).toBe(i)
})

test('[T-96] what is owed is bounded, by server and in time', () => {
  const { world, a, b, client } = federation()
  b.failCommits = true
  const raw = world.raw(a).greet()
  for (let i = 0; i < 6_000; i++) {
    raw.put(raw.key.plain(`k${i}`, i, { time: world.now }))
    if (i % 1_000 === 999) world.run(1_000)
  }
  world.run(1_000)
  expect(a.machine.stats()['now.relays-owed']).toBeLessThanOrEqual(4_096)
  expect(a.machine.stats()['relays.given-up']).toBeGreaterThan(0)
  expect(client.peers).toEqual([a.peerId])
  world.kill(b)
  world.run(2 * 3_600_000)
  const again = world.server({ key: 'another' })
  again.connect(a)
  world.run(1_000)
  expect(a.machine.stats()['now.relays-owed']).toBeLessThanOrEqual(4_096)
})

test('[T-96] all claims of a name reach the server that could not take them at once', () => {
  const { world, a, b } = federation()
  b.failCommits = true
  const raw = world.raw(a).greet()
  const [first, second] = [new TestKey('first'), new TestKey('second')]
  raw.put(first.plain('==name', 'first', { time: world.now }))
  world.run(10)
  raw.put(second.plain('==name', 'second', { time: world.now }))
  raw.put(first.plain('==name', 'updated', { time: world.now + 1 }))
  world.run(500)
  b.failCommits = false
  world.run(10_000)
  expect(b.held('==name')).toBe('updated')
  expect(b.rows.get('\u0000claims:==name')?.value).toBe(a.rows.get('\u0000claims:==name')?.value)
})
