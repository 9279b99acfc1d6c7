import { expect, test } from 'vitest'
import { type RawPeer, TestKey, World, type WorldNode } from './world.ts'

const FALSE_PLACE = { host: '45.250.1.1', port: 9_000 }

/** A plain server connected to `node`, and a second one that tells of it. */
function strangers(world: World, node: WorldNode, place: { host: string; port: number }): RawPeer {
  world.raw(node).greet({ isServer: true, place })
  return world.raw(node).greet({ isServer: true })
}

function tell(world: World, from: RawPeer, servers: readonly object[]): void {
  from.send({ type: 'pong', id: from.freshId(), to: [], clientId: 'whoever', isServer: true, servers })
  world.run(100)
}

function restarted(world: World, server: WorldNode, key: string): WorldNode {
  return world.server({ host: server.host, port: server.port, key, instance: 'b'.repeat(32) })
}

test('[T-67] who claims the place of a server does not keep us from dialling it', () => {
  const world = new World()
  const [node, server] = [world.server(), world.server({ key: 'victim' })]
  node.connect(server)
  world.run(500)
  expect(node.peers).toEqual([server.peerId])
  const teller = strangers(world, node, FALSE_PLACE)
  const liar = new TestKey('liar')
  tell(world, teller, [liar.endpoint(server, world.now)])
  world.raw(node).greet({ isServer: true, key: liar, place: server })
  world.kill(server)
  world.run(300)
  restarted(world, server, 'victim')
  world.run(90_000)
  expect(node.peers).toContain(server.peerId)
})

test('[T-67] a place that discovery proposes is dialled, whoever says to be there', () => {
  const world = new World()
  const node = world.server()
  const later = { host: '45.240.1.1', port: 9_000 }
  const liar = new TestKey('liar')
  tell(world, strangers(world, node, FALSE_PLACE), [liar.endpoint(later, world.now)])
  world.raw(node).greet({ isServer: true, key: liar, place: later })
  const server = world.server(later)
  node.input((machine) => machine.handleCandidate(world.now, later, 'proposed'))
  world.run(1_000)
  expect(node.peers).toContain(server.peerId)
})

test('[T-67] nobody can have a server forgotten by claiming its place and moving away', () => {
  const world = new World()
  const [node, server] = [world.server(), world.server({ key: 'victim' })]
  const teller = strangers(world, node, FALSE_PLACE)
  tell(world, teller, [server.key.endpoint(server, world.now)])
  world.run(500)
  expect(node.peers).toContain(server.peerId)
  const liar = new TestKey('liar')
  tell(world, teller, [liar.endpoint(server, world.now)])
  world.kill(server)
  world.run(600)
  tell(world, teller, [liar.endpoint(FALSE_PLACE, world.now + 1)])
  restarted(world, server, 'victim')
  world.run(20_000)
  expect(node.peers).toContain(server.peerId)
})

test('[T-63] an endpoint that only has the time of one that holds is not dialled', () => {
  const world = new World()
  const node = world.server()
  const teller = strangers(world, node, FALSE_PLACE)
  const gone = new TestKey('gone').endpoint({ host: '45.240.1.1', port: 9_000 }, world.now)
  tell(world, teller, [gone])
  const target = world.server()
  tell(world, teller, [{ ...gone, host: target.host, port: target.port }])
  world.run(20_000)
  expect(target.machine.stats()['now.sessions']).toBe(0)
  expect(world.wire.filter(({ to }) => to === target.host)).toEqual([])
})

test('[T-67] a repeated ping of a server does not stand for the server', () => {
  const world = new World()
  const [node, server] = [world.server(), world.server()]
  // Anybody can have it: each server says it to each other one.
  world.raw(node).greet({ isServer: true, key: server.key, place: server })
  const teller = world.raw(node).greet({ isServer: true })
  tell(world, teller, [server.key.endpoint(server, world.now)])
  world.run(1_000)
  expect(node.machine.peers().filter(({ proven }) => proven)).toMatchObject([{ peerId: server.peerId }])
})

/** A stranger's word of so many servers at places that never answer. */
function tellDead(world: World, from: RawPeer, count: number): void {
  for (let i = 0; i < count; i += 16) {
    const servers = Array.from({ length: Math.min(16, count - i) }, (_, j) => {
      const host = `45.${100 + Math.floor((i + j) / 200)}.${from.id % 200}.${1 + ((i + j) % 200)}`
      world.silent.add(host)
      return new TestKey(`dead ${from.id} ${i + j}`).endpoint({ host, port: 9_000 }, world.now)
    })
    tell(world, from, servers)
    world.run(900)
  }
}

test('[T-67] whoever tells of hundreds of dead servers delays nobody else’s word by more than a turn', () => {
  const world = new World()
  const node = world.server()
  const strangersThere = [world.raw(node).greet({ isServer: true }), world.raw(node).greet({ isServer: true })]
  for (const each of strangersThere) tellDead(world, each, 256)
  expect(node.machine.stats()['now.dial-entries']).toBeLessThanOrEqual(2 * 64 + 2)
  const [honest, server] = [world.server(), world.server()]
  node.connect(honest)
  world.run(6_000)
  expect(node.peers).toContain(honest.peerId)
  // It knows of nobody itself: only the word of the honest one brings the two together.
  honest.input((machine) => {
    const clientId = honest.peerId.slice(-20)
    const servers = [server.key.endpoint(server, world.now)]
    machine.sendRaw(world.now, { type: 'pong', id: 'p', to: [], clientId, isServer: true, servers })
  })
  world.run(6_000)
  expect(node.peers).toContain(server.peerId)
})

test('[T-67] a plain teller has its turn, too, however much others tell', () => {
  const world = new World()
  const node = world.server()
  tellDead(world, world.raw(node).greet({ isServer: true }), 64)
  const target = world.server({ key: 'target' })
  const honest = world.raw(node).greet({ isServer: true })
  tell(world, honest, [target.key.endpoint(target, world.now)])
  world.run(6_000)
  expect(node.peers).toContain(target.peerId)
})

test('[T-67] a teller’s newest word displaces what it told of before and nobody answered at', () => {
  const world = new World()
  const node = world.server({ limits: { dialEntriesPerTellerMax: 16, dialTimeout: 1_000 } })
  const teller = world.raw(node).greet({ isServer: true })
  tellDead(world, teller, 16)
  world.run(1_500)
  const target = world.server({ key: 'target' })
  tell(world, teller, [target.key.endpoint(target, world.now)])
  world.run(6_000)
  expect(node.peers).toContain(target.peerId)
})

test('[T-61] a dial whose place is forgotten meanwhile gives its turn to the next', () => {
  const world = new World()
  const node = world.server({ limits: { dialsMax: 1, dialTimeout: 600_000 } })
  const teller = strangers(world, node, FALSE_PLACE)
  const key = new TestKey('moves')
  const target = world.server({ key: 'target' })
  world.silent.add('45.240.1.1')
  world.silent.add('45.240.1.2')
  tell(world, teller, [key.endpoint({ host: '45.240.1.1', port: 1 }, world.now)])
  tell(world, teller, [target.key.endpoint(target, world.now)])
  tell(world, teller, [key.endpoint(FALSE_PLACE, world.now + 1)])
  world.run(1_000)
  expect(node.peers).toContain(target.peerId)
})
