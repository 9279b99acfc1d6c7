import { expect, test } from 'vitest'
import { World } from './world.ts'

const HOUR = 3_600_000

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
  world.now -= HOUR
  // Timers of the system do not know of the clock: they fire as before.
  for (const node of [server, client, lonely]) node.input((machine) => machine.handleTimeout(world.now))
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
