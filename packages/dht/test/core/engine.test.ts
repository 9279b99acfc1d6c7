import { expect, test } from 'vitest'
import type { OperationId } from '../../src/core/engine-event.ts'
import { isSameId, nodeIdBytes, randomNodeId } from '../../src/core/id/node-id.ts'
import { decode, dig, packet } from '../bencode.ts'
import { bootstrap, finish, lookupDone, pair, peersOf, swarm, World, type WorldNode } from '../world.ts'

function methodsOf(node: WorldNode): string[] {
  return node.sent.flatMap(({ bytes }) => (dig(decode(bytes), 'q') as string | undefined) ?? [])
}

function contactIds(node: WorldNode): string[] {
  return [...node.engine.contacts()].map(({ address }) => address.host)
}

function lookup(world: World, node: WorldNode, target = randomNodeId(world.random)): OperationId {
  return world.run(node, (engine, now) => engine.lookup(now, target))
}

test('[D-30] a node is a contact once it has answered, and not before', () => {
  const { world, server, client } = pair()
  expect(contactIds(client)).toEqual([server.endpoint.host])
  world.advance(1_000)
  expect(contactIds(server)).toEqual([client.endpoint.host])

  const mute = { host: '45.250.0.1', port: 1 }
  const id = String.fromCharCode(...nodeIdBytes(randomNodeId(world.random)))
  world.send(mute, server.endpoint, packet({ a: { id }, q: 'ping', t: 'aa', y: 'q' }))
  world.advance(30_000)
  expect(contactIds(server)).not.toContain(mute.host)
})

test('[D-37] a client is no contact of anybody and never pinged, and its every query says ro', () => {
  const { world, server, client } = pair({ client: { mode: 'client' } })
  const operation = world.run(client, (engine, now) =>
    engine.lookup(now, randomNodeId(world.random), { port: 1, isPortImplied: false }),
  )
  expect(lookupDone(finish(world, client, operation)).announced).toEqual({ nodes: 1, failed: 0 })
  world.advance(60_000)
  expect(contactIds(server)).toEqual([])
  expect(methodsOf(server)).toEqual([])
  expect(client.sent.length).toBeGreaterThan(2)
  for (const { bytes } of client.sent) expect(decode(bytes)).toMatchObject({ y: 'q', ro: 1 })
})

test('[D-17] a client answers nothing', () => {
  const world = new World()
  const client = world.add({ mode: 'client' })
  const from = { host: '45.250.0.1', port: 1 }
  for (const q of ['ping', 'find_node', 'vote']) {
    world.send(from, client.endpoint, packet({ a: { id: 'i'.repeat(20), target: 't'.repeat(20) }, q, t: 'aa', y: 'q' }))
  }
  world.advance(1_000)
  expect(client.sent).toEqual([])
  expect(client.engine.counters.ignoredAsClient).toBe(3)
})

test('[D-17] a client that only looks up never announces', () => {
  const { world, nodes } = swarm(12, { seed: 8 })
  const client = world.add({ mode: 'client' })
  bootstrap(world, client, nodes.slice(0, 2))
  finish(world, client, lookup(world, client))
  world.advance(600_000)
  expect(methodsOf(client)).not.toContain('announce_peer')
})

test('[D-50] an answer from elsewhere, or with another transaction id, changes nothing', () => {
  const world = new World()
  const node = world.add()
  const target = { host: '45.250.0.1', port: 1 }
  const liar = { host: '45.250.0.2', port: 1 }
  world.onStray = (from, to, bytes) => {
    if (to !== '45.250.0.1:1') return
    const t = dig(decode(bytes), 't') as string
    world.send(liar, from, packet({ r: { id: 'x'.repeat(20) }, t, y: 'r' }))
    world.send(target, from, packet({ r: { id: 'x'.repeat(20) }, t: 'none', y: 'r' }))
  }
  const operation = world.run(node, (engine, now) => engine.ping(now, target))
  expect(finish(world, node, operation)).toMatchObject({ kind: 'no-pong', why: 'timed-out' })
  expect(contactIds(node)).toEqual([])
  expect(node.engine.counters.unexpectedAnswers).toBe(2)
})

test('[D-51] a ping gives the id and the round trip', () => {
  const { world, server, client } = pair({ latency: [25, 25] })
  const operation = world.run(client, (engine, now) => engine.ping(now, server.endpoint))
  const pong = finish(world, client, operation)
  if (pong.kind !== 'pong') throw new Error(pong.kind)
  expect(isSameId(pong.id, server.engine.nodeId)).toBe(true)
  expect(pong.ms).toBeCloseTo(50)
})

test('[D-4] a node that answers with an error has refused', () => {
  const world = new World()
  const node = world.add()
  const grumpy = { host: '45.250.0.1', port: 1 }
  world.onStray = (from, _to, bytes) => {
    world.send(grumpy, from, packet({ e: [202, 'no'], t: dig(decode(bytes), 't') as string, y: 'e' }))
  }
  const operation = world.run(node, (engine, now) => engine.ping(now, grumpy))
  expect(finish(world, node, operation)).toMatchObject({ kind: 'no-pong', why: 'refused', code: 202 })
})

test('[D-34] a node that comes back under another id is found under that one', () => {
  const { world, server, client } = pair({ latency: [10, 20] })
  world.kill(server)
  const again = world.add({}, server.endpoint)
  const operation = world.run(client, (engine, now) => engine.ping(now, server.endpoint))
  finish(world, client, operation)
  const [contact] = [...client.engine.contacts()]
  expect(client.engine.sizes.contacts).toBe(1)
  expect(contact !== undefined && isSameId(contact.id, again.engine.nodeId)).toBe(true)
})

test('[D-38] on Mainline, private and martian nodes are neither asked nor kept; a private network takes them', () => {
  for (const network of ['mainline', 'private'] as const) {
    const world = new World()
    const node = world.add({ network })
    const teller = { host: '45.250.0.1', port: 1 }
    const asked = new Set<string>()
    const id = (n: number): string => String.fromCharCode(n).repeat(20)
    const told = ['\x0a\0\0\x01', '\x7f\0\0\x01', '\xc0\xa8\0\x01', '\xe0\0\0\x01', '\0\0\0\0', '\x2d\xfa\0\x02']
    world.onStray = (from, to, bytes) => {
      asked.add(to)
      const nodes = told.map((host, i) => `${id(i + 1)}${host}\0\x01`).join('')
      const t = dig(decode(bytes), 't') as string
      if (to === '45.250.0.1:1') world.send(teller, from, packet({ r: { id: id(99), nodes }, t, y: 'r' }))
    }
    bootstrap(world, node, [{ ...node, endpoint: teller }])
    const inside = ['10.0.0.1:1', '127.0.0.1:1', '192.168.0.1:1']
    expect([...asked].sort()).toEqual(['45.250.0.1:1', '45.250.0.2:1', ...(network === 'private' ? inside : [])].sort())
  }
})

test('[D-39] public routers stay out of the table; a bootstrap node that was given is a contact', () => {
  const world = new World()
  const router = world.add()
  const given = world.add()
  const node = world.add()
  node.engine.keepOut([router.endpoint])
  bootstrap(world, node, [router, given])
  expect(contactIds(node)).toEqual([given.endpoint.host])
})

test('[D-33] a dead contact makes room for a living newcomer', () => {
  const { world, nodes } = swarm(12, { seed: 9 })
  const node = nodes[0] as WorldNode
  const dead = nodes[5] as WorldNode
  expect(contactIds(node)).toContain(dead.endpoint.host)
  world.kill(dead)
  world.advance(40 * 60_000)
  expect(contactIds(node)).not.toContain(dead.endpoint.host)
  expect(contactIds(node)).toContain((nodes[6] as WorldNode).endpoint.host)
})

test('[D-40] an idle client sends less than a tenth of a query a second over ten minutes', () => {
  const { world, nodes } = swarm(60, { seed: 10 })
  const client = world.add({ mode: 'client' })
  bootstrap(world, client, nodes.slice(0, 2))
  // Half an hour first, so that every contact is questionable in its turn.
  world.advance(30 * 60_000)
  const before = client.sent.length
  world.advance(10 * 60_000)
  const queries = client.sent.length - before
  expect(queries).toBeLessThan(60)
  expect(queries).toBeGreaterThan(0)
  expect(client.engine.sizes.contacts).toBeGreaterThan(8)
})

test('[D-40] an idle server does as well', () => {
  const { world, nodes } = swarm(30, { seed: 11 })
  world.advance(30 * 60_000)
  const node = nodes[15] as WorldNode
  const before = methodsOf(node).length
  world.advance(10 * 60_000)
  expect(methodsOf(node).length - before).toBeLessThan(60)
})

test('[D-41] contacts long silent are asked for nodes of their bucket, so the table stays true', () => {
  const { world, nodes } = swarm(20, { seed: 12 })
  const client = world.add({ mode: 'client' })
  bootstrap(world, client, nodes.slice(0, 2))
  const dead = nodes.slice(10).map(({ endpoint }) => endpoint.host)
  expect(contactIds(client).some((host) => dead.includes(host))).toBe(true)
  for (const node of nodes.slice(10)) world.kill(node)
  world.advance(60 * 60_000)
  expect(contactIds(client).filter((host) => dead.includes(host))).toEqual([])
  expect(client.engine.sizes.contacts).toBeGreaterThanOrEqual(8)
  expect(methodsOf(client)).toContain('find_node')
})

test('[D-42] a network that fails for a while costs no contacts', () => {
  // So few that there is room for all: in a full bucket who is silent gives way to who is not.
  const { world, nodes } = swarm(9, { seed: 13 })
  const client = world.add({ mode: 'client' })
  bootstrap(world, client, nodes.slice(0, 2))
  world.advance(5_000)
  const before = contactIds(client)
  world.loss = 1
  finish(world, client, lookup(world, client))
  world.loss = 0
  world.advance(10 * 60_000)
  expect(contactIds(client)).toEqual(expect.arrayContaining(before))
})

test('[D-42] who loses the last contact is told so', () => {
  const { world, server, client } = pair({ client: { mode: 'client' } })
  world.kill(server)
  world.advance(60 * 60_000)
  expect(client.engine.sizes.contacts).toBe(0)
  expect(client.events.filter(({ kind }) => kind === 'alone')).toHaveLength(1)
})

test('[D-54] one node is not sent more than it bears: under fifty packets in ten seconds', () => {
  const { world, server, client } = pair({ client: { mode: 'client' } })
  for (let i = 0; i < 100; i++) {
    lookup(world, client)
    world.advance(100)
  }
  const toServer = client.sent.filter(({ to }) => to.host === server.endpoint.host)
  const most = Math.max(...toServer.map(({ at }) => toServer.filter((s) => s.at >= at && s.at < at + 10_000).length))
  expect(most).toBeLessThan(50)
  const { delayed, notSent } = client.engine.counters
  expect([delayed > 0, notSent > 0]).toEqual([true, true])
})

test('[D-53] queries in flight are bounded, and a lookup that had to wait goes on', () => {
  const { world, nodes } = swarm(30, { seed: 14 })
  const client = world.add({ mode: 'client', limits: { queriesInFlightMax: 2 } })
  bootstrap(world, client, nodes.slice(0, 2))
  const operations = [1, 2, 3].map(() => lookup(world, client))
  let most = 0
  const done = world.until(() => {
    most = Math.max(most, client.engine.sizes.inFlight)
    return client.engine.sizes.lookups === 0
  })
  expect([done, most]).toEqual([true, 2])
  for (const operation of operations) {
    expect(lookupDone(finish(world, client, operation)).summary.answered).toBeGreaterThanOrEqual(8)
  }
})

test('[D-70] others tell us our address', () => {
  const { nodes } = swarm(5, { seed: 15 })
  for (const node of nodes) expect(node.engine.externalAddress).toEqual(node.endpoint)
})

test('[D-68] in a network of one, what was announced there is found there', () => {
  const { world, server, client } = pair({ client: { mode: 'client' } })
  const target = randomNodeId(world.random)
  const announce = { port: 4_444, isPortImplied: false }
  finish(
    world,
    client,
    world.run(client, (engine, now) => engine.lookup(now, target, announce)),
  )
  const operation = lookup(world, server, target)
  finish(world, server, operation)
  expect(peersOf(server, operation)).toEqual([{ host: client.endpoint.host, port: 4_444 }])
  const own = world.run(server, (engine, now) => engine.lookup(now, randomNodeId(world.random), announce))
  finish(world, server, own)
  const found = lookup(world, client, target)
  finish(world, client, found)
  expect(peersOf(client, found)).toContainEqual({ host: client.endpoint.host, port: 4_444 })
})

test('[D-68] a server that nobody else can store for serves its own announcement', () => {
  const { world, server, client } = pair({ client: { mode: 'client' } })
  const target = randomNodeId(world.random)
  const announce = { port: 4_444, isPortImplied: false }
  finish(
    world,
    server,
    world.run(server, (engine, now) => engine.lookup(now, target, announce)),
  )
  const operation = lookup(world, client, target)
  finish(world, client, operation)
  expect(peersOf(client, operation)).toEqual([{ host: server.endpoint.host, port: 4_444 }])
})

test('[D-31] a bootstrap address that is our own costs nothing and counts for nothing', () => {
  const { world, server, client } = pair()
  bootstrap(world, client, [client, server])
  const announce = { port: 4_444, isPortImplied: false }
  const operation = world.run(client, (engine, now) => engine.lookup(now, randomNodeId(world.random), announce))
  expect(lookupDone(finish(world, client, operation)).announced).toEqual({ nodes: 1, failed: 0 })
  expect(contactIds(client)).toEqual([server.endpoint.host])
})

test('[D-61] nodes that refuse an announcement, or fall silent, are counted as failed', () => {
  const world = new World({ seed: 16 })
  const node = world.add()
  const ports = [1, 2, 3]
  world.onStray = (from, to, bytes) => {
    const port = Number(to.split(':')[1])
    const self = { host: to.split(':')[0] ?? '', port }
    const t = dig(decode(bytes), 't') as string
    const isAnnounce = dig(decode(bytes), 'q') === 'announce_peer'
    if (isAnnounce && port === 2) world.send(self, from, packet({ e: [203, 'bad token'], t, y: 'e' }))
    else if (!isAnnounce || port === 1) {
      world.send(self, from, packet({ r: { id: String.fromCharCode(port).repeat(20), token: 'x' }, t, y: 'r' }))
    }
  }
  const nodes = ports.map((port) => ({ ...node, endpoint: { host: `45.251.0.${port}`, port } }))
  bootstrap(world, node, nodes)
  const announce = { port: 4_444, isPortImplied: false }
  const operation = world.run(node, (engine, now) => engine.lookup(now, randomNodeId(world.random), announce))
  expect(lookupDone(finish(world, node, operation)).announced).toEqual({ nodes: 1, failed: 2 })
})

test('[D-106] nodes that start at one moment, each knowing one of them, soon all know each other', () => {
  const world = new World({ seed: 17 })
  const nodes = Array.from({ length: 6 }, () => world.add())
  const [first, ...others] = nodes as [WorldNode, ...WorldNode[]]
  for (const node of others) world.run(node, (engine, now) => engine.bootstrap(now, [first.endpoint]))
  world.advance(5_000)
  for (const node of nodes) expect(contactIds(node)).toHaveLength(5)
})
