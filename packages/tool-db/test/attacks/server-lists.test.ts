/** Lists of servers: who can make others dial, forget or hand on what is not so. */

import { expect, test } from 'vitest'
import { type RawPeer, TestKey, World, type WorldNode } from '../node/world.ts'

function tell(world: World, from: RawPeer, servers: readonly object[]): void {
  from.send({ type: 'pong', id: from.freshId(), to: [], clientId: 'whoever', isServer: true, servers })
  world.run(100)
}

function inventions(name: string, count: number, time: number): object[] {
  return Array.from({ length: count }, (_, i) =>
    new TestKey(`${name} ${i}`).endpoint(
      { host: `45.${100 + (i % 90)}.3.${1 + Math.floor(i / 90)}`, port: 9_000 },
      time,
    ),
  )
}

function knows(node: WorldNode, key: TestKey): boolean {
  return node.machine.servers().some(({ address }) => address === key.address)
}

test('[T-100] forged server lists: an endpoint whose signature does not hold is neither kept, nor dialled, nor told', () => {
  const world = new World()
  const node = world.server()
  const liar = world.raw(node).greet({ isServer: true })
  const victim = new TestKey('victim')
  const genuine = victim.endpoint({ host: '45.99.1.1', port: 9_000 }, world.now)
  tell(world, liar, [
    { ...genuine, host: '45.99.1.2' },
    { ...genuine, sig: 'ab'.repeat(32) },
    { ...genuine, address: new TestKey('another').address },
    victim.endpoint({ host: '45.99.1.3', port: 9_000 }, world.now, 'another topic'),
    victim.endpoint({ host: '45.99.1.4', port: 9_000 }, world.now + 3_600_000),
  ])
  expect(knows(node, victim)).toBe(false)
  expect(node.machine.stats()).toMatchObject({ 'rejected.forged-server': 3, 'now.dial-entries': 0 })
  const newcomer = world.raw(node).greet()
  expect(JSON.stringify(newcomer.ofType('pong'))).not.toContain('45.99.')
})

test('[T-100] forged server lists: a shoal peer, which verified what it tells, is dropped and kept out for it', () => {
  const world = new World()
  const [node, liar] = [world.server(), world.server()]
  liar.connect(node)
  world.run(500)
  const { clientId } = liar.machine
  const endpoint = new TestKey('victim').endpoint({ host: '45.99.1.1', port: 9_000 }, world.now)
  for (let i = 0; i < 3; i++) {
    const servers = Array.from({ length: 5 }, (_, j) => ({ ...endpoint, port: 1_000 + i * 5 + j }))
    const pong = { type: 'pong', id: `p${i}`, to: [], clientId, isServer: true, servers }
    liar.input((machine) => machine.sendText(node.machine.clientId, JSON.stringify(pong)))
    world.run(1_000)
  }
  expect(node.peers).toEqual([])
  expect(node.eventsOf('misbehaved')).toMatchObject([{ reason: 'forged-endpoint' }])
  expect(node.machine.stats()).toMatchObject({ 'rejected.forged-server': expect.any(Number), bans: 1 })
  expect(node.machine.stats()['faults.forged-endpoint']).toBeGreaterThanOrEqual(10)
})

test('[T-100] a stranger who tells of a thousand servers pushes out his own, not the honest ones', () => {
  const world = new World()
  const node = world.server({ limits: { serversKnownMax: 64, endpointsPerSecond: 1_000 } })
  const honest = world.raw(node).greet({ isServer: true })
  const genuine = Array.from({ length: 20 }, (_, i) => new TestKey(`genuine ${i}`))
  const told = genuine.map((key, i) => key.endpoint({ host: `45.90.${i}.1`, port: 9_000 }, world.now))
  tell(world, honest, told)
  const stranger = world.raw(node).greet({ isServer: true })
  // He cannot take the credit for those that were told before him, and have them go with his own.
  tell(world, stranger, told)
  for (let i = 0; i < 40; i++) tell(world, stranger, inventions(`wave ${i}`, 30, world.now))
  expect(genuine.filter((key) => knows(node, key))).toHaveLength(20)
  expect(node.machine.servers().length).toBeLessThanOrEqual(65)
  expect(node.machine.stats()['servers.forgotten-for-room']).toBeGreaterThan(1_000)
})

test('[T-100] eighty connections that each say to be a server push out no other prefix', () => {
  const world = new World()
  const node = world.server({ limits: { serversKnownMax: 32 } })
  const honest = world.raw(node).greet({ isServer: true })
  world.close(honest, honest.channel, 'for a while')
  world.run(100)
  for (let i = 0; i < 80; i++) {
    const one = world.raw(node, { host: `45.88.1.${1 + i}` }).greet({ isServer: true })
    world.close(one, one.channel, 'next')
    world.run(10)
  }
  expect(knows(node, honest.key)).toBe(true)
  expect(node.machine.servers().length).toBeLessThanOrEqual(33)
})

test('[T-100] whatever a stranger of the internet tells, nobody dials into loopback or a private network, and itself once at most', () => {
  const world = new World()
  const node = world.server()
  const inside = ['127.0.0.1', '10.0.0.1', '192.168.1.1', '169.254.1.1', '::1', 'fd00::1'].map((host) =>
    world.server({ host }),
  )
  const stranger = world.raw(node).greet({ isServer: true })
  tell(
    world,
    stranger,
    [...inside, node].map((server, i) => new TestKey(`lure ${i}`).endpoint(server, world.now)),
  )
  world.run(60_000)
  for (const server of inside) expect(world.wire.filter(({ to }) => to === server.host)).toEqual([])
  expect(node.machine.stats()['dials.given-up']).toBe(6)
  // Who claims our own place, under however many names, has us look there once: we are known by our key.
  const claims = (name: string): object[] =>
    Array.from({ length: 10 }, (_, i) => new TestKey(`${name} ${i}`).endpoint(node, world.now))
  for (let i = 0; i < 10; i++) {
    tell(world, stranger, claims(`wave ${i}`))
    world.run(10_000)
  }
  const pings = world.wire.filter(
    ({ from, to, text }) => from === node.host && to === node.host && text.includes('"ping"'),
  )
  expect(pings).toHaveLength(1)
  expect(node.peers).toEqual([stranger.key.address])
})
