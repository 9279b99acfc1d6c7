/** Short questions with long answers. */

import { expect, test } from 'vitest'
import { World } from '../node/world.ts'

test('[T-170] a storm of queries for many long keys is answered a few at a time, and others have their turn meanwhile', () => {
  const world = new World()
  const node = world.server()
  const [storm, good] = [world.raw(node).greet(), world.raw(node).greet()]
  for (let i = 0; i < 1_000; i++) {
    storm.put(storm.key.plain(`${'k'.repeat(900)}${i}`, 1, { time: world.now }))
    if (i % 50 === 0) world.run(100)
  }
  good.put(good.key.plain('mine', 1, { time: world.now }))
  world.run(5_000)
  for (let i = 0; i < 600; i++) storm.send({ type: 'query', id: `q${i}`, to: [], key: '' })
  world.run(100)
  good.send({ type: 'query', id: 'good', to: [], key: 'mine' })
  world.run(200)
  expect(good.ofType('queryAck')).toMatchObject([{ id: 'good', keys: ['mine'] }])
  // A megabyte of keys each: two seconds at 32 MB/s, and what has passed since.
  expect(storm.ofType('queryAck').length).toBeLessThan(90)
  expect(node.machine.stats()['refused.reads']).toBeGreaterThan(0)
  world.run(60_000)
  expect(storm.ofType('queryAck').length).toBeGreaterThan(256)
})
