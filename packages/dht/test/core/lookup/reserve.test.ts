import { seededRandom } from '@shoal/base'
import { expect, test } from 'vitest'
import { type NodeAddress, readAddress } from '../../../src/core/id/address.ts'
import {
  commonPrefixLength,
  compareDistance,
  type NodeId,
  nodeIdBytes,
  randomNodeId,
  randomNodeIdNear,
  readNodeId,
} from '../../../src/core/id/node-id.ts'
import { Lookup } from '../../../src/core/lookup/lookup.ts'
import { networkPolicy } from '../../../src/core/routing/network-policy.ts'
import { bootstrap, finish, lookupDone, peersOf, swarm, type WorldNode } from '../../world.ts'

/** The other half of the space: all that the node knows of it lies in one bucket. */
function target(node: WorldNode, random: Parameters<typeof randomNodeId>[0]) {
  return randomNodeIdNear(node.engine.nodeId, 0, true, random)
}

test('[D-71] where the sixteen contacts that a lookup begins with are all dead, it goes on with the others', () => {
  const { world, nodes } = swarm(120, { seed: 40 })
  const looker = world.add()
  bootstrap(world, looker, nodes.slice(0, 3))
  world.advance(60_000)
  const wanted = target(looker, world.random)
  expect(commonPrefixLength(wanted, looker.engine.nodeId)).toBe(0)
  const closest = [...looker.engine.contacts()].sort((a, b) => compareDistance(wanted, a.id, b.id))
  expect(closest.length).toBeGreaterThan(24)
  const dead = new Set(closest.slice(0, 16).map(({ address }) => address.host))
  for (const node of nodes) if (dead.has(node.endpoint.host)) world.kill(node)

  const announcer = nodes.find(({ isAlive }) => isAlive) as WorldNode
  const announce = { port: 4_444, isPortImplied: false }
  finish(
    world,
    announcer,
    world.run(announcer, (engine, now) => engine.lookup(now, wanted, announce)),
  )
  const operation = world.run(looker, (engine, now) => engine.lookup(now, wanted))
  const { summary } = lookupDone(finish(world, looker, operation))
  expect(peersOf(looker, operation)).toEqual([{ host: announcer.endpoint.host, port: 4_444 }])
  expect(summary.answered).toBeGreaterThanOrEqual(8)
})

/** A node at this distance: the first and the last byte of its id are those of the target, with these bits turned. */
function nodeAt(wanted: NodeId, first: number, last: number): { id: NodeId; address: NodeAddress } {
  const bytes = nodeIdBytes(wanted)
  bytes[0] = (bytes[0] as number) ^ first
  bytes[19] = (bytes[19] as number) ^ last
  return { id: readNodeId(bytes), address: readAddress(Uint8Array.of(45, first, last, 7, 26, 225), 0, 'ipv4') }
}

test('[D-71] where the closest are all dead, though enough others have answered, the way is looked for elsewhere', () => {
  const wanted = randomNodeId(seededRandom(43))
  const seeds = Array.from({ length: 10 }, (_, i) => nodeAt(wanted, 0x40 + i, 0))
  const dead = Array.from({ length: 12 }, (_, i) => nodeAt(wanted, 0, 1 + i))
  const guide = nodeAt(wanted, 0x80, 0)
  const holder = nodeAt(wanted, 0, 0x20)
  const lookup = new Lookup({
    query: { method: 'get_peers', target: wanted },
    ownId: nodeAt(wanted, 0xff, 0xff).id,
    rules: networkPolicy('private'),
    usual: undefined,
    announce: undefined,
    startedAt: 0,
    reserve: () => [...seeds, guide],
  })
  for (const { id, address } of seeds) lookup.addCandidate(id, address)
  const asked: string[] = []
  for (let candidate = lookup.next(); candidate !== undefined; candidate = lookup.next()) {
    const { key } = candidate.address
    asked.push(key)
    if (dead.some(({ address }) => address.key === key)) {
      lookup.stalled(candidate)
      lookup.overdue(candidate)
      continue
    }
    lookup.answered(candidate, candidate.id as NodeId, 'token')
    for (const { id, address } of key === guide.address.key ? [holder] : dead) lookup.addCandidate(id, address)
  }
  expect(lookup.isDone()).toBe(true)
  expect(asked).toContain(guide.address.key)
  expect(asked).toContain(holder.address.key)
  expect(lookup.closest()[0]?.id).toEqual(holder.id)
})

test('[D-71] a lookup to which enough have answered leaves the other contacts alone', () => {
  const { world, nodes } = swarm(120, { seed: 41 })
  const looker = nodes[119] as WorldNode
  world.advance(60_000)
  const wanted = target(looker, world.random)
  const operation = world.run(looker, (engine, now) => engine.lookup(now, wanted))
  expect(lookupDone(finish(world, looker, operation)).summary.queried).toBeLessThan(24)
})

test('[D-71] where all contacts are dead, the lookup ends', () => {
  const { world, nodes } = swarm(60, { seed: 42 })
  const looker = nodes[59] as WorldNode
  for (const node of nodes.slice(0, 59)) world.kill(node)
  const operation = world.run(looker, (engine, now) => engine.lookup(now, randomNodeId(world.random)))
  const { summary } = lookupDone(finish(world, looker, operation))
  expect(summary).toMatchObject({ answered: 0, peers: 0 })
  expect(summary.queried).toBe(summary.failed + summary.timedOut + summary.abandoned)
  expect(summary.ms).toBeLessThan(15_000)
})

test('[D-72] a newcomer whose only contact is near waits for those who are far', () => {
  const { world, nodes } = swarm(12, { seed: 44, latency: [100, 120] })
  const newcomer = world.add()
  // The entrance answers at once, again and again; all others take a fifth of a second.
  const entrance = nodes[0] as WorldNode
  const send = world.send.bind(world)
  world.send = (from, to, bytes) => {
    const isAtTheEntrance = [from.host, to.host].every((host) =>
      [entrance.endpoint.host, newcomer.endpoint.host].includes(host),
    )
    if (isAtTheEntrance) {
      const host = world.nodes.get(`${to.host}:${to.port}`)
      if (host !== undefined) world.run(host, (engine, now) => engine.handleDatagram(now, from, bytes.slice()))
    } else send(from, to, bytes)
  }
  for (let i = 0; i < 8; i++) {
    world.run(newcomer, (engine, now) => engine.ping(now, entrance.endpoint))
    world.advance(20)
  }
  const operation = world.run(newcomer, (engine, now) => engine.lookup(now, randomNodeId(world.random)))
  expect(lookupDone(finish(world, newcomer, operation)).summary.answered).toBeGreaterThanOrEqual(8)
})
