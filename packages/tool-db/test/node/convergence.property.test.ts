import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { WireRecord } from '../../src/core/records/record.ts'
import { TestKey, World } from './world.ts'

const KEYS = ['a', 'b', '==name'] as const

/** What a key reads as once everybody knows all that was written: the greatest by (time, hash); of a name, of those of who claimed it first. */
function modelOf(key: string, written: readonly WireRecord[]): WireRecord | undefined {
  const inOrder = written.filter(({ k }) => k === key).sort((a, b) => a.t - b.t || (a.h < b.h ? -1 : 1))
  const owner = inOrder[0]?.a
  return inOrder.filter(({ a }) => !key.startsWith('==') || a === owner).at(-1)
}

test('[T-76] any puts in any order, late and repeated, over any number of servers end in equal data on all servers, and each answers as a model that knows what was written', () => {
  const step = fc.record({
    server: fc.nat(4),
    key: fc.constantFrom(...KEYS),
    author: fc.nat(2),
    age: fc.nat(60_000),
    wait: fc.nat(12),
    delay: fc.nat(300),
    again: fc.option(fc.nat(300), { nil: undefined }),
  })
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 30 }),
      fc.integer({ min: 2, max: 5 }),
      fc.nat(1_000),
      (steps, count, seed) => {
        const world = new World(seed + 1)
        const servers = Array.from({ length: count }, () => world.server())
        for (const server of servers.slice(1)) server.connect(servers[0] as (typeof servers)[0])
        world.run(3_000)
        const raws = servers.map((server) => world.raw(server).greet())
        const authors = [new TestKey('one'), new TestKey('two'), new TestKey('three')]
        const start = world.now
        const written: WireRecord[] = []
        for (const { server, key, author, age, wait, delay, again } of steps) {
          const record = (authors[author] as TestKey).plain(key, { server, age }, { time: start - age })
          written.push(record)
          world.at(delay, () => raws[server % count]?.put(record))
          if (again !== undefined) world.at(again, () => raws[(server + 1) % count]?.put(record))
          world.run(wait)
        }
        world.run(2_000)
        const [first, ...others] = servers.map((server) =>
          KEYS.map((key) => [server.held(key), server.rows.get(`\u0000claims:${key}`)?.value]),
        )
        for (const other of others) expect(other).toEqual(first)
        for (const raw of raws) {
          for (const key of KEYS) {
            raw.send({ type: 'get', id: `model ${key}`, to: [], key })
            world.run(50)
            const answer = raw.messages.findLast(({ id }) => id === `model ${key}`)
            expect(answer?.['data']).toEqual(modelOf(key, written))
          }
        }
        for (const server of servers) expect(server.machine.stats()['now.lanes']).toBe(0)
      },
    ),
    { numRuns: 60 },
  )
})
