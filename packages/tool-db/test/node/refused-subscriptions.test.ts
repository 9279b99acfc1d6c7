import { expect, test } from 'vitest'
import { World } from './world.ts'

test('[T-98] a subscription that a server refuses for now is told once, and asked for again ever more rarely', () => {
  const world = new World()
  const [server, client] = [world.server({ limits: { subscriptionsPerPeerMax: 2 } }), world.client()]
  for (const key of ['a', 'b', 'c', 'd']) client.command({ kind: 'subscribe', key })
  client.connect(server)
  world.run(600_000)
  const asked = world.wire.filter(({ text }) => text.includes('"subscribe"') && text.includes('"key":"c"')).length
  expect(asked).toBeGreaterThan(5)
  expect(asked).toBeLessThan(20)
  const refusals = client.eventsOf('refused').map(({ refusal }) => [refusal.key, refusal.code])
  expect(refusals).toEqual([
    ['c', 'RATE_LIMITED'],
    ['d', 'RATE_LIMITED'],
  ])
})

test('[T-98] where the server has room again, or its store answers, the subscription stands', () => {
  const world = new World()
  const [server, client] = [world.server({ limits: { readsMax: 1 } }), world.client()]
  server.put('a', 1)
  server.put('b', 2)
  client.connect(server)
  world.run(500)
  server.storeDelay = 50
  for (const key of ['a', 'b']) client.command({ kind: 'subscribe', key })
  world.run(30)
  server.storeDelay = 0
  world.run(5_000)
  expect([client.held('a'), client.held('b')]).toEqual([1, 2])
  expect(client.eventsOf('refused')).toHaveLength(1)
  expect(client.machine.stats()['subscriptions.refused']).toBe(1)
})

test('[T-98] what waits to be asked again goes with its connection', () => {
  const world = new World()
  const [server, client] = [world.server({ limits: { subscriptionsPerPeerMax: 1 } }), world.client()]
  for (let i = 0; i < 200; i++) client.command({ kind: 'subscribe', key: `k${i}` })
  client.connect(server)
  world.run(1_000)
  world.kill(server)
  world.run(1_000)
  const before = world.wire.length
  world.run(120_000)
  expect(world.wire.slice(before).filter(({ text }) => text.includes('"subscribe"'))).toEqual([])
})

test('[T-99] what a client could not store is told to it again once its store is well', () => {
  const world = new World()
  const [server, client] = [world.server(), world.client()]
  client.connect(server)
  for (const key of ['a', 'b']) client.command({ kind: 'subscribe', key })
  world.run(500)
  client.failCommits = true
  server.put('a', 1)
  server.put('a', 2)
  server.put('b/below', 3)
  world.run(5_000)
  expect(client.held('a')).toBeUndefined()
  client.failCommits = false
  world.run(60_000)
  expect(client.held('a')).toBe(2)
  const before = world.wire.length
  world.run(300_000)
  expect(world.wire.slice(before).filter(({ text }) => text.includes('"subscribe"'))).toEqual([])
})
