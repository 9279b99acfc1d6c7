/** What a node counts, over all the places where it listens. */

import { type Endpoint, type Family, type Millis, toHex } from '@shoal/base'
import type { Counters } from './core/counters.ts'
import type { EngineMode, EngineSizes } from './core/engine-event.ts'
import { nodeIdBytes } from './core/id/node-id.ts'
import type { NetworkSizeEstimate } from './core/lookup/network-size.ts'
import type { Network } from './core/routing/network-policy.ts'
import type { Member } from './member.ts'

/** One place where the node listens. */
export interface PlaceStats {
  readonly family: Family
  /** Where it is bound; `undefined` until it is. */
  readonly bound: Endpoint | undefined
  readonly nodeId: string
  readonly mode: EngineMode
  readonly externalAddress: Endpoint | undefined
  readonly contacts: number
  /** Peers that others announced here. */
  readonly peers: number
  /** How many nodes there seem to be in the network of this family; `undefined` before the first look-up. */
  readonly networkSize: NetworkSizeEstimate | undefined
}

export interface DhtStats extends EngineSizes, Counters {
  readonly nodeId: string
  /** `server` where any place serves. */
  readonly mode: EngineMode
  readonly network: Network
  readonly externalAddress: Endpoint | undefined
  /** Of the network that we see most of. */
  readonly networkSize: NetworkSizeEstimate | undefined
  /** The smoothed round trip over all nodes. */
  readonly roundTripMs: Millis | undefined
  /** Datagrams that could not be handed to the system, and errors that it reported later. */
  readonly sendErrors: number
  /** Times that the state file could not be written. */
  readonly stateFileErrors: number
  readonly places: readonly PlaceStats[]
}

export function statsOf(
  members: readonly Member[],
  about: Pick<DhtStats, 'externalAddress' | 'stateFileErrors'>,
): DhtStats {
  const engines = members.map(({ engine }) => engine)
  const places = members.map(placeStats)
  const best = places.reduce((a, b) => ((b.networkSize?.samples ?? 0) > (a.networkSize?.samples ?? 0) ? b : a))
  const [first] = places as [PlaceStats]
  return {
    ...sumOf(engines.map(({ counters }) => counters)),
    ...sumOf(engines.map(({ sizes }) => sizes)),
    ...about,
    nodeId: first.nodeId,
    mode: engines.some(({ mode }) => mode === 'server') ? 'server' : 'client',
    network: (engines[0] as Member['engine']).network,
    networkSize: best.networkSize,
    roundTripMs: engines.map(({ roundTrip }) => roundTrip).find((ms) => ms !== undefined),
    sendErrors: members.reduce((sum, { driver }) => sum + driver.sendErrors, 0),
    places,
  }
}

function placeStats({ family, endpoint, engine }: Member): PlaceStats {
  return {
    family,
    bound: endpoint,
    nodeId: toHex(nodeIdBytes(engine.nodeId)),
    mode: engine.mode,
    externalAddress: engine.externalAddress,
    contacts: engine.sizes.contacts,
    peers: engine.sizes.peers,
    networkSize: engine.networkSize,
  }
}

type Numbers = { readonly [name: string]: number | { readonly [name: string]: number } }

/** Adds up records of numbers, and of records of numbers. */
export function sumOf<T extends object>(all: readonly T[]): T {
  const total: Record<string, number | Record<string, number>> = {}
  for (const one of all) {
    for (const [name, value] of Object.entries(one as Numbers)) {
      if (typeof value === 'number') total[name] = ((total[name] as number | undefined) ?? 0) + value
      else total[name] = sumOf([(total[name] as Record<string, number> | undefined) ?? {}, value])
    }
  }
  return total as T
}
