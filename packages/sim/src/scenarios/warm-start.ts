/** Programs that ran yesterday start again with what their state file knows, part of which is gone, and look something up at once. */

import { MINUTE, type RandomSource, randomBelow } from '@shoal/base'
import { Churn } from '../churn/churn.ts'
import { CREDULOUS_SHARE, GUARDED_SHARE } from '../churn/guarded.ts'
import type { DhtHost } from '../dht/dht-world.ts'
import { pickRunning } from '../dht/pick.ts'
import { Probes } from '../dht/probes.ts'
import { figuresOf } from './figures.ts'
import { hoursOf, pass, probesIn, type Scenario } from './scenario.ts'
import { isOurs, warmWorld } from './warm-world.ts'

/** Of ours, these are off while the others go on. */
const SLEEPERS_SHARE = 2 / 3
/** Churn of a day passes in this time. */
const AWAY_MS = 10 * MINUTE
const HASTE = 144

export const warmStart: Scenario = {
  name: 'warm-start',
  summary: 'programs start again with a state file of yesterday and look something up at once',
  defaults: { nodes: 1_000, hours: 0.1 },
  run(options) {
    const { dht, newcomer } = warmWorld({ options, guardedShare: GUARDED_SHARE, credulousShare: CREDULOUS_SHARE })
    const { world } = dht
    const ours = dht.nodes.filter(isOurs)
    const sleepers = ours.slice(0, Math.round(ours.length * SLEEPERS_SHARE))
    for (const host of sleepers) world.stop(host)
    const asleep = [...sleepers]
    const others = dht.nodes.filter(({ isUp }) => isUp)
    new Churn({ dht, newcomer, haste: HASTE, until: world.now + AWAY_MS }).begin(others)
    pass(world, AWAY_MS, 'a day passes', options)
    const looker = (random: RandomSource): DhtHost | undefined => {
      if (asleep.length > 0) return asleep.splice(randomBelow(random, asleep.length), 1)[0]
      return undefined
    }
    const probes = new Probes({ dht, announcer: pickRunning(dht, isOurs), looker })
    probes.schedule(Math.min(probesIn(options), sleepers.length), hoursOf(options))
    pass(world, hoursOf(options) + 2 * MINUTE, 'sleepers wake and look for things', options)
    return { world, figures: figuresOf(probes) }
  },
}
