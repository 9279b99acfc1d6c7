/** An hour of an ordinary day: nodes come and go as on Mainline, a fifth of the contacts or more are dead, and people look for things. */

import { MINUTE } from '@shoal/base'
import { Churn } from '../churn/churn.ts'
import { CREDULOUS_SHARE, GUARDED_SHARE } from '../churn/guarded.ts'
import { type Census, takeCensus } from '../dht/census.ts'
import { pickRunning } from '../dht/pick.ts'
import { Probes } from '../dht/probes.ts'
import { figuresOf, TrafficMeter } from './figures.ts'
import { hoursOf, pass, probesIn, type Scenario } from './scenario.ts'
import { isOurs, warmWorld } from './warm-world.ts'

const BETWEEN_CENSUSES_MS = 5 * MINUTE

export const churn: Scenario = {
  name: 'churn',
  summary: 'nodes come and go as on Mainline, a fifth of the contacts or more are dead',
  defaults: { nodes: 1_000, hours: 0.25 },
  run(options) {
    const { dht, newcomer } = warmWorld({ options, guardedShare: GUARDED_SHARE, credulousShare: CREDULOUS_SHARE })
    const { world } = dht
    const end = world.now + hoursOf(options)
    const censuses: Census[] = []
    const look = (): void => {
      censuses.push(takeCensus(dht))
      if (world.now + BETWEEN_CENSUSES_MS <= end) world.at(world.now + BETWEEN_CENSUSES_MS, look)
    }
    look()
    const process = new Churn({ dht, newcomer })
    process.begin(dht.nodes)
    const traffic = new TrafficMeter(dht)
    const running = pickRunning(dht, isOurs)
    const probes = new Probes({ dht, announcer: running, looker: running })
    probes.schedule(probesIn(options), hoursOf(options))
    pass(world, hoursOf(options), 'people look for things', options)
    const [begun, ended] = [censuses[0] as Census, takeCensus(dht)]
    const shares = [...censuses, ended].map(({ deadShare }) => deadShare)
    pass(world, 2 * MINUTE, 'the last of them', options)
    return {
      world,
      figures: {
        ...figuresOf(probes),
        deadContacts: {
          atFirst: begun.deadShare,
          atLast: ended.deadShare,
          least: Math.min(...shares),
          mean: shares.reduce((sum, share) => sum + share, 0) / shares.length,
        },
        contacts: { atFirst: begun.contacts, atLast: ended.contacts },
        nodes: { atLast: ended.running, departures: process.departures, arrivals: process.arrivals },
        perNodeAndHour: traffic.perNodeAndHour(options.nodes),
      },
    }
  },
}
