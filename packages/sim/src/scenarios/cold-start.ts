/**
 * Everybody comes by one bootstrap node and with an empty disk. Then strangers do the same, each with nothing but a topic in mind: how
 * long until the first of them hears of a peer?
 */

import { SECOND } from '@shoal/base'
import { DhtWorld } from '../dht/dht-world.ts'
import { pickRunning } from '../dht/pick.ts'
import { Probes } from '../dht/probes.ts'
import { figuresOf } from './figures.ts'
import { hoursOf, pass, type Scenario } from './scenario.ts'

/** As a crowd comes after a power cut: thirty-three nodes a second. */
const ARRIVAL_MS = 30
const SETTLING_MS = 60 * SECOND
/** Lookups of newcomers in an hour, at least this many in all. */
const PROBES_PER_HOUR = 6_000

export const coldStart: Scenario = {
  name: 'cold-start',
  summary: 'everybody comes by one bootstrap node; then newcomers with an empty disk look something up at once',
  defaults: { nodes: 1_000, hours: 0.05 },
  run(options) {
    const { seed, nodes, observers = [] } = options
    const dht = new DhtWorld({ seed })
    const { world } = dht
    for (const observer of observers) world.observe(observer(world))
    for (let i = 0; i < nodes; i++) dht.add({ name: `node-${i}` })
    const ramp = nodes * ARRIVAL_MS
    dht.startOver(ramp, dht.nodes)
    pass(world, ramp + SETTLING_MS, 'everybody joins', options)

    const announcer = pickRunning(dht)
    const looker = () => dht.add({ name: `newcomer-${dht.nodes.length}` })
    const probes = new Probes({ dht, announcer, looker })
    const count = Math.max(Math.round(PROBES_PER_HOUR * options.hours), 50)
    probes.schedule(count, hoursOf(options))
    pass(world, hoursOf(options) + 2 * SETTLING_MS, 'newcomers look things up', options)

    return { world, figures: figuresOf(probes) }
  },
}
