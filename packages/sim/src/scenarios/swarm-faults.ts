/**
 * A topic with servers and clients on a bad day: the network falls into three parts, and meanwhile servers die, move to other addresses and come new, and
 * clients move too. Once it is whole again, how long until every client is connected to three servers?
 */

import { MINUTE, type Millis, SECOND } from '@shoal/base'
import { spreadOf } from '../dht/statistics.ts'
import { type SwarmHost, SwarmWorld } from '../discovery/swarm-world.ts'
import { hoursOf, pass, type Scenario } from './scenario.ts'
import { warmWorld } from './warm-world.ts'

/** Few, so that no part of the network has enough of them. */
const SERVERS = 6
const CLIENTS = 40
const NEW_SERVERS = 1
const PARTS = 3
const WANTED_SERVERS = 3
const BOUND_MS: Millis = 30 * SECOND
const LONGEST_MS: Millis = 10 * MINUTE

export const swarmFaults: Scenario = {
  name: 'swarm-faults',
  summary: 'servers of a topic die, move and come new while the network is parted: when is every client served again?',
  defaults: { nodes: 300, hours: 0.05 },
  run(options) {
    const { dht } = warmWorld({ options, bootstrapNodes: 2 })
    const { world } = dht
    const swarm = new SwarmWorld({ world, infoHash: dht.infoHash('swarm'), bootstrap: () => dht.entrance() })
    for (let i = 0; i < SERVERS; i++) swarm.start(swarm.addServer())
    pass(world, MINUTE, 'servers start', options)
    for (let i = 0; i < CLIENTS; i++) swarm.start(swarm.addClient())
    pass(world, 2 * MINUTE, 'clients start', options)
    const before = servedClients(swarm)

    world.partition(({ index }) => index % PARTS)
    const third = (hosts: readonly SwarmHost[], which: number) => hosts.filter((_, i) => i % 3 === which)
    for (const host of third(swarm.servers, 0)) swarm.stop(host, 'power')
    for (const host of [...third(swarm.servers, 1), ...third(swarm.clients, 1)]) swarm.move(host)
    for (let i = 0; i < NEW_SERVERS; i++) swarm.start(swarm.addServer())
    pass(world, hoursOf(options), 'parted', options)
    const whileParted = servedClients(swarm)

    world.heal()
    const waits = healingTimes(swarm, world.now)
    world.runUntil(world.now + LONGEST_MS, () => waits.every(({ ms }) => ms !== undefined))
    const times = waits.map(({ ms }) => ms ?? LONGEST_MS)
    return {
      world,
      figures: {
        clients: CLIENTS,
        serversAlive: swarm.servers.filter(({ isUp }) => isUp).length,
        served: {
          before,
          whileParted,
          in30Seconds: times.filter((ms) => ms <= BOUND_MS).length / CLIENTS,
        },
        healedMs: { ...spreadOf(times), most: Math.max(...times) },
      },
    }
  },
}

/** Share of the clients that have three servers, or all that there are. */
function servedClients(swarm: SwarmWorld): number {
  return swarm.clients.filter((host) => isServed(swarm, host)).length / swarm.clients.length
}

function isServed({ servers }: SwarmWorld, client: SwarmHost): boolean {
  const alive = servers.filter(({ isUp }) => isUp).length
  return (client.machine?.servers ?? 0) >= Math.min(WANTED_SERVERS, alive)
}

/** Filled in, client by client, while time passes: a look every tenth of a second. */
function healingTimes(swarm: SwarmWorld, from: Millis): { ms: Millis | undefined }[] {
  const { world } = swarm
  const waits = swarm.clients.map((): { ms: Millis | undefined } => ({ ms: undefined }))
  const look = (): void => {
    for (const [i, wait] of waits.entries()) {
      if (wait.ms === undefined && isServed(swarm, swarm.clients[i] as SwarmHost)) wait.ms = world.now - from
    }
    if (waits.some(({ ms }) => ms === undefined)) world.at(world.now + SECOND / 10, look)
  }
  look()
  return waits
}
