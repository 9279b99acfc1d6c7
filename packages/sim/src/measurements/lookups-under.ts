/** Lookups in a network that is there for long, under conditions that are drawn out one at a time: the points of the curves in docs/measurements. */

import { MINUTE } from '@shoal/base'
import { Churn } from '../churn/churn.ts'
import { pickRunning } from '../dht/pick.ts'
import { Probes } from '../dht/probes.ts'
import { figuresOf } from '../scenarios/figures.ts'
import { type Figures, hoursOf, pass, type ScenarioOptions } from '../scenarios/scenario.ts'
import { warmWorld } from '../scenarios/warm-world.ts'
import { LookupTraffic } from './lookup-traffic.ts'

export interface Conditions {
  /** Share of datagrams that are lost; an ordinary network's where it is not given. */
  readonly loss?: number
  /** Sessions are so many times shorter than on Mainline; 0: nobody comes or goes. */
  readonly churn?: number
  /** Share of nodes behind NATs that do not say so. */
  readonly guardedShare?: number
}

const SETTLING_MS = 2 * MINUTE

export function lookupsUnder(options: ScenarioOptions, conditions: Conditions, lookups: number): Figures {
  const { loss, churn = 0, guardedShare = 0 } = conditions
  const network = loss === undefined ? {} : { network: { loss } }
  const { dht, newcomer } = warmWorld({ options, guardedShare, ...network })
  const { world } = dht
  if (churn > 0) new Churn({ dht, newcomer, haste: churn }).begin(dht.nodes)
  pass(world, SETTLING_MS, 'the network settles', options)
  const traffic = new LookupTraffic()
  world.observe(traffic)
  const running = pickRunning(dht)
  const probes = new Probes({ dht, announcer: running, looker: running })
  probes.schedule(lookups, hoursOf(options))
  pass(world, hoursOf(options) + SETTLING_MS, 'people look for things', options)
  // An announcement walks as a lookup does.
  const walks = probes.begun + probes.results.length
  return {
    ...figuresOf(probes),
    perLookup: { datagrams: traffic.datagrams / walks, bytes: traffic.bytes / walks },
  }
}
