import { expect, test } from 'vitest'
import { commonPrefixLength, compareDistance, randomNodeId, randomNodeIdNear } from '../../../src/core/id/node-id.ts'
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

test('[D-71] a lookup to which one has answered leaves the other contacts alone', () => {
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
