/** Nobody comes, nobody goes, little is lost: what a network costs that is at rest, and how good lookups can be at their best. */

import { MINUTE } from '@shoal/base'
import { takeCensus } from '../dht/census.ts'
import { pickRunning } from '../dht/pick.ts'
import { Probes } from '../dht/probes.ts'
import { figuresOf, TrafficMeter } from './figures.ts'
import { hoursOf, pass, probesIn, type Scenario } from './scenario.ts'
import { warmWorld } from './warm-world.ts'

/** Traffic at rest is measured first, in this share of the time, once the youngest contact is old enough to be looked after (BEP 5). */
const AT_REST_SHARE = 0.5
const SETTLING_MS = 15 * MINUTE

export const steadyState: Scenario = {
  name: 'steady-state',
  summary: 'nobody comes or goes: what rest costs, and how lookups are at their best',
  defaults: { nodes: 1_000, hours: 0.25 },
  run(options) {
    const { dht } = warmWorld({ options })
    const { world } = dht
    pass(world, SETTLING_MS, 'the network settles', options)
    const traffic = new TrafficMeter(dht)
    pass(world, hoursOf(options) * AT_REST_SHARE, 'the network rests', options)
    const atRest = traffic.perNodeAndHour(options.nodes)
    const running = pickRunning(dht)
    const probes = new Probes({ dht, announcer: running, looker: running })
    const over = hoursOf(options) * (1 - AT_REST_SHARE)
    probes.schedule(probesIn(options), over)
    pass(world, over + 2 * MINUTE, 'people look for things', options)
    const { contacts, deadShare } = takeCensus(dht)
    return { world, figures: { ...figuresOf(probes), perIdleNodeAndHour: atRest, contacts, deadContacts: deadShare } }
  },
}
