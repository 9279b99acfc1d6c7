/**
 * The network falls into two parts that do not hear each other, and comes together again. Within a part things are found all the time;
 * across, what was announced before the healing must be found after it.
 */

import { MINUTE } from '@shoal/base'
import { pickRunning } from '../dht/pick.ts'
import { Probes } from '../dht/probes.ts'
import { figuresOf } from './figures.ts'
import { hoursOf, pass, probesIn, type Scenario } from './scenario.ts'
import { warmWorld } from './warm-world.ts'

export const partition: Scenario = {
  name: 'partition',
  summary: 'the network falls into two parts and comes together again',
  defaults: { nodes: 1_000, hours: 0.3 },
  run(options) {
    const { dht } = warmWorld({ options, bootstrapNodes: 2 })
    const { world } = dht
    const third = hoursOf(options) / 3
    const running = pickRunning(dht)
    const sideOf = ({ index }: { index: number }) => index % 2
    world.partition(sideOf)
    const within = new Probes({
      dht,
      announcer: running,
      looker: (random, announcer) => pickRunning(dht, (host) => sideOf(host) === sideOf(announcer))(random),
    })
    within.schedule(Math.ceil(probesIn(options) / 3), third)
    pass(world, third, 'two parts', options)
    world.heal()
    pass(world, third, 'together again', options)
    const after = new Probes({ dht, announcer: running, looker: running, label: 'after' })
    after.schedule(Math.ceil(probesIn(options) / 3), third)
    pass(world, third + 2 * MINUTE, 'people look across', options)
    return { world, figures: { whileParted: figuresOf(within), afterHealing: figuresOf(after) } }
  },
}
