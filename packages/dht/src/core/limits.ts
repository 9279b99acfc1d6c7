/** The bounds and rates of a node. Each is an option; what they refuse is counted. */

import type { Network } from './routing/network-policy.ts'
import type { Rate } from './rpc/token-bucket.ts'

export interface DhtLimits {
  /** Answers a second in all, with a burst of one second. */
  readonly answersPerSecond: number
  /** Answers a second to one IP address, with a burst of four seconds. */
  readonly answersPerSecondPerAddress: number
  /**
   * Answers a second that are longer than six times their question (items, filters and samples: up to 1,280 bytes), in all with a
   * burst of one second, and to one IP address with a burst of four. Beyond, answers are shortened.
   */
  readonly largeAnswersPerSecond: number
  readonly largeAnswersPerSecondPerAddress: number
  /** Signatures of others' items that are checked a second, with a burst of one second. */
  readonly verificationsPerSecond: number
  /** Info hashes that peers are stored for. */
  readonly infoHashesMax: number
  /** Stored peers, in all and of one info hash. */
  readonly peersMax: number
  readonly peersPerInfoHashMax: number
  /** Peers of one info hash with one IPv4 address or one /64 of IPv6; then its oldest goes. */
  readonly peersPerAddressMax: number
  /** Of those, from one IPv4 /24 or IPv6 /48. */
  readonly peersPerPrefixMax: number
  /** Info hashes that such an address was the first to announce; then its oldest goes. */
  readonly infoHashesPerAddressMax: number
  /** Stored items (BEP 44), and the bytes of them in all. */
  readonly itemsMax: number
  readonly itemBytesMax: number
  /** Items that one IPv4 address or one /64 of IPv6 has put; then its oldest goes. */
  readonly itemsPerAddressMax: number
  /** Our own queries in flight. */
  readonly queriesInFlightMax: number
}

/** On a private network many nodes share an address and nobody is a stranger: rates there only stop a runaway. */
const BY_NETWORK: { readonly [network in Network]: Partial<DhtLimits> } = {
  mainline: {},
  private: {
    answersPerSecond: 200_000,
    answersPerSecondPerAddress: 200_000,
    largeAnswersPerSecond: 200_000,
    largeAnswersPerSecondPerAddress: 200_000,
    verificationsPerSecond: 200_000,
    itemsPerAddressMax: 10_000,
    peersPerAddressMax: Number.POSITIVE_INFINITY,
    peersPerPrefixMax: Number.POSITIVE_INFINITY,
    infoHashesPerAddressMax: Number.POSITIVE_INFINITY,
  },
}

export function limitsFor(network: Network, given: Partial<DhtLimits>): DhtLimits {
  return {
    answersPerSecond: 4_000,
    answersPerSecondPerAddress: 25,
    largeAnswersPerSecond: 500,
    largeAnswersPerSecondPerAddress: 4,
    verificationsPerSecond: 500,
    infoHashesMax: 20_000,
    peersMax: 100_000,
    peersPerInfoHashMax: 1_500,
    peersPerAddressMax: 8,
    peersPerPrefixMax: 16,
    infoHashesPerAddressMax: 2_000,
    itemsMax: 10_000,
    itemBytesMax: 8_388_608,
    itemsPerAddressMax: 200,
    queriesInFlightMax: 512,
    ...BY_NETWORK[network],
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
