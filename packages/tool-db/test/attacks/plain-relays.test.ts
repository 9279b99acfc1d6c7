/** What a stranger leaves at a plain tool-db server, which hands it on as it came. */

import { expect, test } from 'vitest'
import { TestKey, World } from '../node/world.ts'

test('[T-173] a plain server is not kept out for records of other people that are none here', () => {
  const world = new World()
  const server = world.server()
  const plain = world.raw(server).greet({ isServer: true })
  const stranger = new TestKey('stranger')
  const time = world.now
  let deep: unknown = 1
  for (let i = 0; i < 100; i++) deep = [deep]
  const good = stranger.plain('k', 1, { time })
  const records = [
    stranger.plain('x'.repeat(2_000), 1, { time }),
    stranger.plain('\u0000hidden', 1, { time }),
    stranger.plain('deep', deep, { time }),
    { ...good, n: -1 },
    { ...good, t: 1 },
    { ...good, c: 'a type of many words' },
  ]
  for (let round = 0; round < 5; round++) for (const record of records) plain.put(record)
  world.run(500)
  expect(plain.isClosed).toBe(false)
  plain.put(good)
  world.run(500)
  expect(server.held('k')).toBe(1)
  expect([...server.rows.keys()]).toEqual(['k'])
})

test('[T-173] keys that are none here spoil no answer of a plain server, and count for nothing', () => {
  const world = new World()
  const client = world.client()
  const queries: { result: unknown }[] = []
  const plain = world.raw(client).greet({ isServer: true })
  for (let i = 0; i < 8; i++) {
    queries.push(client.command({ kind: 'query', prefix: 'k', timeout: 1_000 }))
    world.run(50)
    const id = plain.ofType('query').at(-1)?.id
    plain.send({ type: 'queryAck', id, to: [], keys: ['k1', '', 'k\ud800', `k${'x'.repeat(2_000)}`, 'k2'] })
    world.run(50)
  }
  for (const { result } of queries) expect(result).toMatchObject({ kind: 'query', keys: ['k1', 'k2'] })
  expect(plain.isClosed).toBe(false)
})
