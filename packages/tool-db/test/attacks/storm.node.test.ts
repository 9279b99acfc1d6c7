/** A message storm: as many messages as the socket takes, each of which costs us something. */

import { expect, test } from 'vitest'
import { connected, placeOf, server, started, until } from '../face/world.ts'
import { World } from '../node/world.ts'
import { PlainSocket } from './plain-socket.ts'

test('[T-108] who storms is refused beyond the rate, then dropped and kept out; the others are served meanwhile', async () => {
  const db = await server({ limits: { messagesPerSecond: 500 } })
  const { port } = placeOf(db)
  const client = await started({ peers: [placeOf(db)], limits: { messagesPerSecond: 500 } })
  await connected(client)
  const told: { reason: string; host: string }[] = []
  db.on('misbehaved', (event: { reason: string; host: string }) => told.push(event))
  const storm = await PlainSocket.greet(port, '127.0.0.77')
  for (let i = 0; i < 20_000; i++) storm.send({ type: 'get', id: `g${i}`, to: [], key: 'k' })
  for (let i = 0; i < 20; i++) await client.putData(`k${i}`, i, false, { confirm: 1 })
  await storm.closed
  expect(told).toMatchObject([{ reason: 'over-rate', host: '127.0.0.77' }])
  expect(db.stats()).toMatchObject({ bans: 1, 'now.peers': 1 })
  expect(db.stats()['refused.over-rate']).toBeGreaterThanOrEqual(100)
  const again = await PlainSocket.open(port, '127.0.0.77')
  await again.closed
  await until(() => db.stats()['refused.banned'] === 1)
})

test('[T-108] bytes count as well as messages', async () => {
  const db = await server({ limits: { bytesPerSecond: 100_000 } })
  const storm = await PlainSocket.greet(placeOf(db).port, '127.0.0.78')
  for (let i = 0; i < 500; i++) storm.send({ type: 'get', id: `g${i}`, to: ['x'.repeat(60)], key: 'k'.repeat(1_000) })
  await storm.closed
  expect(db.stats()['faults.over-rate']).toBeGreaterThanOrEqual(100)
})

test('[T-108] a storm from many addresses of one prefix is one storm, and another prefix has its own rate', () => {
  const world = new World()
  const node = world.server({ limits: { messagesPerSecond: 100, prefixFactor: 2 } })
  const crowd = Array.from({ length: 20 }, (_, i) => world.raw(node, { host: `45.77.1.${1 + i}` }).greet())
  const good = world.raw(node).greet()
  // Each within its own rate, all together five times beyond that of the prefix.
  for (const raw of crowd) for (let i = 0; i < 100; i++) raw.send({ type: 'get', id: `g${i}`, to: [], key: 'k' })
  good.put(good.key.plain('k', 1, { time: world.now }))
  world.run(100)
  expect(node.held('k')).toBe(1)
  expect(node.machine.stats()['refused.over-rate']).toBeGreaterThan(1_000)
})

test('[T-108] a storm of records to verify fills its own share of the queue, and one from elsewhere still gets in', () => {
  const world = new World()
  const limits = { unverifiedPerPeerMax: 100, unverifiedMax: 1_000, messagesPerSecond: 1e6, bytesPerSecond: 1e9 }
  const node = world.server({ limits })
  node.storeDelay = 1_000
  const [storm, good] = [world.raw(node).greet(), world.raw(node).greet()]
  for (let i = 0; i < 2_000; i++) storm.put(storm.key.plain(`s${i}`, i, { time: world.now }))
  good.put(good.key.plain('k', 1, { time: world.now }))
  world.run(10)
  expect(node.machine.stats()).toMatchObject({ 'now.unverified': 101, 'refused.unverified': 1_900 })
  world.run(5_000)
  expect(node.held('k')).toBe(1)
})
