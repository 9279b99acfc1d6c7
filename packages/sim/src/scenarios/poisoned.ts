/**
 * A tenth of the nodes lies, each kind of liar in equal parts. Half of those who look something up are newcomers with an empty disk who come
 * by two bootstrap nodes, one of which is a liar, of each kind in turn.
 */

import { type Endpoint, MINUTE, type RandomSource, randomFraction } from '@shoal/base'
import type { DhtHost } from '../dht/dht-world.ts'
import { pickRunning } from '../dht/pick.ts'
import { Probes } from '../dht/probes.ts'
import { FORGED_PORT, LIES, liarProgram } from '../enemies/liar.ts'
import { figuresOf } from './figures.ts'
import { hoursOf, pass, probesIn, type Scenario } from './scenario.ts'
import { warmWorld } from './warm-world.ts'

const LIARS_SHARE = 0.1
const NEWCOMERS_SHARE = 0.5

export const poisoned: Scenario = {
  name: 'poisoned',
  summary: 'a tenth of the nodes answers garbage, far contacts, themselves, forged peers, late or never',
  defaults: { nodes: 1_000, hours: 0.1 },
  run(options) {
    const liars = Math.ceil(options.nodes * LIARS_SHARE)
    const lying: Endpoint[] = []
    const { dht, newcomer } = warmWorld({
      options,
      beside: (world) => {
        for (let i = 0; i < liars; i++) {
          const lie = LIES[i % LIES.length] ?? 'never'
          const host = world.addHost({ name: `liar ${lie} ${i}`, program: liarProgram(lie) })
          world.start(host)
          lying.push(host.endpoint)
        }
        return lying
      },
    })
    const { world } = dht
    const running = pickRunning(dht)
    let newcomers = 0
    const comeByLiar = (random: RandomSource): DhtHost => {
      const liar = lying[newcomers++ % lying.length] as Endpoint
      return newcomer(random, { bootstrap: () => [liar, ...dht.entrance()] })
    }
    const looker = (random: RandomSource): DhtHost | undefined =>
      randomFraction(random) < NEWCOMERS_SHARE ? comeByLiar(random) : running(random)
    const probes = new Probes({ dht, announcer: running, looker })
    probes.schedule(probesIn(options), hoursOf(options))
    pass(world, hoursOf(options) + 2 * MINUTE, 'people look for things', options)
    const forged = probes.strangers.filter((peer) => peer.endsWith(`:${FORGED_PORT}`)).length
    return { world, figures: { ...figuresOf(probes), liars, newcomers, forgedPeersTold: forged } }
  },
}
