/** Half of the network is gone at one moment, without a word. How well is found what the others announce, minute by minute? */

import { MINUTE, randomFraction } from '@shoal/base'
import { takeCensus } from '../dht/census.ts'
import { pickRunning } from '../dht/pick.ts'
import { Probes } from '../dht/probes.ts'
import { figuresOf } from './figures.ts'
import { hoursOf, pass, probesIn, type Scenario } from './scenario.ts'
import { warmWorld } from './warm-world.ts'

const GONE_SHARE = 0.5

export const massDeparture: Scenario = {
  name: 'mass-departure',
  summary: 'half of the network is gone at one moment',
  defaults: { nodes: 1_000, hours: 0.25 },
  run(options) {
    const { dht } = warmWorld({ options })
    const { world } = dht
    const random = world.random('who leaves')
    for (const host of dht.nodes) if (randomFraction(random) < GONE_SHARE) world.stop(host, 'crash')
    const atFirst = takeCensus(dht)
    const running = pickRunning(dht)
    const probes = new Probes({ dht, announcer: running, looker: running })
    probes.schedule(probesIn(options), hoursOf(options))
    pass(world, hoursOf(options), 'the others go on', options)
    const atLast = takeCensus(dht)
    pass(world, 2 * MINUTE, 'the last of them', options)
    const deadContacts = { atFirst: atFirst.deadShare, atLast: atLast.deadShare }
    return { world, figures: { ...figuresOf(probes), deadContacts } }
  },
}
