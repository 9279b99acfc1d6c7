import { type Endpoint, latin1, parseIp } from '@shoal/base'
import { describe, expect, test } from 'vitest'
import { nodeIdBytes } from '../../src/core/id/node-id.ts'
import { isSecureId } from '../../src/core/id/secure-id.ts'
import { decode, dig, packet } from '../bencode.ts'
import { bootstrap, swarm, World, type WorldNode } from '../world.ts'

const MINUTE = 60_000

function stranger(i: number): Endpoint {
  return { host: `46.${i}.1.1`, port: 6_881 }
}

function asks(world: World, node: WorldNode, from: Endpoint): void {
  const bytes = packet({ a: { id: 'i'.repeat(20) }, q: 'ping', ro: 1, t: 'aa', y: 'q' })
  world.send(from, node.endpoint, bytes)
  world.advance(200)
}

function saysReadOnly(world: World, node: WorldNode): boolean {
  const before = node.sent.length
  world.run(node, (engine, now) => engine.lookup(now, engine.nodeId))
  const query = node.sent.slice(before).find(({ bytes }) => dig(decode(bytes), 'y') === 'q')
  return query !== undefined && dig(decode(query.bytes), 'ro') === 1
}

function modes(node: WorldNode): string[] {
  return node.events.flatMap((event) => (event.kind === 'mode' ? [event.mode] : []))
}

function autoNode(seed: number): { world: World; nodes: WorldNode[]; node: WorldNode } {
  const { world, nodes } = swarm(12, { seed })
  const node = world.add({ mode: 'auto' })
  bootstrap(world, node, nodes.slice(0, 3))
  return { world, nodes, node }
}

describe('mode auto', () => {
  test('[D-99] BEP 43: it begins as a client: read-only, and answering nobody', () => {
    const { world, node } = autoNode(61)
    expect(node.engine.mode).toBe('client')
    expect(saysReadOnly(world, node)).toBe(true)
    asks(world, node, stranger(1))
    expect(node.engine.counters.answers).toBe(0)
    expect(node.engine.counters.ignoredAsClient).toBe(1)
  })

  test('[D-99] reached by strangers of three prefixes for half a minute it becomes a server, and says so', () => {
    const { world, node } = autoNode(62)
    for (let i = 1; i <= 5; i++) asks(world, node, stranger(i))
    expect(node.engine.mode).toBe('client')
    world.advance(31_000)
    asks(world, node, stranger(6))
    expect(node.engine.mode).toBe('server')
    expect(modes(node)).toEqual(['server'])
    expect(saysReadOnly(world, node)).toBe(false)
    asks(world, node, stranger(7))
    expect(node.engine.counters.answers).toBeGreaterThan(0)
  })

  test('[D-99] one prefix alone counts once a minute', () => {
    const { world, node } = autoNode(63)
    const hosts = (i: number): Endpoint => ({ host: `46.9.9.${i}`, port: 1 })
    for (let i = 1; i <= 50; i++) asks(world, node, hosts(i))
    expect(node.engine.mode).toBe('client')
    for (let minute = 0; minute < 3; minute++) {
      world.advance(MINUTE)
      asks(world, node, hosts(minute))
    }
    expect(node.engine.mode).toBe('server')
  })

  test('[D-99] whom it wrote to itself proves nothing: behind a NAT it stays a client, and tries in vain', () => {
    const { world, nodes, node } = autoNode(64)
    node.isBehindNat = true
    for (let minute = 0; minute < 60; minute++) {
      for (const other of nodes)
        world.send(other.endpoint, node.endpoint, packet({ a: { id: 'i'.repeat(20) }, q: 'ping', t: 'aa', y: 'q' }))
      asks(world, node, stranger(minute + 1))
      world.advance(MINUTE)
    }
    expect(node.engine.mode).toBe('client')
    expect(modes(node)).toEqual(['server', 'client'])
  })

  test('[D-99] asked by nobody for an hour it goes back to being a client', () => {
    const { world, nodes, node } = autoNode(65)
    for (let i = 1; i <= 3; i++) {
      asks(world, node, stranger(i))
      world.advance(20_000)
    }
    expect(node.engine.mode).toBe('server')
    world.advance(30 * MINUTE)
    expect(node.engine.mode).toBe('server')
    for (const other of nodes) world.kill(other)
    asks(world, node, stranger(9))
    world.advance(59 * MINUTE)
    // Its last contacts are gone, so nothing wakes it but the time itself.
    world.run(node, (engine, now) => engine.handleTimeout(now + 2 * MINUTE))
    expect(modes(node).slice(0, 2)).toEqual(['server', 'client'])
  })

  test('[D-99] on a private network it is a server at once', () => {
    const world = new World()
    const node = world.add({ mode: 'auto', network: 'private' }, { host: '10.0.0.1', port: 1 })
    expect(node.engine.mode).toBe('server')
    const other = world.add({ mode: 'auto' })
    other.engine.setNetwork(world.now, 'private')
    expect(other.engine.mode).toBe('server')
  })
})

describe('an id that follows the address', () => {
  function isSecure(node: WorldNode, host: string = node.endpoint.host): boolean {
    return isSecureId(node.engine.nodeId, parseIp(host) as Uint8Array)
  }

  test('[D-98] BEP 42: once enough hosts agree on our address, our id is one of those it allows', () => {
    const { world, nodes } = swarm(12, { seed: 66 })
    const nodeId = (nodes[0] as WorldNode).engine.nodeId
    const node = world.add({ nodeId }, undefined, { host: '0.0.0.0', port: 6_881 })
    expect(isSecure(node)).toBe(false)
    bootstrap(world, node, nodes.slice(1, 4))
    world.advance(5_000)
    expect(isSecure(node)).toBe(true)
    expect(node.events.filter(({ kind }) => kind === 'id')).toHaveLength(1)
    expect(node.events.find((event) => event.kind === 'address')).toEqual({ kind: 'address', address: node.endpoint })
    expect(node.engine.sizes.contacts).toBeGreaterThan(4)
    // Others have replaced the id that it came with.
    const id = latin1(nodeIdBytes(node.engine.nodeId))
    const known = nodes.some((other) =>
      [...other.engine.contacts()].some((contact) => latin1(nodeIdBytes(contact.id)) === id),
    )
    expect(known).toBe(true)
  })

  test('[D-98] bound to a global address, it has such an id before anybody can know it by another', () => {
    const { world, nodes } = swarm(12, { seed: 70 })
    const node = world.add({ nodeId: (nodes[0] as WorldNode).engine.nodeId })
    expect(isSecure(node)).toBe(true)
    const nodeId = node.engine.nodeId
    bootstrap(world, node, nodes.slice(1, 4))
    world.advance(5_000)
    expect(node.engine.nodeId).toBe(nodeId)
  })

  test('[D-98] an id that is valid stays, and so does one that was given for good', () => {
    const { world, nodes } = swarm(12, { seed: 67 })
    const valid = nodes[5] as WorldNode
    expect(valid.events.some(({ kind }) => kind === 'id')).toBe(false)
    const given = world.add({ nodeId: (nodes[0] as WorldNode).engine.nodeId, keepsId: true })
    const before = given.engine.nodeId
    bootstrap(world, given, nodes.slice(1, 4))
    world.advance(5_000)
    expect(given.engine.externalAddress).toEqual(given.endpoint)
    expect(given.engine.nodeId).toBe(before)
  })

  test('[D-98] when the address changes, the id does as well, and the contacts stay', () => {
    const { world, nodes } = swarm(40, { seed: 68 })
    const node = nodes[7] as WorldNode
    const before = node.engine.nodeId
    const contacts = node.engine.sizes.contacts
    const moved: Endpoint = { host: '99.1.2.3', port: 7_000 }
    world.move(node, moved)
    for (let i = 0; i < 4; i++) {
      world.run(node, (engine, now) => engine.lookup(now, (nodes[i] as WorldNode).engine.nodeId))
      world.advance(3_000)
    }
    expect(node.engine.externalAddress).toEqual(moved)
    expect(node.engine.nodeId).not.toBe(before)
    expect(isSecure(node, moved.host)).toBe(true)
    expect(node.engine.sizes.contacts).toBeGreaterThan(contacts / 2)
  })

  test('[D-98] on a private network ids are as they are', () => {
    const { world, nodes } = swarm(5, { seed: 69, engine: { network: 'private' } })
    const node = world.add({ network: 'private', nodeId: (nodes[0] as WorldNode).engine.nodeId })
    bootstrap(world, node, nodes.slice(1, 3))
    world.advance(5_000)
    expect(node.events.some(({ kind }) => kind === 'id')).toBe(false)
  })
})
