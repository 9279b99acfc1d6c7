import { expect, test } from 'vitest'
import { World } from './world.ts'

test('[T-41] where the queue is full a put is refused before it is stored, and what waits stays', () => {
  const world = new World()
  const client = world.client({ limits: { outboxRecordsMax: 3 } })
  const puts = Array.from({ length: 5 }, (_, i) => client.put(`k${i}`, i))
  world.run(100)
  for (const put of puts.slice(0, 3)) expect(put.result).toMatchObject({ kind: 'put' })
  for (const put of puts.slice(3)) expect(put.result).toMatchObject({ kind: 'refused', code: 'TOO_BUSY' })
  expect([...client.rows.keys()].sort()).toEqual(['k0', 'k1', 'k2'])
  expect(client.machine.stats()).toMatchObject({ 'now.outbox': 3, 'refused.outbox': 2 })
  // Of one key only the newest waits, so that one has room.
  const newer = client.put('k1', 'newer')
  world.run(100)
  expect(newer.result).toMatchObject({ kind: 'put' })
  const server = world.server()
  client.connect(server)
  world.run(500)
  expect([...server.rows.keys()].sort()).toEqual(['k0', 'k1', 'k2'])
  expect(server.held('k1')).toBe('newer')
  expect(client.machine.stats()['outbox.dropped']).toBeUndefined()
  client.put('k5', 5)
  world.run(100)
  expect(server.held('k5')).toBe(5)
})

test('[T-41] the bytes of the queue are bounded in the same way; what was refused or failed gives its room back', () => {
  const world = new World()
  const client = world.client({ limits: { outboxSizeMax: 1_000 } })
  client.failCommits = true
  const failed = client.put('a', 'x'.repeat(900))
  world.run(100)
  expect(failed.result).toMatchObject({ code: 'STORE_FAILED' })
  client.failCommits = false
  const [first, second] = [client.put('b', 'x'.repeat(900)), client.put('c', 'x'.repeat(900))]
  world.run(100)
  expect(first.result).toMatchObject({ kind: 'put' })
  expect(second.result).toMatchObject({ code: 'TOO_BUSY' })
})

test('[T-41] while a server is connected a put waits for room, in its turn and up to its time', () => {
  const world = new World()
  const [client, server] = [world.client({ limits: { outboxRecordsMax: 3 } }), world.server()]
  client.connect(server)
  world.run(500)
  server.storeDelay = 100
  const puts = Array.from({ length: 30 }, (_, i) => client.put(`k${i}`, i, { timeout: 20_000 }))
  world.run(100)
  expect(puts.filter(({ result }) => result !== undefined)).toHaveLength(3)
  world.run(10_000)
  for (const put of puts) expect(put.result).toMatchObject({ kind: 'put' })
  expect(server.rows.size).toBe(30)
  server.storeDelay = 60_000
  const late = Array.from({ length: 5 }, (_, i) => client.put(`late${i}`, i, { timeout: 1_000 }))
  world.run(2_000)
  expect(late.map(({ result }) => result?.kind)).toEqual(['put', 'put', 'put', 'refused', 'refused'])
  expect(client.rows.has('late4')).toBe(false)
})

test('[T-41] a server that is slow to confirm what another one has keeps nobody from writing', () => {
  const world = new World()
  const [client, quick, slow] = [world.client({ limits: { outboxRecordsMax: 3 } }), world.server(), world.server()]
  client.connect(quick)
  client.connect(slow)
  world.run(500)
  slow.storeDelay = 600_000
  const puts = Array.from({ length: 20 }, (_, i) => client.put(`k${i}`, i))
  world.run(3_000)
  for (const put of puts) expect(put.result).toMatchObject({ kind: 'put' })
  expect(quick.rows.size).toBe(20)
  expect(client.machine.stats()['now.outbox']).toBeLessThanOrEqual(6)
})

test('[T-41] a server that is alone goes on writing, and is told of each record that no later server is sent', () => {
  const world = new World()
  const server = world.server({ limits: { outboxRecordsMax: 3 } })
  const puts = Array.from({ length: 5 }, (_, i) => server.put(`k${i}`, i))
  world.run(100)
  for (const put of puts) expect(put.result).toMatchObject({ kind: 'put' })
  expect(server.rows.size).toBe(5)
  expect(server.eventsOf('unsent').map(({ key }) => key)).toEqual(['k0', 'k1'])
  expect(server.machine.stats()).toMatchObject({ 'now.outbox': 3, 'outbox.dropped': 2 })
})
