import { formatIp, seededRandom } from '@shoal/base'
import { describe, expect, test } from 'vitest'
import { addressOf, type NodeAddress } from '../../../src/core/id/address.ts'
import {
  commonPrefixLength,
  compareDistance,
  NodeId,
  randomNodeId,
  randomNodeIdNear,
} from '../../../src/core/id/node-id.ts'
import { secureNodeId } from '../../../src/core/id/secure-id.ts'
import { Frontier } from '../../../src/core/lookup/frontier.ts'
import { Lookup } from '../../../src/core/lookup/lookup.ts'
import { NetworkSize } from '../../../src/core/lookup/network-size.ts'
import { Sufficiency } from '../../../src/core/lookup/sufficiency.ts'
import { decode, dig } from '../../bencode.ts'
import { finish, lookupDone, swarm, type World, type WorldNode } from '../../world.ts'

const ANNOUNCE = { port: 4_444, isPortImplied: false }

function announced(world: World, node: WorldNode, target = randomNodeId(world.random)) {
  const before = node.sent.length
  const operation = world.run(node, (engine, now) => engine.lookup(now, target, ANNOUNCE))
  const { announced: result, summary } = lookupDone(finish(world, node, operation))
  const to = node.sent.slice(before).filter(({ bytes }) => dig(decode(bytes), 'q') === 'announce_peer')
  return { target, result, summary, hosts: to.map(({ to: { host } }) => host) }
}

describe('the size of the network', () => {
  test('[D-103] is estimated from lookups within its own bounds, among three hundred nodes', () => {
    const { world, nodes } = swarm(300, { seed: 71 })
    // One that came when nearly all were there: what others saw on their way in was a smaller network.
    const node = nodes[290] as WorldNode
    const first = node.engine.networkSize
    for (let i = 0; i < 30; i++) announced(world, node)
    const estimate = node.engine.networkSize
    if (first === undefined || estimate === undefined) throw new Error('no estimate')
    expect(estimate.samples).toBeGreaterThanOrEqual(30)
    expect(estimate.low).toBeLessThan(330)
    expect(estimate.high).toBeGreaterThan(270)
    expect(estimate.nodes).toBeGreaterThan(200)
    expect(estimate.nodes).toBeLessThan(450)
    // More lookups make it surer.
    expect(estimate.high / estimate.low).toBeLessThan(first.high / first.low)
  })

  test('[D-103] of a handful of nodes is counted', () => {
    const { nodes } = swarm(5, { seed: 72 })
    expect((nodes[4] as WorldNode).engine.networkSize?.nodes).toBe(4)
  })

  test('[D-103] a target counts once, and a crowd around one hardly at all; nothing seen is no estimate', () => {
    const size = new NetworkSize()
    size.add('a', { nodes: 8, share: 0 })
    size.add('a', undefined)
    expect(size.estimate).toBeUndefined()
    for (let i = 0; i < 20; i++) size.add(`t${i}`, { nodes: 8, share: 8 / 10_000 })
    for (let i = 0; i < 50; i++) size.add('crowd', { nodes: 8, share: 1e-12 })
    const { nodes = 0, samples } = size.estimate ?? {}
    expect(samples).toBe(21)
    expect(nodes).toBeGreaterThan(9_000)
    expect(nodes).toBeLessThan(12_000)
    for (let i = 0; i < 500; i++) size.add(`more${i}`, { nodes: 8, share: 8 / 10_000 })
    expect(size.estimate?.samples).toBe(64)
  })
})

describe('nodes that crowd around a target', () => {
  test('[D-104] are not alone to hear of an announcement: it goes to all within the usual distance', () => {
    const { world, nodes } = swarm(150, { seed: 73 })
    const announcer = nodes[20] as WorldNode
    for (let i = 0; i < 12; i++) announced(world, announcer)
    const target = randomNodeId(world.random)
    const honest = nodes
      .filter((node) => node !== announcer)
      .sort((a, b) => compareDistance(target, a.engine.nodeId, b.engine.nodeId))
    // Ten nodes at hosts that were chosen so that their ids are valid and yet close.
    const sybils = crowd(world, target, 10)
    const { hosts, result } = announced(world, announcer, target)
    expect(result.failed).toBe(0)
    const heard = honest.slice(0, 4).filter(({ endpoint }) => hosts.includes(endpoint.host))
    expect(heard.length).toBeGreaterThanOrEqual(3)
    expect(sybils.filter(({ endpoint }) => hosts.includes(endpoint.host)).length).toBeGreaterThan(4)
    expect(hosts.length).toBeLessThanOrEqual(40)
  })

  test('[D-105] without valid ids they keep nobody else from hearing it', () => {
    const { world, nodes } = swarm(150, { seed: 74 })
    const announcer = nodes[20] as WorldNode
    const target = randomNodeId(world.random)
    for (let i = 0; i < 10; i++) {
      const node = world.add({ nodeId: randomNodeIdNear(target, 60, true, world.random), keepsId: true })
      join(world, node, nodes)
    }
    const { hosts, result } = announced(world, announcer, target)
    const closest = nodes
      .filter((node) => node !== announcer)
      .sort((a, b) => compareDistance(target, a.engine.nodeId, b.engine.nodeId))
      .slice(0, 3)
    for (const { endpoint } of closest) expect(hosts).toContain(endpoint.host)
    expect(result.nodes).toBeLessThanOrEqual(40)
  })
})

test('[D-97] of one prefix a lookup follows three at a time', () => {
  const { world, nodes } = swarm(30, { seed: 75 })
  const target = randomNodeId(world.random)
  for (let i = 0; i < 12; i++) {
    const endpoint = { host: `77.7.7.${i + 1}`, port: 6_881 }
    const node = world.add({ nodeId: randomNodeIdNear(target, 30, true, world.random), keepsId: true }, endpoint)
    join(world, node, nodes)
  }
  const finder = nodes[9] as WorldNode
  const { hosts } = announced(world, finder, target)
  expect(hosts.filter((host) => host.startsWith('77.7.7.')).length).toBeLessThanOrEqual(3)
  expect(hosts.filter((host) => !host.startsWith('77.7.7.')).length).toBeGreaterThanOrEqual(8)
})

function join(world: World, node: WorldNode, nodes: readonly WorldNode[]): void {
  const by = nodes.slice(0, 3).map(({ endpoint }) => endpoint)
  finish(
    world,
    node,
    world.run(node, (engine, now) => engine.bootstrap(now, by)),
  )
}

/** Nodes at addresses that allow ids which share ten bits with the target. */
function crowd(world: World, target: NodeId, count: number): WorldNode[] {
  const random = seededRandom(76)
  const found: WorldNode[] = []
  const nodes = [...world.nodes.values()]
  for (let host = 0; found.length < count && host < 200_000; host++) {
    const address = Uint8Array.of(60 + (host >>> 16), (host >>> 8) & 0xff, host & 0xff, 9)
    const nodeId = secureNodeId(address, random)
    if (commonPrefixLength(nodeId, target) < 10) continue
    found.push(world.add({ nodeId, keepsId: true }, { host: formatIp(address), port: 6_881 }))
  }
  expect(found).toHaveLength(count)
  for (const node of found) join(world, node, nodes)
  return found
}

test('[D-104] of a crowd sixteen count, however many they are, and then those at the usual distance have their turn', () => {
  const at = idAt
  const sufficiency = new Sufficiency(at(0), { share: 0.01, crowdedBelow: 0.0025 })
  for (let i = 0; i < 64; i++) {
    const id = at(1e-6 * i)
    expect(sufficiency.skips(id)).toBe(i >= 16)
    if (i < 16) expect(sufficiency.count(id, true)).toBe(false)
  }
  expect(sufficiency.skips(at(0.004))).toBe(false)
  expect(sufficiency.count(at(0.004), true)).toBe(false)
  expect(sufficiency.count(at(0.011), true)).toBe(true)
})

test('[D-104] a crowd that reaches beyond where one is noticed takes no more places than twice what is usual there', () => {
  const at = idAt
  const sufficiency = new Sufficiency(at(0), { share: 0.01, crowdedBelow: 0.00125 })
  let crowd = 0
  for (let i = 0; i < 400; i++) {
    const id = at((0.0025 * i) / 400)
    if (sufficiency.skips(id)) continue
    expect(sufficiency.count(id, true)).toBe(false)
    crowd++
  }
  expect(crowd).toBe(19)
  for (let i = 1; i < 8; i++) {
    const honest = at(0.0025 + i * 0.001)
    expect(sufficiency.skips(honest)).toBe(false)
    expect(sufficiency.count(honest, true)).toBe(false)
  }
  expect(sufficiency.count(at(0.0101), true)).toBe(true)
})

test('[D-104] who knows nobody but the crowd at first asks more of its own contacts', () => {
  const lookup = new Lookup({
    query: { method: 'find_node', target: idAt(0) },
    ownId: idAt(0.5),
    rules: { onePerHost: false, isSecure: () => true },
    reserve: () => [{ id: idAt(0.009), address: hostAt(100) }],
    usual: { share: 0.01, crowdedBelow: 0.0025 },
    startedAt: 0,
    announce: undefined,
  })
  for (let i = 1; i <= 20; i++) lookup.addCandidate(idAt(i * 1e-6), hostAt(i))
  const asked: (string | undefined)[] = []
  for (let next = lookup.next(); next !== undefined; next = lookup.next()) {
    asked.push(next.address.host)
    lookup.answered(next, next.id as NodeId, undefined)
  }
  expect(asked).toHaveLength(17)
  expect(asked.at(-1)).toBe('9.9.0.100')
  expect(lookup.isDone()).toBe(true)
})

test('[D-104] a crowd however large leaves room for those beyond it', () => {
  const usual = { share: 0.01, crowdedBelow: 0.0025 }
  const rules = { onePerHost: false, isSecure: () => true }
  const frontier = new Frontier({ target: idAt(0), ownId: idAt(0.5), rules, usual })
  for (let i = 1; i <= 200; i++) frontier.add(idAt(i * 1e-6), hostAt(i), false)
  expect(frontier.candidates).toHaveLength(96)
  for (let i = 1; i <= 40; i++) expect(frontier.add(idAt(0.003 + i * 1e-4), hostAt(200 + i), false)).toBe(true)
  expect(frontier.candidates).toHaveLength(96)
  // One of a crowd in which the closest were met already does not come in for another.
  expect(frontier.add(idAt(0.002), hostAt(250), false)).toBe(false)
  expect(frontier.add(idAt(0.4), hostAt(251), false)).toBe(true)
  for (let i = 1; i <= 40; i++) frontier.add(idAt(0.1 + i * 1e-4), hostAt(300 + i), false)
  expect(frontier.candidates.filter(({ id }) => (id as NodeId).w0 >>> 0 < 0.0025 * 2 ** 32)).toHaveLength(48)
})

function idAt(share: number): NodeId {
  return new NodeId([share * 2 ** 32, 0, 0, 0, 0])
}

function hostAt(n: number): NodeAddress {
  return addressOf({ host: `9.9.${n >> 8}.${n & 255}`, port: 6_881 }, 'ipv4') as NodeAddress
}
