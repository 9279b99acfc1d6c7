/** Networks of one machine, started in batches by nodes that all lie on one side: whether the sides come to know each other. */
import { describe, expect, test } from 'vitest'
import type { OperationId } from '../../../src/core/engine-event.ts'
import { type NodeId, nodeIdBytes, randomNodeId, readNodeId } from '../../../src/core/id/node-id.ts'
import { finish, lookupDone, peersOf, World, type WorldNode } from '../../world.ts'

const ANNOUNCE = { port: 4_444, isPortImplied: false }
const HOST = '127.0.0.1'
const NODES = 200
/** Nodes that come at the same time. */
const BATCH = 10
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8]

/** An id whose first bit is this one. */
function idOnSide(world: World, side: 0 | 1): NodeId {
  const bytes = nodeIdBytes(randomNodeId(world.random)).slice()
  bytes[0] = ((bytes[0] as number) & 0x7f) | (side << 7)
  return readNodeId(bytes, 0)
}

/** The first three nodes, by which all others come in, lie on side 0; of the others every second one. */
function twoSided(seed: number): { world: World; nodes: WorldNode[] } {
  const world = new World({ seed, latency: [1, 3] })
  const nodes: WorldNode[] = []
  const add = (_: unknown, offset: number): WorldNode => {
    const i = nodes.length + offset
    const nodeId = idOnSide(world, i < 3 || i % 2 === 0 ? 0 : 1)
    return world.add({ network: 'private', nodeId }, { host: HOST, port: 2_000 + i })
  }
  while (nodes.length < NODES) {
    const entries = nodes.slice(0, 3).map(({ endpoint }) => endpoint)
    const batch = Array.from({ length: nodes.length === 0 ? 1 : BATCH }, add)
    const operations = batch.map((node) => world.run(node, (engine, now) => engine.bootstrap(now, entries)))
    for (const [i, node] of batch.entries()) finish(world, node, operations[i] as OperationId)
    nodes.push(...batch)
  }
  world.advance(1_000)
  return { world, nodes }
}

describe.each([0, 0.3])('with %d of the nodes dead', (dead) => {
  test.each(SEEDS)('[D-107] every lookup after an announcement finds the peer, from side to side (seed %i)', (seed) => {
    const { world, nodes } = twoSided(seed)
    const targets = Array.from({ length: 20 }, (_, i) => idOnSide(world, (i & 1) as 0 | 1))
    for (const [i, target] of targets.entries()) {
      const node = nodes[3 + i] as WorldNode
      finish(
        world,
        node,
        world.run(node, (engine, now) => engine.lookup(now, target, ANNOUNCE)),
      )
    }
    for (const node of nodes.splice(nodes.length - dead * nodes.length)) world.kill(node)
    for (const [i, target] of targets.entries()) {
      const finder = nodes[40 + i] as WorldNode
      const operation = world.run(finder, (engine, now) => engine.lookup(now, target))
      lookupDone(finish(world, finder, operation))
      expect(peersOf(finder, operation), `target ${i}`).toHaveLength(1)
    }
  })
})

test('[D-107] a node knows of both halves of the space soon after it has come', () => {
  const { world, nodes } = twoSided(9)
  for (const node of nodes) {
    const bytes = nodeIdBytes(node.engine.nodeId)
    const others = [...node.engine.contacts()].filter(({ id }) => ((nodeIdBytes(id)[0] ?? 0) ^ (bytes[0] ?? 0)) & 0x80)
    expect(others.length).toBeGreaterThanOrEqual(4)
  }
  expect(world.now).toBeLessThan(60_000)
})
