/** An hour of an ordinary day: nodes come and go as on Mainline, a fifth of the contacts are dead, and people look for things. */

import { MINUTE } from '@shoal/base'
import { Churn } from '../churn/churn.ts'
import { takeCensus } from '../dht/census.ts'
import { pickRunning } from '../dht/pick.ts'
import { Probes } from '../dht/probes.ts'
import { figuresOf, TrafficMeter } from './figures.ts'
import { hoursOf, pass, probesIn, type Scenario } from './scenario.ts'
import { GUARDED_SHARE, warmWorld } from './warm-world.ts'

export const churn: Scenario = {
  name: 'churn',
  summary: 'nodes come and go as on Mainline, a fifth of the contacts are dead',
  defaults: { nodes: 1_000, hours: 0.25 },
  run(options) {
    const { dht, newcomer } = warmWorld({ options, guardedShare: GUARDED_SHARE })
    const { world } = dht
    const begun = takeCensus(dht)
    const process = new Churn({ dht, newcomer })
    process.begin(dht.nodes)
    const traffic = new TrafficMeter(dht)
    const running = pickRunning(dht)
    const probes = new Probes({ dht, announcer: running, looker: running })
    probes.schedule(probesIn(options), hoursOf(options))
    pass(world, hoursOf(options), 'people look for things', options)
    const ended = takeCensus(dht)
    pass(world, 2 * MINUTE, 'the last of them', options)
    return {
      world,
      figures: {
        ...figuresOf(probes),
        deadContacts: { atFirst: begun.deadShare, atLast: ended.deadShare },
        contacts: { atFirst: begun.contacts, atLast: ended.contacts },
        nodes: { atLast: ended.running, departures: process.departures, arrivals: process.arrivals },
        perNodeAndHour: traffic.perNodeAndHour(options.nodes),
      },
    }
  },
}
