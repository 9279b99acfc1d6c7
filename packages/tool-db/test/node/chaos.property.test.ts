import fc from 'fast-check'
import { expect, test } from 'vitest'
import { World, type WorldNode } from './world.ts'

const HOSTS = 5

test('[T-66] servers that dial each other, crash, move and come back in any order all find each other again, once', () => {
  const step = fc.record({
    kind: fc.constantFrom('connect', 'propose', 'kill', 'cut', 'wait' as const),
    who: fc.nat(HOSTS - 1),
    whom: fc.nat(HOSTS - 1),
    wait: fc.oneof(fc.nat(30), fc.nat(5_000)),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.nat(10_000), (steps, seed) => {
      const world = new World(seed + 1)
      let port = 9_000
      const start = (i: number): WorldNode => world.server({ key: `server ${i}`, host: `45.20.${i}.1`, port: port++ })
      const servers = Array.from({ length: HOSTS }, (_, i) => start(i))
      const at = (i: number): WorldNode => servers[i] as WorldNode
      // Given by hand to everybody, as `peers` would be.
      const anchor = world.server({ key: 'anchor', host: '45.30.1.1' })
      for (const server of servers) server.connect(anchor)
      for (const { kind, who, whom, wait } of steps) {
        const [a, b] = [at(who), at(whom)]
        if (kind === 'connect') a.connect(b)
        if (kind === 'propose') a.input((machine) => machine.handleCandidate(world.now, b, 'proposed'))
        if (kind === 'cut') world.cut(a, b)
        if (kind === 'kill') {
          world.kill(a)
          servers[who] = start(who)
          at(who).connect(anchor)
        }
        world.run(wait)
      }
      world.run(5 * 60_000)
      for (const server of [...servers, anchor]) {
        const others = [...servers, anchor].filter((other) => other !== server).map(({ peerId }) => peerId)
        expect(server.peers).toEqual(others.sort())
        expect(server.machine.stats()['now.sessions']).toBe(HOSTS)
        expect(server.machine.stats()['now.effects']).toBe(0)
        // Every end of a session with a peer was told, and no more.
        const told = server.eventsOf('connected').length - server.eventsOf('disconnected').length
        expect(told).toBe(HOSTS)
      }
      at(0).put('k', seed)
      world.run(1_000)
      for (const server of servers) expect(server.held('k')).toBe(seed)
    }),
    { numRuns: 40 },
  )
}, 60_000)
