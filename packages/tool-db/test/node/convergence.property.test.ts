import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TestKey, World } from './world.ts'

const KEYS = ['a', 'b', '==name'] as const

test('[T-76] any puts in any order, repeated, over any server end in equal data on all servers', () => {
  const step = fc.record({
    server: fc.nat(3),
    key: fc.constantFrom(...KEYS),
    author: fc.nat(2),
    age: fc.nat(60_000),
    wait: fc.nat(12),
    again: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), fc.nat(1_000), (steps, seed) => {
      const world = new World(seed + 1)
      const servers = Array.from({ length: 4 }, () => world.server())
      for (const server of servers.slice(1)) server.connect(servers[0] as (typeof servers)[0])
      world.run(3_000)
      const raws = servers.map((server) => world.raw(server).greet())
      const authors = [new TestKey('one'), new TestKey('two'), new TestKey('three')]
      const start = world.now
      for (const { server, key, author, age, wait, again } of steps) {
        const record = (authors[author] as TestKey).plain(key, { server, age }, { time: start - age })
        raws[server]?.put(record)
        world.run(wait)
        if (again) raws[(server + 1) % 4]?.put(record)
      }
      world.run(2_000)
      const [first, ...others] = servers.map((server) =>
        KEYS.map((key) => [server.held(key), server.rows.get(`\u0000claims:${key}`)?.value]),
      )
      for (const other of others) expect(other).toEqual(first)
      for (const server of servers) expect(server.machine.stats()['now.lanes']).toBe(0)
    }),
    { numRuns: 60 },
  )
})
