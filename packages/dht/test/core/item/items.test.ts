import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { HOUR, latin1, MINUTE } from '@shoal/base'
import { expect, test } from 'vitest'
import { encodeValue } from '../../../src/core/bencode/value.ts'
import { compareDistance, readNodeId } from '../../../src/core/id/node-id.ts'
import { type Item, immutableTarget, mutableTarget, signedMessage } from '../../../src/core/item/item.ts'
import type { ItemOrder } from '../../../src/core/item/own-items.ts'
import { nodeItemCrypto } from '../../../src/node/ed25519.ts'
import { decode, dig } from '../../bencode.ts'
import { finish, swarm, type World, type WorldNode } from '../../world.ts'

const { sha1 } = nodeItemCrypto
const SALT = new Uint8Array(0)
const PKCS8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, 9)])
const privateKey = createPrivateKey({ key: PKCS8, format: 'der', type: 'pkcs8' })
const publicKey = new Uint8Array(createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32))
const target = new Uint8Array(mutableTarget(publicKey, SALT, sha1))

function mutable(seq: bigint, text: string): Item {
  const value = encodeValue(text)
  return { value, signed: { publicKey, signature: sign(undefined, signedMessage(SALT, seq, value), privateKey), seq } }
}

function immutable(text: string): ItemOrder {
  const value = encodeValue(text)
  return {
    target: new Uint8Array(immutableTarget(value, sha1)),
    salt: SALT,
    item: { value, signed: undefined },
    cas: undefined,
  }
}

function put(
  world: World,
  node: WorldNode,
  order: ItemOrder,
): { nodes: number; failed: number; cas: number; seq: number } {
  const operation = world.run(node, (engine, now) => engine.items.beginPut(now, order.target, order.salt))
  world.until(() => node.events.some((event) => event.kind === 'item-found' && event.operation === operation))
  const before = node.events.length
  world.run(node, (engine, now) => engine.storeItem(now, operation, order))
  world.until(() => node.events.length > before)
  const event = node.events.at(-1)
  if (event?.kind !== 'item-stored') throw new Error(`not the end of a put: ${event?.kind}`)
  return event
}

function get(world: World, node: WorldNode, at: Uint8Array, takesFirst = false): Item | undefined {
  const event = finish(
    world,
    node,
    world.run(node, (engine, now) => engine.items.find(now, at, { salt: SALT, takesFirst })),
  )
  if (event.kind !== 'item-found') throw new Error(event.kind)
  return event.item
}

const order = (item: Item, cas?: bigint): ItemOrder => ({ target, salt: SALT, item, cas })
const holders = (nodes: readonly WorldNode[]): WorldNode[] => nodes.filter(({ engine }) => engine.sizes.items > 0)
const methods = (node: WorldNode, from = 0): unknown[] =>
  node.sent.slice(from).map(({ bytes }) => dig(decode(bytes), 'q'))

test('[D-155] an item goes to exactly the eight closest nodes, and any other node finds it', () => {
  const { world, nodes } = swarm(40, { seed: 21 })
  const [ours, other] = nodes as [WorldNode, WorldNode]
  const item = immutable('hello')
  expect(put(world, ours, item)).toMatchObject({ nodes: 8, failed: 0 })
  const id = readNodeId(item.target)
  const sorted = [...nodes].sort((a, b) => compareDistance(id, a.engine.nodeId, b.engine.nodeId))
  expect(new Set(holders(nodes))).toEqual(new Set(sorted.slice(0, 8)))
  expect(get(world, other, item.target)?.value).toEqual(item.item.value)
  expect(get(world, other, new Uint8Array(20))).toBeUndefined()
})

test('[D-154] of a mutable item the highest number wins over all answers; the first will do where that is asked', () => {
  const { world, nodes } = swarm(30, { seed: 22 })
  const [ours, other] = nodes as [WorldNode, WorldNode]
  put(world, ours, order(mutable(1n, 'old')))
  // All but one miss the update.
  const at = holders(nodes)
  for (const node of at.slice(1)) world.kill(node)
  put(world, ours, order(mutable(2n, 'new')))
  for (const node of at.slice(1)) node.isAlive = true
  world.advance(20 * MINUTE)
  expect(latin1(get(world, other, target)?.value as Uint8Array)).toBe('3:new')
  expect(get(world, other, target, true)?.signed?.seq).toBeGreaterThanOrEqual(1n)
})

test('[D-154] an immutable item ends the walk when it comes', () => {
  const { world, nodes } = swarm(60, { seed: 23 })
  const item = immutable('hello')
  put(world, nodes[0] as WorldNode, item)
  const node = nodes.find((one) => !holders(nodes).includes(one)) as WorldNode
  const operation = world.run(node, (engine, now) =>
    engine.items.find(now, item.target, { salt: SALT, takesFirst: false }),
  )
  const event = finish(world, node, operation)
  if (event.kind !== 'item-found') throw new Error(event.kind)
  expect(event.copies).toBe(1)
  expect(event.summary.answered).toBeLessThan(event.summary.queried)
})

test('[D-155] cas goes to those alone who hold what it names, so that a node that missed an update takes part again', () => {
  const { world, nodes } = swarm(20, { seed: 24 })
  const ours = nodes[0] as WorldNode
  put(world, ours, order(mutable(1n, 'one')))
  const stale = holders(nodes).find((node) => node !== ours) as WorldNode
  world.kill(stale)
  put(world, ours, order(mutable(2n, 'two')))
  stale.isAlive = true
  world.run(stale, (engine, now) => engine.ping(now, ours.endpoint))
  world.advance(20 * MINUTE)
  const result = put(world, ours, order(mutable(3n, 'three'), 2n))
  expect(result).toMatchObject({ cas: 0, seq: 0 })
  expect(result.nodes).toBeGreaterThanOrEqual(8)
  const sent = ours.sent.map(({ bytes }) => dig(decode(bytes), 'a')).filter((a) => dig(a, 'seq') === 3)
  expect(new Set(sent.map((a) => dig(a, 'cas')))).toEqual(new Set([2, undefined]))
})

test('[D-144] [D-155] refusals are told apart', () => {
  const { world, nodes } = swarm(20, { seed: 25 })
  const [ours, other] = nodes as [WorldNode, WorldNode]
  put(world, ours, order(mutable(5n, 'five')))
  expect(put(world, other, order(mutable(4n, 'four')))).toMatchObject({ nodes: 0, cas: 0, seq: expect.any(Number) })
  // Between our walk and our put somebody else writes.
  const operation = world.run(ours, (engine, now) => engine.items.beginPut(now, target, SALT))
  world.until(() => ours.events.some((event) => event.kind === 'item-found' && event.operation === operation))
  put(world, other, order(mutable(6n, 'six')))
  const before = ours.events.length
  world.run(ours, (engine, now) => engine.storeItem(now, operation, order(mutable(7n, 'seven'), 5n)))
  world.until(() => ours.events.length > before)
  const result = ours.events.at(-1) as { nodes: number; cas: number }
  // One of the eight may not have held it before.
  expect(result.cas).toBeGreaterThanOrEqual(6)
  expect(result.nodes).toBeLessThan(result.cas)
})

test('[D-158] our own items outlive their two hours while we run, and no longer', () => {
  const { world, nodes } = swarm(20, { seed: 26 })
  const [ours, other] = nodes as [WorldNode, WorldNode]
  const item = immutable('kept')
  put(world, ours, item)
  world.run(ours, (engine, now) => engine.items.keep(now, item))
  world.advance(7 * HOUR)
  expect(get(world, other, item.target)).toBeDefined()
  // Those puts ended without an event, since nobody waits for them.
  expect(ours.events.filter(({ kind }) => kind === 'item-stored')).toHaveLength(1)
  expect(ours.engine.sizes.ownItems).toBe(1)
  world.run(ours, (engine) => engine.items.drop(item.target))
  world.advance(2 * HOUR + MINUTE)
  expect(get(world, other, item.target)).toBeUndefined()
  expect(nodes.every(({ engine }) => engine.sizes.items === 0)).toBe(true)
})

test('[D-159] where somebody has put a newer item, we stop putting ours', () => {
  const { world, nodes } = swarm(20, { seed: 27 })
  const [ours, other] = nodes as [WorldNode, WorldNode]
  put(world, ours, order(mutable(1n, 'ours')))
  world.run(ours, (engine, now) => engine.items.keep(now, order(mutable(1n, 'ours'))))
  put(world, other, order(mutable(2n, 'newer')))
  world.advance(70 * MINUTE)
  expect(ours.engine.sizes.ownItems).toBe(0)
  expect(get(world, other, target)?.signed?.seq).toBe(2n)
})

test('[D-159] to put a mutable item again, values that are not newer are not asked for', () => {
  const { world, nodes } = swarm(20, { seed: 28 })
  const ours = nodes[0] as WorldNode
  put(world, ours, order(mutable(3n, 'x'.repeat(900))))
  world.run(ours, (engine, now) => engine.items.keep(now, order(mutable(3n, 'x'.repeat(900)))))
  const before = ours.sent.length
  world.advance(HOUR)
  const gets = ours.sent
    .slice(before)
    .map(({ bytes }) => decode(bytes))
    .filter((message) => dig(message, 'q') === 'get')
  expect(gets.length).toBeGreaterThan(0)
  for (const message of gets) expect(dig(message, 'a', 'seq')).toBe(3)
  expect(methods(ours, before)).toContain('put')
})

test('[D-160] in a network of two each stores what the other puts, and its own', () => {
  const { world, nodes } = swarm(2, { seed: 29 })
  const [ours, other] = nodes as [WorldNode, WorldNode]
  expect(put(world, ours, immutable('small'))).toMatchObject({ nodes: 2 })
  expect(ours.engine.sizes.items).toBe(1)
  expect(get(world, other, immutable('small').target)).toBeDefined()
  const { world: alone, nodes: one } = swarm(1, { seed: 30, engine: { mode: 'client' } })
  expect(put(alone, one[0] as WorldNode, immutable('nobody'))).toMatchObject({ nodes: 0 })
})

test('[D-172] a scrape unites what nodes count', () => {
  const { world, nodes } = swarm(30, { seed: 31 })
  const hash = readNodeId(new Uint8Array(20).fill(5))
  for (const [i, node] of nodes.entries()) {
    if (i >= 20) continue
    finish(
      world,
      node,
      world.run(node, (engine, now) => engine.lookup(now, hash, { port: 1, isPortImplied: false, isSeed: i < 5 })),
    )
  }
  const asker = nodes[29] as WorldNode
  const event = finish(
    world,
    asker,
    world.run(asker, (engine, now) => engine.scrape(now, hash)),
  )
  if (event.kind !== 'scraped') throw new Error(event.kind)
  expect(event.tally.count()).toEqual({ seeds: 5, peers: 15 })
})

test('[D-181] a node is asked for its samples; one that is not there is said to be silent', () => {
  const { world, nodes } = swarm(10, { seed: 32 })
  const [ours, other] = nodes as [WorldNode, WorldNode]
  const hash = readNodeId(new Uint8Array(20).fill(6))
  finish(
    world,
    ours,
    world.run(ours, (engine, now) => engine.lookup(now, hash, { port: 1, isPortImplied: false })),
  )
  const event = finish(
    world,
    ours,
    world.run(ours, (engine, now) => engine.sample(now, other.endpoint, hash)),
  )
  if (event.kind !== 'sampled') throw new Error(event.kind)
  expect(event).toMatchObject({ num: event.samples.length, interval: 0 })
  expect(event.nodes.length).toBeGreaterThan(4)
  world.kill(other)
  const silent = finish(
    world,
    ours,
    world.run(ours, (engine, now) => engine.sample(now, other.endpoint, hash)),
  )
  expect(silent).toMatchObject({ kind: 'no-pong', why: 'timed-out' })
})

test('[D-193] a target that is asked about again costs four queries, the others the next time; a walk once they are gone, or after ten minutes', () => {
  const { world, nodes } = swarm(60, { seed: 27 })
  const writer = nodes[0] as WorldNode
  put(world, writer, order(mutable(1n, 'one')))
  const at = holders(nodes)
  const reader = nodes.find((node) => node !== writer && !at.includes(node)) as WorldNode
  const again = (): { asked: number; seq: bigint | undefined } => {
    const from = reader.sent.length
    const operation = world.run(reader, (engine, now) =>
      engine.items.find(now, target, { salt: SALT, takesFirst: false, isAgain: true }),
    )
    const event = finish(world, reader, operation)
    if (event.kind !== 'item-found') throw new Error(event.kind)
    return { asked: methods(reader, from).filter((method) => method === 'get').length, seq: event.item?.signed?.seq }
  }
  const walk = again()
  expect(walk).toMatchObject({ seq: 1n })
  expect(walk.asked).toBeGreaterThanOrEqual(8)
  expect(again()).toEqual({ asked: 4, seq: 1n })
  // All but two miss what comes next: one of the two is asked at the latest the second time.
  for (const node of at.slice(2)) world.kill(node)
  put(world, writer, order(mutable(2n, 'two')))
  for (const node of at.slice(2)) node.isAlive = true
  for (const node of holders(nodes)) if (!at.includes(node)) world.kill(node)
  expect([again().seq, again().seq]).toContain(2n)
  for (const node of at.slice(0, 6)) world.kill(node)
  // Whoever is silent is asked twice, so eight are the most without a walk.
  expect(Math.max(again().asked, again().asked, again().asked)).toBeGreaterThan(8)
  expect(again().asked).toBeLessThanOrEqual(8)
  world.advance(10 * MINUTE)
  expect(again().asked).toBeGreaterThan(8)
})

test('[D-193] where fewer than eight have answered each time is a walk: others may have come', () => {
  const { world, nodes } = swarm(6, { seed: 28 })
  const [writer, reader] = nodes as [WorldNode, WorldNode]
  put(world, writer, order(mutable(1n, 'one')))
  for (let i = 0; i < 3; i++) {
    const from = reader.sent.length
    const find = world.run(reader, (engine, now) =>
      engine.items.find(now, target, { salt: SALT, takesFirst: false, isAgain: true }),
    )
    expect(finish(world, reader, find)).toMatchObject({ kind: 'item-found', item: { signed: { seq: 1n } } })
    expect(methods(reader, from).filter((method) => method === 'get')).toHaveLength(5)
  }
})
