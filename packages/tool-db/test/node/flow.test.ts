import { expect, test } from 'vitest'
import { World } from './world.ts'

const BIG = 'x'.repeat(100_000)

test('[T-79] a long queue goes out piece by piece, as the server acknowledges', () => {
  const world = new World()
  const client = world.client()
  for (let i = 0; i < 100; i++) client.put(`k${i}`, BIG)
  world.run(100)
  const server = world.server()
  server.storeDelay = 50
  client.connect(server)
  world.run(60)
  const underway = (): number => {
    const puts = world.wire.filter(({ from, text }) => from === client.host && text.includes('"type":"put"')).length
    const acks = world.wire.filter(({ from, text }) => from === server.host && text.includes('"type":"ack"')).length
    return puts - acks
  }
  for (let i = 0; i < 200; i++) {
    world.run(10)
    expect(underway()).toBeLessThanOrEqual(11)
  }
  expect([...server.rows.keys()]).toHaveLength(100)
  expect(client.machine.stats()['now.outbox']).toBe(0)
})

test('[T-79] what had no room when its server went away goes to the next one', () => {
  const world = new World()
  const [client, first] = [world.client(), world.server()]
  client.connect(first)
  world.run(500)
  first.storeDelay = 60_000
  const puts = Array.from({ length: 40 }, (_, i) => client.put(`k${i}`, BIG, { confirm: 1, timeout: 30_000 }))
  world.run(200)
  world.kill(first)
  const second = world.server()
  client.connect(second)
  world.run(20_000)
  expect([...second.rows.keys()]).toHaveLength(40)
  for (const put of puts) expect(put.result).toMatchObject({ kind: 'put', confirmed: 1 })
})

test('[T-79] to a plain server, which acknowledges nothing, a long queue goes at a measured pace', () => {
  const world = new World()
  const server = world.server()
  for (let i = 0; i < 50; i++) server.put(`k${i}`, BIG)
  const raw = world.raw(server).greet({ isServer: true })
  expect(raw.ofType('put').length).toBeLessThanOrEqual(10)
  world.run(2_000)
  expect(new Set(raw.ofType('put').map(({ data }) => (data as { k: string }).k)).size).toBe(50)
  world.run(1_000)
  expect(server.machine.stats()['now.outbox']).toBe(0)
})
