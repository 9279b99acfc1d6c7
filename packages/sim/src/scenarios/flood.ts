/** One node is flooded for a minute, the others go on as if nothing were: what it answers is bounded, and lookups do not suffer. */

import { MINUTE } from '@shoal/base'
import { pickRunning } from '../dht/pick.ts'
import { Probes } from '../dht/probes.ts'
import { flooderProgram } from '../enemies/flooder.ts'
import { figuresOf } from './figures.ts'
import { hoursOf, pass, probesIn, type Scenario } from './scenario.ts'
import { warmWorld } from './warm-world.ts'

const FLOODERS = 10
const QUERIES_PER_SECOND_EACH = 200

export const flood: Scenario = {
  name: 'flood',
  summary: 'one node is flooded with two thousand queries a second',
  defaults: { nodes: 200, hours: 0.05 },
  run(options) {
    const { dht } = warmWorld({ options })
    const { world } = dht
    const [flooded] = dht.nodes
    if (flooded === undefined) return { world, figures: {} }
    for (let i = 0; i < FLOODERS; i++) {
      const program = flooderProgram(flooded.endpoint, QUERIES_PER_SECOND_EACH)
      const host = world.addHost({ name: `flooder ${i}`, program })
      world.start(host)
      world.at(world.now + MINUTE, () => world.stop(host))
    }
    const running = pickRunning(dht, (host) => host !== flooded)
    const probes = new Probes({ dht, announcer: running, looker: running })
    probes.schedule(probesIn(options), hoursOf(options))
    pass(world, hoursOf(options) + 2 * MINUTE, 'people look for things', options)
    const { answers = 0, rateLimited = 0, rateLimitedPerAddress = 0 } = flooded.machine?.engine.counters ?? {}
    const refused = rateLimited + rateLimitedPerAddress
    return { world, figures: { ...figuresOf(probes), flooded: { answers, refused } } }
  },
}
