/** Every way is four times as long, one datagram in twenty is lost, lines are narrow: a bad day, or the far end of the world. */

import { MINUTE } from '@shoal/base'
import { GUARDED_SHARE } from '../churn/guarded.ts'
import { pickRunning } from '../dht/pick.ts'
import { Probes } from '../dht/probes.ts'
import { figuresOf } from './figures.ts'
import { hoursOf, pass, probesIn, type Scenario } from './scenario.ts'
import { warmWorld } from './warm-world.ts'

export const slowNetwork: Scenario = {
  name: 'slow-network',
  summary: 'ways four times as long, one datagram in twenty lost, narrow lines',
  defaults: { nodes: 1_000, hours: 0.1 },
  run(options) {
    const { dht } = warmWorld({ options, guardedShare: GUARDED_SHARE })
    const { world } = dht
    const ordinary = world.network.conditions
    world.network.conditions = {
      ...ordinary,
      loss: 0.05,
      duplication: 0.005,
      reordering: 0.05,
      reorderingMs: 200,
      slowness: 4,
      bandwidth: 0.05,
    }
    const running = pickRunning(dht)
    const probes = new Probes({ dht, announcer: running, looker: running })
    probes.schedule(probesIn(options), hoursOf(options))
    pass(world, hoursOf(options) + 2 * MINUTE, 'people look for things', options)
    return { world, figures: figuresOf(probes) }
  },
}
