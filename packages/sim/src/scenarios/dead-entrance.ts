/** All bootstrap nodes are gone. Whoever has a state file comes in by it; whoever has none waits, and comes in when they are back. */

import { MINUTE, type RandomSource, randomBelow } from '@shoal/base'
import type { DhtHost } from '../dht/dht-world.ts'
import { pickRunning } from '../dht/pick.ts'
import { Probes } from '../dht/probes.ts'
import { figuresOf } from './figures.ts'
import { hoursOf, pass, probesIn, type Scenario } from './scenario.ts'
import { warmWorld } from './warm-world.ts'

const NEWCOMERS = 20

export const deadEntrance: Scenario = {
  name: 'dead-entrance',
  summary: 'all bootstrap nodes are gone: by the state file one comes in all the same',
  defaults: { nodes: 300, hours: 0.1 },
  run(options) {
    const { dht, newcomer } = warmWorld({ options })
    const { world } = dht
    const asleep = dht.nodes.filter(({ index }) => index % 10 === 0)
    for (const host of [...asleep, ...dht.bootstrapHosts]) world.stop(host)
    const random = world.random('newcomers')
    const newcomers = Array.from({ length: NEWCOMERS }, () => newcomer(random))
    for (const host of newcomers) world.start(host)
    const looker = (draw: RandomSource): DhtHost | undefined => asleep.splice(randomBelow(draw, asleep.length), 1)[0]
    const isOld = (host: DhtHost): boolean => !newcomers.includes(host)
    const probes = new Probes({ dht, announcer: pickRunning(dht, isOld), looker })
    probes.schedule(Math.min(probesIn(options), asleep.length), hoursOf(options))
    pass(world, hoursOf(options) + 2 * MINUTE, 'sleepers come in by their state files', options)
    const before = newcomers.filter(isIn).length
    for (const host of dht.bootstrapHosts) world.start(host)
    pass(world, 3 * MINUTE, 'the entrance is open again', options)
    const after = newcomers.filter(isIn).length
    return { world, figures: { ...figuresOf(probes), newcomers: NEWCOMERS, inBefore: before, inAfter: after } }
  },
}

function isIn({ machine }: DhtHost): boolean {
  return (machine?.engine.sizes.contacts ?? 0) > 0
}
