/** Two of three nodes are behind NATs, as was measured on Mainline; most of ours say so (`ro`, BEP 43), some programs do not. */

import { MINUTE, randomFraction } from '@shoal/base'
import { drawNatKind } from '../churn/guarded.ts'
import { takeCensus } from '../dht/census.ts'
import { pickRunning } from '../dht/pick.ts'
import { Probes } from '../dht/probes.ts'
import { figuresOf } from './figures.ts'
import { hoursOf, pass, probesIn, type Scenario } from './scenario.ts'
import { warmWorld } from './warm-world.ts'

/** Derived: of those behind a NAT, how many run a program that does not keep BEP 43. */
const HEEDLESS_SHARE = 0.3

export const natMix: Scenario = {
  name: 'nat-mix',
  summary: 'two of three nodes are behind NATs of all kinds',
  defaults: { nodes: 1_000, hours: 0.5 },
  run(options) {
    const { dht } = warmWorld({
      options,
      nodeInit: (random) => {
        const nat = drawNatKind(random)
        const isHeedless = randomFraction(random) < HEEDLESS_SHARE
        return { nat, mode: nat === 'none' || isHeedless ? 'server' : 'auto' }
      },
    })
    const { world } = dht
    const running = pickRunning(dht)
    const probes = new Probes({ dht, announcer: running, looker: running })
    probes.schedule(probesIn(options), hoursOf(options))
    pass(world, hoursOf(options) + 2 * MINUTE, 'people look for things', options)
    const wrongServers = dht.nodes.filter(
      ({ attachment, machine }) =>
        attachment.nat !== undefined && attachment.nat.kind !== 'full-cone' && machine?.engine.mode === 'server',
    )
    const { contacts, deadShare } = takeCensus(dht)
    const guardedServers = wrongServers.length / options.nodes
    return { world, figures: { ...figuresOf(probes), contacts, deadContacts: deadShare, guardedServers } }
  },
}
