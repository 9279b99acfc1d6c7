/**
 * Newcomers who know nothing but a topic and one bootstrap node, and the same a day later with what they remember: how long from the start
 * of the program to the first server that has proved itself?
 */

import { MINUTE, type Millis, SECOND } from '@shoal/base'
import { spreadOf } from '../dht/statistics.ts'
import { type SwarmHost, SwarmWorld } from '../discovery/swarm-world.ts'
import { medianRoundTrip } from '../network/regions.ts'
import { type Figures, hoursOf, pass, type Scenario } from './scenario.ts'
import { warmWorld } from './warm-world.ts'

const SERVERS = 10
const CLIENTS_PER_HOUR = 4_000
const CLIENTS_MIN = 40
/** Each stays so long. */
const STAY_MS: Millis = 20 * SECOND

export const swarmStart: Scenario = {
  name: 'swarm-start',
  summary: 'how long from the start of a program to the first proven server of its topic, cold and from its memory',
  defaults: { nodes: 1_000, hours: 0.05 },
  run(options) {
    const { dht } = warmWorld({ options })
    const { world } = dht
    /** First proven server of each start. */
    const first = new Map<SwarmHost, Millis>()
    const swarm = new SwarmWorld({
      world,
      infoHash: dht.infoHash('swarm'),
      bootstrap: () => dht.entrance(),
      onProven: (host, { afterMs }) => {
        if (!first.has(host)) first.set(host, afterMs)
      },
    })
    for (let i = 0; i < SERVERS; i++) swarm.start(swarm.addServer())
    pass(world, 2 * MINUTE, 'servers start', options)
    const count = Math.max(Math.round(CLIENTS_PER_HOUR * options.hours), CLIENTS_MIN)
    const clients = Array.from({ length: count }, () => swarm.addClient())
    const round = (stage: string): Figures => {
      first.clear()
      visitOneByOne(swarm, clients, hoursOf(options))
      pass(world, hoursOf(options) + STAY_MS, stage, options)
      const times = clients.flatMap((host) => first.get(host) ?? [])
      const spread = spreadOf(times)
      const trip = medianRoundTrip()
      return {
        starts: count,
        share: times.length / count,
        ms: { ...spread },
        inRoundTrips: { p50: spread.p50 / trip, p95: spread.p95 / trip },
      }
    }
    const cold = round('newcomers')
    const warm = round('the same again')
    return { world, figures: { servers: SERVERS, cold, warm } }
  },
}

function visitOneByOne(swarm: SwarmWorld, clients: readonly SwarmHost[], over: Millis): void {
  const { world } = swarm
  const from = world.now
  for (const [i, host] of clients.entries()) {
    world.at(from + (over * i) / clients.length, () => swarm.start(host))
    world.at(from + (over * i) / clients.length + STAY_MS, () => swarm.stop(host))
  }
}
