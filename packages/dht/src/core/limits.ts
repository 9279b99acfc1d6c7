/** The bounds and rates of a node. Each is an option; what they refuse is counted. */

import type { Network } from './routing/network-policy.ts'
import type { Rate } from './rpc/token-bucket.ts'

export interface DhtLimits {
  /** Answers a second in all, with a burst of one second. */
  readonly answersPerSecond: number
  /** Answers a second to one IP address, with a burst of four seconds. */
  readonly answersPerSecondPerAddress: number
  /** Info hashes that peers are stored for. */
  readonly infoHashesMax: number
  /** Stored peers, in all and of one info hash. */
  readonly peersMax: number
  readonly peersPerInfoHashMax: number
  /** Our own queries in flight. */
  readonly queriesInFlightMax: number
}

/** On a private network many nodes share an address and nobody is a stranger: rates there only stop a runaway. */
const RATES: { readonly [network in Network]: { readonly all: number; readonly perAddress: number } } = {
  mainline: { all: 4_000, perAddress: 25 },
  private: { all: 200_000, perAddress: 200_000 },
}

export function limitsFor(network: Network, given: Partial<DhtLimits>): DhtLimits {
  return {
    answersPerSecond: RATES[network].all,
    answersPerSecondPerAddress: RATES[network].perAddress,
    infoHashesMax: 20_000,
    peersMax: 100_000,
    peersPerInfoHashMax: 500,
    queriesInFlightMax: 512,
    ...given,
  }
}

/** Addresses whose rate is remembered. */
export const RATED_ADDRESSES_MAX = 20_000

/** What we send to one node: common nodes ban an address for five minutes after some fifty packets in ten seconds. */
export const PACE: { readonly [network in Network]: Rate } = {
  mainline: { perSecond: 3, burst: 12 },
  private: { perSecond: 200, burst: 400 },
}
export const PACED_NODES_MAX = 4_000
/** A query that would have to wait longer for its turn fails at once. */
export const PACE_WAIT_MAX_MS = 3_000

/** Pings to nodes that we heard of: a stranger may forge the address of a query, so these are few. */
export const PROBE_RATE: { readonly [network in Network]: Rate } = {
  mainline: { perSecond: 5, burst: 20 },
  private: { perSecond: 200, burst: 400 },
}
