import { expect, test } from 'vitest'
import { bootstrap, finish, swarm, World } from '../world.ts'

test('[D-121] a node that lost its last contact because nothing reached it finds them again, though none was given', () => {
  const { world, nodes } = swarm(12)
  const node = nodes[0] as (typeof nodes)[number]
  expect(node.engine.sizes.contacts).toBeGreaterThan(8)
  world.loss = 1
  expect(world.until(() => node.engine.sizes.contacts === 0, 3_600_000)).toBe(true)
  expect(node.events.some(({ kind }) => kind === 'alone')).toBe(true)
  expect(node.engine.hasEntryPoints).toBe(true)

  world.loss = 0
  bootstrap(world, node, [])
  expect(node.engine.sizes.contacts).toBeGreaterThanOrEqual(8)
})

test('[D-121] contacts of the last run that do not answer at the start are asked again later, 32 of them', () => {
  const world = new World()
  const others = Array.from({ length: 40 }, () => world.add())
  const node = world.add()
  expect(node.engine.hasEntryPoints).toBe(false)
  world.loss = 1
  const known = others.map(({ endpoint }) => endpoint)
  finish(
    world,
    node,
    world.run(node, (engine, now) => engine.warm(now, known)),
  )
  expect(node.engine.sizes.contacts).toBe(0)

  world.loss = 0
  world.advance(60_000)
  const before = node.sent.length
  bootstrap(world, node, [])
  expect(node.engine.sizes.contacts).toBeGreaterThanOrEqual(8)
  const asked = new Set(node.sent.slice(before).map(({ to }) => to.host))
  expect(known.filter(({ host }) => asked.has(host)).length).toBeLessThanOrEqual(32)
})

test('[D-121] while there are contacts, those who were lost are left alone', () => {
  const { world, nodes } = swarm(12)
  const node = nodes[0] as (typeof nodes)[number]
  const dead = nodes.slice(6)
  for (const other of dead) world.kill(other)
  world.advance(3_600_000)
  expect(node.engine.sizes.contacts).toBe(5)
  const before = node.sent.length
  bootstrap(world, node, [])
  const asked = node.sent.slice(before).map(({ to }) => to.host)
  for (const { endpoint } of dead) expect(asked).not.toContain(endpoint.host)
})
