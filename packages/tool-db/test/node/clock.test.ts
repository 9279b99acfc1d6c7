import { expect, test } from 'vitest'
import { World, type WorldNode } from './world.ts'

const HOUR = 3_600_000

function setBack(world: World, nodes: readonly WorldNode[]): void {
  world.now -= HOUR
  // Timers of the system do not know of the clock: they fire as before.
  for (const node of nodes) node.input((machine) => machine.handleTimeout(world.now))
}

test('[T-78] a clock that is set back makes nobody wait longer, and bans nobody', () => {
  const world = new World()
  const [server, client] = [world.server(), world.client()]
  client.connect(server)
  const raw = world.raw(server).greet()
  world.run(500)
  const lonely = world.client()
  const waiting = lonely.get('k', 1_000)
  raw.send('{"type":"put"}')
  world.run(100)
  setBack(world, [server, client, lonely])
  raw.send('{"type":"put"}')
  world.run(2_000)
  expect(waiting.result).toMatchObject({ kind: 'get', complete: false })
  expect(raw.isClosed).toBe(false)
  world.kill(server)
  world.run(60_000)
  expect(client.peers).toEqual([])
  const again = world.server({ host: server.host, port: server.port })
  world.run(60_000)
  expect(client.peers).toEqual([again.peerId])
})

test('[T-78] a listener that was told before a clock was set back is told at once all the same', () => {
  const world = new World()
  const client = world.client()
  client.input((machine) => machine.addListener('a'))
  client.put('a', 1)
  world.run(10)
  world.now -= 10_000
  client.put('a', 2)
  world.run(150)
  client.put('a', 3)
  world.run(150)
  expect(client.eventsOf('notify').map(({ record }) => record.v)).toEqual([1, 2, 3])
})

test('[T-78] after a clock was set back questions of strangers are answered at the same rate, and functions called', () => {
  const world = new World()
  const [server, client] = [world.server(), world.client()]
  server.functions.set('f', () => 'x'.repeat(400_000))
  server.input((machine) => machine.addFunction('f'))
  client.connect(server)
  for (let i = 0; i < 2_000; i++) server.put(`${'k'.repeat(900)}${i}`, i)
  world.run(1_000)
  const ask = (): ReturnType<typeof client.command> => client.command({ kind: 'query', prefix: 'k', timeout: 60_000 })
  const call = (): ReturnType<typeof client.command> =>
    client.command({ kind: 'function', name: 'f', args: null, timeout: 10_000 })
  for (let i = 0; i < 20; i++) call()
  ask()
  world.run(60_000)
  setBack(world, [server, client])
  const [query, called] = [ask(), call()]
  world.run(60_000)
  expect(query.result).toMatchObject({ kind: 'query', complete: true })
  expect(called.result).toMatchObject({ kind: 'function', code: 'OK' })
})

test('[T-78] servers go on comparing what they have after one of their clocks was set back', () => {
  const world = new World()
  const [a, b] = [world.server({ sync: {} }), world.server({ sync: {} })]
  a.connect(b)
  world.run(10 * 60_000)
  const turns = (): number => a.machine.stats()['sync.turns'] ?? 0
  const before = turns()
  expect(before).toBeGreaterThan(3)
  setBack(world, [a, b])
  world.run(10 * 60_000)
  expect(turns()).toBeGreaterThan(before + 3)
})

test('[T-78] a store that hangs is given up in time, though the clock was set back meanwhile', () => {
  const world = new World()
  const server = world.server({ limits: { effectTimeout: 5_000 } })
  const raw = world.raw(server).greet()
  server.storeDelay = 10 * HOUR
  raw.put(raw.key.plain('k', 1, { time: world.now }))
  world.run(1_000)
  setBack(world, [server])
  world.run(60_000)
  expect(server.machine.stats()).toMatchObject({ 'now.lanes': 0, 'now.unverified': 0 })
})
