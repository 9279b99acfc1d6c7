/** What a node counts, over all the places where it listens. */

import type { Endpoint, Family, Millis } from '@shoal/base'
import type { Counters } from './core/counters.ts'
import type { EngineMode, EngineSizes } from './core/engine-event.ts'
import type { NetworkSizeEstimate } from './core/lookup/network-size.ts'
import type { Network } from './core/routing/network-policy.ts'

/** One place where the node listens. */
export interface PlaceStats {
  readonly family: Family
  /** Where it is bound; `undefined` until it is. */
  readonly bound: Endpoint | undefined
  readonly nodeId: string
  readonly mode: EngineMode
  readonly externalAddress: Endpoint | undefined
  readonly contacts: number
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
