import { expect, test } from 'vitest'
import { TestKey, World } from './world.ts'

test('[T-45] custom verifications that take their time hold up their own keys, and nobody else', () => {
  const world = new World()
  const server = world.server({ limits: { lanesMax: 4 } })
  server.input((machine) => machine.addVerifier('slow-', 1))
  server.verifyDelay = 5_000
  const [stranger, good] = [world.raw(server).greet(), world.raw(server).greet()]
  for (let i = 0; i < 100; i++) stranger.put(stranger.key.plain(`slow-${i}`, i, { time: world.now }))
  stranger.put(stranger.key.plain('slow-0', 'newer', { time: world.now + 1 }))
  world.run(100)
  good.put(good.key.plain('k', 1, { time: world.now }))
  world.run(100)
  expect(server.held('k')).toBe(1)
  world.run(12_000)
  expect(server.rows.size).toBe(101)
  expect(server.held('slow-0')).toBe('newer')
  expect(server.machine.stats()).toMatchObject({ 'now.lanes': 0, 'now.unverified': 0, 'now.effects': 0 })
})

test('[T-50] a server that has no time for a question has not said no', () => {
  const world = new World()
  const server = world.server({ limits: { readsMax: 1 } })
  const client = world.client()
  client.connect(server)
  world.run(500)
  const record = new TestKey('author').plain('k', 'v', { time: world.now })
  server.rows.set('k', { value: JSON.stringify(record), version: 'x' })
  server.storeDelay = 100
  const [first, second] = [client.get('k', 2_000), client.get('k', 2_000)]
  world.run(3_000)
  expect(first.result).toMatchObject({ kind: 'get', complete: true, record: { v: 'v' } })
  expect(second.result).toMatchObject({ kind: 'get', record: undefined, complete: false })
  expect(server.machine.stats()['refused.reads']).toBe(1)
})

test('[T-50] many questions at once are all answered, one answer of each server for each', () => {
  const world = new World()
  const server = world.server()
  const client = world.client({ limits: { unverifiedPerPeerMax: 5 } })
  client.connect(server)
  world.run(500)
  for (let i = 0; i < 50; i++) server.put(`k${i}`, i)
  world.run(100)
  const gets = Array.from({ length: 50 }, (_, i) => client.get(`k${i}`))
  world.run(1_000)
  expect(gets.map(({ result }) => (result?.kind === 'get' ? result.record?.v : undefined))).toEqual(
    Array.from({ length: 50 }, (_, i) => i),
  )
})
