import type { Endpoint } from '@shoal/base'
import { describe, expect, test } from 'vitest'
import { compareDistance, nodeIdBytes, randomNodeId } from '../../../src/core/id/node-id.ts'
import { decode, dig, packet } from '../../bencode.ts'
import { bootstrap, finish, lookupDone, pair, peersOf, swarm, World, type WorldNode } from '../../world.ts'

const ANNOUNCE = { port: 4_444, isPortImplied: false }

function text(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}

describe('among a hundred nodes', () => {
  const { world, nodes } = swarm(100, { seed: 21 })

  test('[D-61] an announcement reaches exactly the eight nodes that are closest', () => {
    const announcer = nodes[50] as WorldNode
    const target = randomNodeId(world.random)
    const before = announcer.sent.length
    const operation = world.run(announcer, (engine, now) => engine.lookup(now, target, ANNOUNCE))
    expect(lookupDone(finish(world, announcer, operation)).announced).toEqual({ nodes: 8, failed: 0 })
    const told = announcer.sent
      .slice(before)
      .filter(({ bytes }) => dig(decode(bytes), 'q') === 'announce_peer')
      .map(({ to }) => to.host)
    const closest = nodes
      .filter((node) => node !== announcer)
      .sort((a, b) => compareDistance(target, a.engine.nodeId, b.engine.nodeId))
      .slice(0, 8)
      .map(({ endpoint }) => endpoint.host)
    expect(told.sort()).toEqual(closest.sort())
  })

  test('[D-130] many announcements at once wait for each other, and leave nobody out', () => {
    const announcer = world.add({ limits: { queriesInFlightMax: 6 } })
    bootstrap(world, announcer, nodes.slice(0, 3))
    const operations = Array.from({ length: 20 }, () => {
      const target = randomNodeId(world.random)
      return world.run(announcer, (engine, now) => engine.lookup(now, target, ANNOUNCE))
    })
    for (const operation of operations) {
      expect(lookupDone(finish(world, announcer, operation)).announced).toEqual({ nodes: 8, failed: 0 })
    }
    expect(announcer.engine.sizes).toMatchObject({ inFlight: 0, lookups: 0 })
  })

  test('[D-60] what any node announced, any other finds, and is told by whom', () => {
    for (let i = 0; i < 20; i++) {
      const target = randomNodeId(world.random)
      const announcer = nodes[(i * 7) % 100] as WorldNode
      const finder = nodes[(i * 13 + 1) % 100] as WorldNode
      finish(
        world,
        announcer,
        world.run(announcer, (engine, now) => engine.lookup(now, target, ANNOUNCE)),
      )
      const operation = world.run(finder, (engine, now) => engine.lookup(now, target))
      const { summary } = lookupDone(finish(world, finder, operation))
      expect(peersOf(finder, operation)).toEqual([{ host: announcer.endpoint.host, port: 4_444 }])
      const { queried, answered, failed, timedOut, abandoned, peers } = summary
      expect(queried).toBe(answered + failed + timedOut + abandoned)
      expect([peers, answered >= 8]).toEqual([1, true])
      const from = finder.events.find((event) => event.kind === 'peer' && event.operation === operation)
      const tellers = [...world.nodes.values()].map(({ endpoint }) => endpoint.host)
      expect(from?.kind === 'peer' && tellers.includes(from.from.host)).toBe(true)
    }
  })

  test('[D-63] a peer is handed out when it arrives, before the lookup is over', () => {
    const target = randomNodeId(world.random)
    for (const node of [nodes[3], nodes[4]] as WorldNode[]) {
      finish(
        world,
        node,
        world.run(node, (engine, now) => engine.lookup(now, target, ANNOUNCE)),
      )
    }
    const finder = nodes[80] as WorldNode
    const operation = world.run(finder, (engine, now) => engine.lookup(now, target))
    world.until(() => peersOf(finder, operation).length > 0)
    expect(finder.events.some((event) => event.kind === 'lookup-done' && event.operation === operation)).toBe(false)
    finish(world, finder, operation)
    expect(peersOf(finder, operation)).toHaveLength(2)
  })

  test('[D-63] a lookup that is cancelled says how far it came, and nothing after that', () => {
    const finder = nodes[81] as WorldNode
    const operation = world.run(finder, (engine, now) => engine.lookup(now, randomNodeId(world.random)))
    world.advance(100)
    const summary = world.run(finder, (engine, now) => engine.cancel(now, operation))
    expect(summary?.queried).toBeGreaterThan(0)
    world.advance(10_000)
    expect(finder.events.filter((event) => 'operation' in event && event.operation === operation)).toEqual([])
    expect(finder.engine.sizes.lookups).toBe(0)
  })
})

test('[D-62] with 30% of the contacts dead every peer is found, and no lookup waits for a time-out', () => {
  const { world, nodes } = swarm(100, { seed: 22, latency: [20, 60] })
  const targets = Array.from({ length: 20 }, () => randomNodeId(world.random))
  for (const [i, target] of targets.entries()) {
    const node = nodes[i] as WorldNode
    finish(
      world,
      node,
      world.run(node, (engine, now) => engine.lookup(now, target, ANNOUNCE)),
    )
  }
  for (let i = 30; i < 60; i++) world.kill(nodes[i] as WorldNode)
  const took: number[] = []
  for (const [i, target] of targets.entries()) {
    const finder = nodes[60 + i] as WorldNode
    const operation = world.run(finder, (engine, now) => engine.lookup(now, target))
    took.push(lookupDone(finish(world, finder, operation)).summary.ms)
    expect(peersOf(finder, operation)).toHaveLength(1)
  }
  took.sort((a, b) => a - b)
  // A round trip is 80 ms and a time-out 1,500 ms at least.
  expect(took[10]).toBeLessThan(900)
  expect(took.at(-1)).toBeLessThan(1_500)
})

test('[D-62] with 20% of the datagrams lost, peers are still found', () => {
  const { world, nodes } = swarm(60, { seed: 23 })
  world.loss = 0.2
  let found = 0
  for (let i = 0; i < 20; i++) {
    const target = randomNodeId(world.random)
    const announcer = nodes[i] as WorldNode
    const finder = nodes[i + 20] as WorldNode
    finish(
      world,
      announcer,
      world.run(announcer, (engine, now) => engine.lookup(now, target, ANNOUNCE)),
    )
    const operation = world.run(finder, (engine, now) => engine.lookup(now, target))
    finish(world, finder, operation)
    found += peersOf(finder, operation).length
  }
  // Over other seeds about one lookup in two hundred finds nothing.
  expect(found).toBeGreaterThanOrEqual(19)
})

/** The same nodes at the same time, with another latency between them. */
function slower(world: World, latency: readonly [number, number]): World {
  const slow = new World({ latency })
  slow.now = world.now
  for (const [key, node] of world.nodes) {
    slow.nodes.set(key, node)
    // It is woken there from now on.
    node.wakeAt = Number.POSITIVE_INFINITY
  }
  return slow
}

test('[D-52] when every node is slower than expected, the lookup waits for them', () => {
  const { world, nodes } = swarm(20, { seed: 24, latency: [10, 20] })
  const client = world.add({ mode: 'client' })
  bootstrap(world, client, nodes.slice(0, 2))
  const slow = slower(world, [300, 400])
  const operation = slow.run(client, (engine, now) => engine.lookup(now, randomNodeId(slow.random)))
  expect(lookupDone(finish(slow, client, operation)).summary.answered).toBeGreaterThanOrEqual(1)
})

test('[D-52] the only node there is may pause for far longer than its round trip', () => {
  const { world, server, client } = pair({ seed: 25, latency: [1, 2] })
  const target = randomNodeId(world.random)
  finish(
    world,
    client,
    world.run(client, (engine, now) => engine.lookup(now, target, ANNOUNCE)),
  )
  const busy = slower(world, [250, 260])
  const operation = busy.run(client, (engine, now) => engine.lookup(now, target))
  const { summary } = lookupDone(finish(busy, client, operation))
  expect(summary).toMatchObject({ answered: 1, timedOut: 0 })
  expect(peersOf(client, operation)).toHaveLength(1)
  expect(server.engine.sizes.peers).toBe(1)
})

test('[D-120] a lookup right after a warm start begins with those remembered who are closest, not with all of them', () => {
  const { world, nodes } = swarm(60, { seed: 8 })
  const { contacts } = (nodes[30] as WorldNode).engine.snapshot()
  const target = randomNodeId(world.random)
  const node = world.add()
  world.run(node, (engine, now) => engine.warm(now, contacts))
  world.run(node, (engine, now) => engine.lookup(now, target))
  const asked = node.sent.filter(({ bytes }) => dig(decode(bytes), 'q') === 'get_peers').map(({ to }) => to.host)
  const closest = contacts.slice(0, 32).sort((a, b) => compareDistance(target, a.id, b.id))
  expect(asked).toEqual(closest.slice(0, 4).map(({ host }) => host))
})

test('[D-69] where everything hangs on one node, and the query to it is lost, it is asked once more', () => {
  const { world, nodes } = swarm(12, { seed: 5 })
  const entrance = nodes[0]?.endpoint as Endpoint
  const node = world.add()
  world.loss = 1
  const operation = world.run(node, (engine, now) => engine.bootstrap(now, [entrance]))
  world.loss = 0
  const { summary } = lookupDone(finish(world, node, operation))
  expect(node.engine.sizes.contacts).toBeGreaterThan(4)
  expect(summary.answered).toBeGreaterThan(4)
  expect(summary.stalled).toBeGreaterThan(0)
  expect(summary.queried).toBe(summary.answered + summary.failed + summary.timedOut + summary.abandoned)
})

test('[D-67] a lookup with nobody to ask ends at once, with nothing', () => {
  const world = new World()
  const node = world.add()
  const operation = world.run(node, (engine, now) => engine.lookup(now, randomNodeId(world.random), ANNOUNCE))
  const { summary, announced } = lookupDone(finish(world, node, operation))
  expect([summary.queried, summary.peers, announced]).toEqual([0, 0, { nodes: 0, failed: 0 }])
})

describe('against liars', () => {
  const liar: Endpoint = { host: '45.250.0.1', port: 1 }

  test('[D-65] a chain of invented nodes, ever closer and all dead, ends', () => {
    const world = new World({ seed: 31 })
    const node = world.add()
    const target = randomNodeId(world.random)
    let invented = 0
    world.onStray = (from, _to, bytes) => {
      const message = decode(bytes)
      const nodes = Array.from({ length: 60 }, () => {
        const n = invented++
        const near = nodeIdBytes(target)
        near[19] = n
        near[18] = n >> 8
        return `${text(near)}\x2d\xfb${String.fromCharCode((n >> 8) & 255, n & 255)}\0\x01`
      }).join('')
      world.send(
        liar,
        from,
        packet({ r: { id: 'l'.repeat(20), nodes, token: 't' }, t: dig(message, 't') as string, y: 'r' }),
      )
    }
    world.run(node, (engine, now) => engine.bootstrap(now, [liar]))
    const operation = world.run(node, (engine, now) => engine.lookup(now, target))
    world.advance(120_000)
    const { summary } = lookupDone(finish(world, node, operation))
    expect(summary.queried).toBeLessThanOrEqual(400)
    expect(summary.ms).toBeLessThan(60_000)
  })

  test('[D-65] on Mainline one host is asked once, whatever ports and ids it is named with', () => {
    const world = new World({ seed: 32 })
    const node = world.add()
    const asked: string[] = []
    world.onStray = (from, to, bytes) => {
      // Upkeep may look after a node that was named as well.
      if (dig(decode(bytes), 'q') === 'find_node') asked.push(to)
      const nodes = Array.from(
        { length: 16 },
        (_, i) => `${String.fromCharCode(i).repeat(20)}\x2d\xfb\0\x09\0${String.fromCharCode(i + 1)}`,
      )
      const t = dig(decode(bytes), 't') as string
      if (to === '45.250.0.1:1')
        world.send(liar, from, packet({ r: { id: 'l'.repeat(20), nodes: nodes.join('') }, t, y: 'r' }))
    }
    finish(
      world,
      node,
      world.run(node, (engine, now) => engine.bootstrap(now, [liar])),
    )
    expect(asked.filter((to) => to.startsWith('45.251.0.9'))).toHaveLength(1)
  })

  test('[D-64] a node that answers under another id than it was named by stands where it belongs', () => {
    const world = new World({ seed: 33 })
    const node = world.add()
    const target = randomNodeId(world.random)
    const far = nodeIdBytes(target).map((byte) => byte ^ 0xff)
    world.onStray = (from, to, bytes) => {
      const t = dig(decode(bytes), 't') as string
      const [host = '', port = ''] = to.split(':')
      const nodes = `${text(nodeIdBytes(target))}\x2d\xfb\0\x09\0\x01`
      const r = to === '45.250.0.1:1' ? { id: 'l'.repeat(20), nodes, token: 'x' } : { id: text(far), token: 'y' }
      world.send({ host, port: Number(port) }, from, packet({ r, t, y: 'r' }))
    }
    finish(
      world,
      node,
      world.run(node, (engine, now) => engine.bootstrap(now, [liar])),
    )
    const contact = [...node.engine.contacts()].find(({ address }) => address.host === '45.251.0.9')
    expect(contact !== undefined && text(nodeIdBytes(contact.id))).toBe(text(far))
  })

  test('[D-66] strangers cannot name peers on loopback or in private networks', () => {
    const world = new World({ seed: 34 })
    const node = world.add()
    const told = [
      '\x7f\0\0\x01\0\x50',
      '\x0a\0\0\x01\0\x50',
      '\xc0\xa8\x01\x01\0\x50',
      '\xe0\0\0\x01\0\x50',
      '\x2d\xfb\0\x09\0\0',
    ]
    world.onStray = (from, _to, bytes) => {
      const values = [...told, '\x2d\xfb\0\x09\0\x50']
      world.send(
        liar,
        from,
        packet({ r: { id: 'l'.repeat(20), values }, t: dig(decode(bytes), 't') as string, y: 'r' }),
      )
    }
    finish(
      world,
      node,
      world.run(node, (engine, now) => engine.bootstrap(now, [liar])),
    )
    const operation = world.run(node, (engine, now) => engine.lookup(now, randomNodeId(world.random)))
    finish(world, node, operation)
    expect(peersOf(node, operation)).toEqual([{ host: '45.251.0.9', port: 80 }])
    expect(node.engine.counters.refusedPeers).toBeGreaterThanOrEqual(5)
  })
})
