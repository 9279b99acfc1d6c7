/** What most scenarios begin with: a network that has been there for long, some of whose nodes strangers do not reach. */

import { type Endpoint, MINUTE, parseIp, type RandomSource, randomFraction } from '@shoal/base'
import { type EngineSnapshot, secureNodeId } from '@shoal/dht/core'
import { drawGuardedKind } from '../churn/guarded.ts'
import { type DhtHost, DhtWorld, type NodeInit } from '../dht/dht-world.ts'
import { planWarmUp } from '../dht/warm-up.ts'
import type { NetworkConditions } from '../network/network.ts'
import type { World } from '../world/world.ts'
import { pass, type ScenarioOptions } from './scenario.ts'

const WARM_UP_MS = 5 * MINUTE
/** All nodes begin at another moment, so that their upkeep does not march in step. */
const START_MS = 30_000

export interface WarmWorldInit {
  readonly options: ScenarioOptions
  /** Share of nodes behind NATs that do not say so: sooner or later a dead contact each, wherever they are in a table. */
  readonly guardedShare?: number
  /** Share of nodes whose programs keep none of the rules by which ours keeps its table clean (`network: 'private'`). */
  readonly credulousShare?: number
  /** Share of nodes with ids that do not follow from their addresses (BEP 42). */
  readonly randomIdShare?: number
  readonly network?: Partial<NetworkConditions>
  readonly bootstrapNodes?: number
  /** What else each node is, drawn from the stream of the population. */
  readonly nodeInit?: (random: RandomSource) => NodeInit
  /** Builds others before tables are filled, and says where they are: nodes are introduced to these as well. */
  readonly beside?: (world: World) => readonly Endpoint[]
}

export interface WarmWorld {
  readonly dht: DhtWorld
  /** Builds one more node as the others are. */
  readonly newcomer: (random: RandomSource, init?: NodeInit) => DhtHost
}

/** The nodes of ours, by whom a scenario is measured: not those with other programs. */
export function isOurs(host: DhtHost): boolean {
  return host.machine?.engine.network === 'mainline'
}

export function warmWorld(init: WarmWorldInit): WarmWorld {
  const { options, guardedShare = 0, credulousShare = 0, randomIdShare = 0, network = {} } = init
  const { bootstrapNodes = 1, nodeInit } = init
  const dht = new DhtWorld({ seed: options.seed, network, bootstrapNodes })
  const { world } = dht
  for (const observer of options.observers ?? []) world.observe(observer(world))
  let isBuilding = true
  const bootstrap = () => (isBuilding ? [] : dht.entrance())
  const newcomer = (random: RandomSource, more: NodeInit = {}): DhtHost => {
    const isGuarded = randomFraction(random) < guardedShare
    const isCredulous = randomFraction(random) < credulousShare
    const hasRandomId = randomFraction(random) < randomIdShare
    const nat = drawGuardedKind(random)
    const name = `node-${dht.nodes.length}`
    const host = dht.add({
      name,
      bootstrap,
      ...(isGuarded ? { nat } : {}),
      ...(isCredulous ? { network: 'private' } : {}),
      ...(hasRandomId ? { id: 'random' } : {}),
      ...nodeInit?.(random),
      ...more,
    })
    if (isBuilding && !hasRandomId) host.saved = longHere(host, world.random(`id of ${name}`))
    return host
  }
  const random = world.random('population')
  for (let i = 0; i < options.nodes; i++) newcomer(random)
  dht.startOver(START_MS, dht.nodes)
  pass(world, START_MS, 'nodes start', options)
  const reachable = [...dht.bootstrapHosts, ...dht.nodes.filter(({ attachment }) => attachment.nat === undefined)]
  const strangers = init.beside?.(world) ?? []
  planWarmUp({ dht, reachable, learners: [...dht.bootstrapHosts, ...dht.nodes], strangers, over: WARM_UP_MS })
  pass(world, WARM_UP_MS + START_MS, 'tables fill', options)
  isBuilding = false
  return { dht, newcomer }
}

/** Who has been here for long has an id of its public address (BEP 42), whatever NAT is in front of it. */
function longHere({ attachment }: DhtHost, random: RandomSource): EngineSnapshot {
  const id = secureNodeId(parseIp(attachment.host) ?? new Uint8Array(4), random)
  return { id, externalAddress: undefined, contacts: [] }
}
