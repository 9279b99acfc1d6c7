import { expect, test } from 'vitest'
import { TestKey, World } from './world.ts'

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
