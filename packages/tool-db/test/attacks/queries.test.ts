/** Short questions with long answers: queries, reads, functions. */

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

test('[T-170] a query that finds nothing among many deleted keys costs what it passed over', () => {
  const world = new World()
  const node = world.server({ limits: { answerKeysMax: 500 } })
  for (let i = 0; i < 4_000; i++) node.put(`gone-${10_000 + i}${'k'.repeat(400)}`, null, { isDeletion: true })
  world.run(5_000)
  const [storm, good] = [world.raw(node).greet(), world.raw(node).greet()]
  const scans = (): number => node.store.scans
  const before = scans()
  for (let i = 0; i < 200; i++) storm.send({ type: 'query', id: `q${i}`, to: [], key: 'gone-' })
  world.run(100)
  // Two megabytes of keys and as many of deletions each: two seconds at 32 MB/s, and what has passed since.
  expect(storm.ofType('queryAck').length).toBeGreaterThan(5)
  expect(scans() - before).toBeLessThan(30 * 16)
  good.send({ type: 'query', id: 'good', to: [], key: 'mine' })
  world.run(300)
  expect(good.ofType('queryAck')).toMatchObject([{ id: 'good', keys: [] }])
  world.run(60_000)
  expect(storm.ofType('queryAck')).toHaveLength(200)
})

test('[T-171] who asks for long values again and again has them one by one, and others have theirs at once', () => {
  const world = new World()
  const node = world.server()
  const [storm, good] = [world.raw(node).greet(), world.raw(node).greet()]
  storm.put(storm.key.plain('long', 'x'.repeat(400_000), { time: world.now }))
  good.put(good.key.plain('mine', 1, { time: world.now }))
  world.run(1_000)
  for (let i = 0; i < 600; i++) {
    const type = i % 2 === 0 ? 'get' : 'subscribe'
    storm.send({ type, id: `g${i}`, to: [], key: 'long' })
  }
  world.run(100)
  good.send({ type: 'get', id: 'good', to: [], key: 'mine' })
  world.run(100)
  expect(good.ofType('put')).toMatchObject([{ id: 'good' }])
  // 4 MB, then the two seconds of the burst at 16 MB each, and what has passed since.
  expect(storm.ofType('put').length).toBeLessThan(110)
  expect(storm.ofType('put').length).toBeGreaterThan(50)
  expect(node.machine.stats()['refused.heavy-reads']).toBeGreaterThan(100)
  world.run(30_000)
  expect(storm.ofType('put').length).toBeGreaterThan(256)
  // After a quiet time all is as before.
  storm.send({ type: 'get', id: 'again', to: [], key: 'long' })
  world.run(50)
  expect(storm.ofType('put').at(-1)).toMatchObject({ id: 'again' })
})

test('[T-171] who has functions return much is refused for a while, and others are not', () => {
  const world = new World()
  const node = world.server()
  let calls = 0
  node.functions.set('long', () => {
    calls++
    return 'x'.repeat(500_000)
  })
  node.input((machine) => machine.addFunction('long'))
  const [storm, good] = [world.raw(node).greet(), world.raw(node).greet()]
  for (let i = 0; i < 200; i++) {
    storm.send({ type: 'function', id: `f${i}`, to: [], function: 'long', args: [] })
    if (i % 20 === 0) world.run(1)
  }
  world.run(10)
  expect(calls).toBeLessThan(50)
  expect(node.machine.stats()['refused.function-returns']).toBeGreaterThan(100)
  good.send({ type: 'function', id: 'good', to: [], function: 'long', args: [] })
  world.run(50)
  expect(good.ofType('functionReturn')).toMatchObject([{ id: 'good', code: 'OK' }])
  world.run(10_000)
  storm.send({ type: 'function', id: 'later', to: [], function: 'long', args: [] })
  world.run(50)
  expect(storm.ofType('functionReturn').at(-1)).toMatchObject({ id: 'later', code: 'OK' })
})
