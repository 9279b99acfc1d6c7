/** A gang collects write tokens and uses them too late or from another address: nobody may take one. */

import { SECOND } from '@shoal/base'
import { DhtWorld } from '../dht/dht-world.ts'
import type { Loot } from '../enemies/token-loot.ts'
import { TokenReplayer } from '../enemies/token-replayer.ts'
import { TokenThief } from '../enemies/token-thief.ts'
import { hoursOf, pass, type Scenario } from './scenario.ts'

const ARRIVAL_MS = 30
const SETTLING_MS = 30 * SECOND

export const stolenTokens: Scenario = {
  name: 'stolen-tokens',
  summary: 'a gang uses write tokens too late, or from another address than they were given to',
  defaults: { nodes: 100, hours: 0.6 },
  run(options) {
    const { seed, nodes, observers = [] } = options
    const dht = new DhtWorld({ seed })
    const { world } = dht
    for (const observer of observers) world.observe(observer(world))
    for (let i = 0; i < nodes; i++) dht.add({ name: `node-${i}` })
    dht.startOver(nodes * ARRIVAL_MS, dht.nodes)
    pass(world, nodes * ARRIVAL_MS + SETTLING_MS, 'everybody joins', options)

    const loot: Loot = { tokens: [], tried: 0, accepted: 0 }
    const victims = dht.nodes.map(({ endpoint }) => endpoint)
    world.start(
      world.addHost({
        name: 'replayer',
        program: {
          create: ({ random }) => new TokenReplayer(random, loot),
          handleStart: (replayer: TokenReplayer, now) => replayer.rob(now, victims),
        },
      }),
    )
    world.start(
      world.addHost({ name: 'thief', program: { create: ({ now, random }) => new TokenThief(now, random, loot) } }),
    )
    pass(world, hoursOf(options), 'tokens are stolen', options)
    const { tokens, tried, accepted } = loot
    return { world, figures: { stolen: tokens.length, tried, accepted } }
  },
}
