/** A tenth of the nodes lies, each kind of liar in equal parts, one of the two bootstrap nodes among them. */

import { MINUTE } from '@shoal/base'
import { pickRunning } from '../dht/pick.ts'
import { Probes } from '../dht/probes.ts'
import { FORGED_PORT, LIES, liarProgram } from '../enemies/liar.ts'
import { figuresOf } from './figures.ts'
import { hoursOf, pass, probesIn, type Scenario } from './scenario.ts'
import { warmWorld } from './warm-world.ts'

const LIARS_SHARE = 0.1

export const poisoned: Scenario = {
  name: 'poisoned',
  summary: 'a tenth of the nodes answers garbage, far contacts, themselves, forged peers, late or never',
  defaults: { nodes: 1_000, hours: 0.1 },
  run(options) {
    const liars = Math.ceil(options.nodes * LIARS_SHARE)
    const { dht } = warmWorld({
      options,
      beside: (world) =>
        Array.from({ length: liars }, (_, i) => {
          const lie = LIES[i % LIES.length] ?? 'never'
          const host = world.addHost({ name: `liar ${lie} ${i}`, program: liarProgram(lie) })
          world.start(host)
          return host.endpoint
        }),
    })
    const { world } = dht
    const running = pickRunning(dht)
    const probes = new Probes({ dht, announcer: running, looker: running })
    probes.schedule(probesIn(options), hoursOf(options))
    pass(world, hoursOf(options) + 2 * MINUTE, 'people look for things', options)
    const forged = probes.strangers.filter((peer) => peer.endsWith(`:${FORGED_PORT}`)).length
    return { world, figures: { ...figuresOf(probes), liars, forgedPeersTold: forged } }
  },
}
