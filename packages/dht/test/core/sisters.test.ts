import type { Endpoint } from '@shoal/base'
import { describe, expect, test } from 'vitest'
import { isSecureId } from '../../src/core/id/secure-id.ts'
import { decode, dig } from '../bencode.ts'
import { bootstrap, finish, lookupDone, peersOf, World, type WorldNode } from '../world.ts'

const HASH_TARGET = { port: 4_444, isPortImplied: false }

interface Pair {
  readonly v4: WorldNode
  readonly v6: WorldNode
}

/** A machine in both networks. */
function machine(world: World, n: number): Pair {
  const v4 = world.add({}, { host: `45.0.${n}.7`, port: 6_881 })
  const v6 = world.add({ family: 'ipv6' }, { host: `2a00:${n}::1`, port: 6_881 })
  v4.engine.setSister(v6.engine)
  v6.engine.setSister(v4.engine)
  return { v4, v6 }
}

function both(world: World, count: number): Pair[] {
  const machines: Pair[] = []
  for (let n = 1; n <= count; n++) {
    const one = machine(world, n)
    if (n > 1) {
      bootstrap(world, one.v4, machines.slice(0, 3).map(({ v4 }) => v4)) // biome-ignore format: a line each
      bootstrap(world, one.v6, machines.slice(0, 3).map(({ v6 }) => v6)) // biome-ignore format: a line each
    }
    machines.push(one)
  }
  world.advance(3_000)
  return machines
}

describe('two families', () => {
  test('[D-92] BEP 32: a lookup among IPv6 nodes finds what was announced there, by 18-byte peers and nodes6', () => {
    const world = new World({ seed: 81 })
    const machines = both(world, 30)
    const [announcer, finder] = [machines[4] as Pair, machines[20] as Pair]
    const target = (machines[9] as Pair).v6.engine.nodeId
    const announce = world.run(announcer.v6, (engine, now) => engine.lookup(now, target, HASH_TARGET))
    expect(lookupDone(finish(world, announcer.v6, announce)).announced).toEqual({ nodes: 8, failed: 0 })
    const lookup = world.run(finder.v6, (engine, now) => engine.lookup(now, target))
    finish(world, finder.v6, lookup)
    expect(peersOf(finder.v6, lookup)).toEqual([{ host: announcer.v6.endpoint.host, port: 4_444 }])
    const there = world.run(finder.v4, (engine, now) => engine.lookup(now, target))
    finish(world, finder.v4, there)
    expect(peersOf(finder.v4, there)).toEqual([])
  })

  test('[D-92] BEP 32: who knows nobody of a family is told of some by the other', () => {
    const world = new World({ seed: 82 })
    const machines = both(world, 20)
    const { v4, v6 } = machine(world, 99)
    bootstrap(world, v4, machines.slice(0, 3).map((one) => one.v4)) // biome-ignore format: one thing
    const told = v4.events.flatMap((event) => (event.kind === 'sister-nodes' ? event.nodes : []))
    expect(told.length).toBeGreaterThan(0)
    expect(told.every(({ host }: Endpoint) => host.startsWith('2a00:'))).toBe(true)
    world.run(v6, (engine, now) => engine.introduce(now, told))
    world.advance(5_000)
    expect(v6.engine.sizes.contacts).toBeGreaterThanOrEqual(8)
    expect(isSecureId(v6.engine.nodeId, Uint8Array.of(0x2a, 0, 0, 0x99, 0, 0, 0, 0))).toBe(true)
    // With enough contacts there, nobody asks for the other family's nodes any more.
    const before = v4.sent.length
    bootstrap(world, v4, machines.slice(0, 3).map((one) => one.v4)) // biome-ignore format: one thing
    const wants = v4.sent.slice(before).map(({ bytes }) => dig(decode(bytes), 'a', 'want'))
    expect(wants.filter((want) => want !== undefined)).toEqual([])
  })

  test('[D-91] BEP 32: an answer carries both kinds of nodes to who wants both, within its limits', () => {
    const world = new World({ seed: 83 })
    const [node] = both(world, 20) as [Pair]
    const a = `d1:ad2:id20:${'i'.repeat(20)}6:target20:${'t'.repeat(20)}4:wantl2:n42:n6ee1:q9:find_node1:t2:aa1:y1:qe`
    const bytes = Uint8Array.from(a, (letter) => letter.charCodeAt(0))
    for (const { engine, endpoint } of [node.v4, node.v6]) {
      const from = { host: endpoint.host.includes(':') ? '2a00:ffff::1' : '46.1.1.1', port: 5 }
      engine.handleDatagram(world.now, from, bytes)
      const sent = engine.pollTransmit()
      if (sent === undefined) throw new Error('no answer')
      expect(sent.bytes.length).toBeLessThanOrEqual(6 * bytes.length)
      const answer = decode(sent.bytes)
      expect((dig(answer, 'r', 'nodes') as string).length).toBe(8 * 26)
      expect((dig(answer, 'r', 'nodes6') as string).length % 38).toBe(0)
      expect((dig(answer, 'r', 'nodes6') as string).length).toBeGreaterThan(0)
    }
  })

  test('[D-38] IPv4 addresses in IPv6 clothes, link-local and documentation addresses are no nodes of ours', () => {
    const world = new World({ seed: 84 })
    const node = world.add({ family: 'ipv6' }, { host: '2a00:5::1', port: 1 })
    for (const host of ['::ffff:45.1.1.1', 'fe80::1', '::1', 'fd00::1', 'ff02::1', '::']) {
      world.run(node, (engine, now) => engine.introduce(now + 10_000, [{ host, port: 6_881 }]))
    }
    world.advance(1_000)
    expect(node.sent).toEqual([])
  })
})

test('[D-102] a warm start: those known from last time are asked at once, and answer within a round trip', () => {
  const world = new World({ seed: 85, latency: [40, 40] })
  const machines = both(world, 20)
  const known = machines.map(({ v4 }) => v4.endpoint)
  for (const { v4 } of machines.slice(0, 5)) world.kill(v4)
  const node = world.add({}, { host: '45.9.9.9', port: 1 })
  world.run(node, (engine, now) => engine.warm(now, known))
  world.advance(81)
  expect(node.engine.sizes.contacts).toBeGreaterThanOrEqual(8)
  expect(node.events.some(({ kind }) => kind === 'acquainted')).toBe(true)
})
