/** One node is flooded, and thieves try stolen and expired tokens everywhere around it; the others go on as if nothing were. */

import { MINUTE } from '@shoal/base'
import { nodeIdBytes } from '@shoal/dht/core'
import { pickRunning } from '../dht/pick.ts'
import { Probes } from '../dht/probes.ts'
import { flooderProgram } from '../enemies/flooder.ts'
import { type Loot, STOLEN_PORT, scoutProgram, thiefProgram } from '../enemies/token-thief.ts'
import { figuresOf } from './figures.ts'
import { hoursOf, pass, probesIn, type Scenario } from './scenario.ts'
import { warmWorld } from './warm-world.ts'

const FLOODERS = 10
const QUERIES_PER_SECOND_EACH = 200
const VICTIMS = 20

export const hostile: Scenario = {
  name: 'hostile',
  summary: 'one node is flooded, and stolen and expired tokens are tried',
  defaults: { nodes: 200, hours: 0.35 },
  run(options) {
    const { dht } = warmWorld({ options })
    const { world } = dht
    const [flooded, ...rest] = dht.nodes
    if (flooded === undefined) return { world, figures: {} }
    for (let i = 0; i < FLOODERS; i++) {
      const program = flooderProgram(flooded.endpoint, QUERIES_PER_SECOND_EACH)
      const host = world.addHost({ name: `flooder ${i}`, program })
      world.start(host)
      world.at(world.now + MINUTE, () => world.stop(host))
    }
    const victims = rest.slice(0, VICTIMS).map(({ endpoint }) => endpoint)
    const infoHash = String.fromCharCode(...nodeIdBytes(dht.infoHash('loot')))
    const loot: Loot = { victims, infoHash, tokens: new Map() }
    world.start(world.addHost({ name: 'scout', program: scoutProgram(loot) }))
    world.at(world.now + MINUTE, () => world.start(world.addHost({ name: 'thief', program: thiefProgram(loot) })))
    const running = pickRunning(dht, (host) => host !== flooded)
    const probes = new Probes({ dht, announcer: running, looker: running })
    probes.schedule(probesIn(options), hoursOf(options))
    pass(world, hoursOf(options) + 2 * MINUTE, 'people look for things', options)
    const looker = running(world.random('who looks for loot'))
    const record =
      looker === undefined ? undefined : world.run(looker, (node, now) => node.lookup(now, dht.infoHash('loot')))
    pass(world, MINUTE, 'somebody looks for the loot', options)
    const stolen = [...(record?.peers.keys() ?? [])].filter((peer) => peer.endsWith(`:${STOLEN_PORT}`)).length
    const { answers = 0, rateLimited = 0, rateLimitedPerAddress = 0 } = flooded.machine?.engine.counters ?? {}
    return {
      world,
      figures: {
        ...figuresOf(probes),
        tokensTaken: loot.tokens.size,
        peersWithStolenTokens: stolen,
        flooded: { answers, refused: rateLimited + rateLimitedPerAddress },
      },
    }
  },
}
