import { type Endpoint, seededRandom } from '@shoal/base'
import { DhtEngine, type EngineInit, isSameId, K, randomNodeId } from '@shoal/dht/core'
import { expect, test } from 'vitest'
import { nodeItemCrypto } from '../../src/node/ed25519.ts'
import { finish, swarm } from '../world.ts'

const INIT: Omit<EngineInit, 'nodeId' | 'random'> = {
  family: 'ipv4',
  crypto: nodeItemCrypto,
  mode: 'server',
  network: 'mainline',
  limits: {},
  now: 0,
}

/** Hands everything that one wants sent to the other. */
function carry(now: number, from: { engine: DhtEngine; at: Endpoint }, to: DhtEngine): void {
  for (let t = from.engine.pollTransmit(); t !== undefined; t = from.engine.pollTransmit()) {
    to.handleDatagram(now, from.at, t.bytes)
  }
}

test('[D-120] two engines meet with nothing but what the core exports', () => {
  const random = seededRandom(1)
  const a = {
    engine: new DhtEngine({ ...INIT, random, nodeId: randomNodeId(random) }),
    at: { host: '45.1.1.1', port: 1 },
  }
  const b = {
    engine: new DhtEngine({ ...INIT, random, nodeId: randomNodeId(random) }),
    at: { host: '45.2.2.2', port: 2 },
  }
  const operation = a.engine.ping(10, b.at)
  carry(10, a, b.engine)
  carry(30, b, a.engine)
  expect(a.engine.pollEvent()).toMatchObject({ kind: 'pong', operation, ms: 20 })
  expect(a.engine.sizes.contacts).toBe(1)
  expect(a.engine.pollTimeout()).toBeGreaterThan(10)
})

test('[D-120] an engine that begins with a snapshot has its id again, and knows whom it knew within a round trip', () => {
  const { world, nodes } = swarm(24, { latency: [40, 40] })
  const old = nodes[20] as (typeof nodes)[number]
  const { id, contacts } = old.engine.snapshot()
  expect(contacts.length).toBeGreaterThan(K)
  expect(contacts.map(({ roundTripMs }) => Math.round(roundTripMs ?? 0))).toEqual(contacts.map(() => 80))

  world.kill(old)
  const again = world.add({ nodeId: id }, old.endpoint)
  expect(isSameId(again.engine.nodeId, id)).toBe(true)
  world.run(again, (engine, now) => engine.warm(now, contacts))
  world.advance(81)
  expect(again.engine.sizes.contacts).toBeGreaterThanOrEqual(K)
})

test('[D-120] a snapshot is quickest first, and without those that failed', () => {
  const { world, nodes } = swarm(12, { latency: [10, 90] })
  const node = nodes[0] as (typeof nodes)[number]
  for (const other of nodes.slice(6)) world.kill(other)
  finish(
    world,
    node,
    world.run(node, (engine, now) => engine.lookup(now, randomNodeId(world.random))),
  )
  world.advance(2_000)
  const { contacts } = node.engine.snapshot()
  const known = [...node.engine.contacts()]
  const failed = known.filter(({ failures }) => failures > 0).map(({ address }) => address.host)
  expect(failed.length).toBeGreaterThan(0)
  expect(contacts.map(({ host }) => host)).toEqual(expect.not.arrayContaining(failed))
  expect(contacts).toHaveLength(known.length - failed.length)
  const times = contacts.map(({ roundTripMs }) => roundTripMs ?? 0)
  expect(times).toEqual(times.toSorted((a, b) => a - b))
})
