/**
 * How many seeds and peers there are of an info hash (BEP 33): the union of what nodes count, each in filters of its own.
 * Nodes without the extension name peers, which count as far as no filter has them as seeds.
 */

import { fromLatin1, type Hash } from '@shoal/base'
import type { ResponseExtension } from '../krpc/message.ts'
import {
  addToFilter,
  estimateOf,
  FILTER_BYTES,
  FILTER_ENTRIES_MAX,
  filterBits,
  isInFilter,
  uniteFilters,
} from '../storage/bloom-filter.ts'
import type { PeerFilters } from '../storage/peer-store.ts'

/** As many peers as a filter may count. */
const NAMED_MAX = FILTER_ENTRIES_MAX

export interface ScrapeCount {
  /** Estimates, rounded. */
  readonly seeds: number
  readonly peers: number
}

export class ScrapeTally {
  readonly #sha1: Hash
  readonly #seeds = new Uint8Array(FILTER_BYTES)
  readonly #peers = new Uint8Array(FILTER_BYTES)
  /** Bits of the peers that were named by nodes without filters. BOUNDED: NAMED_MAX. */
  readonly #named = new Set<number>()

  constructor(sha1: Hash) {
    this.#sha1 = sha1
  }

  /** What we count ourselves. */
  offer({ seeds, peers }: PeerFilters): void {
    this.#unite(seeds, peers)
  }

  /** `peers`: compact, one character a byte. */
  handleAnswer(bytes: Uint8Array, extension: ResponseExtension | undefined, peers: readonly string[]): void {
    const { seedFilterAt = -1, peerFilterAt = -1 } = extension ?? {}
    if (seedFilterAt >= 0 && peerFilterAt >= 0) {
      const filterAt = (at: number): Uint8Array => bytes.subarray(at, at + FILTER_BYTES)
      this.#unite(filterAt(seedFilterAt), filterAt(peerFilterAt))
      return
    }
    for (const peer of peers) {
      if (this.#named.size >= NAMED_MAX) return
      this.#name(filterBits(fromLatin1(peer.slice(0, -2)), this.#sha1))
    }
  }

  /** A filter that is fuller than BEP 33 allows says nothing, and would drown what others say. */
  #unite(seeds: Uint8Array, peers: Uint8Array): void {
    if (estimateOf(seeds) > FILTER_ENTRIES_MAX || estimateOf(peers) > FILTER_ENTRIES_MAX) return
    uniteFilters(this.#seeds, seeds)
    uniteFilters(this.#peers, peers)
  }

  /** What another walk has counted. */
  merge(other: ScrapeTally): void {
    uniteFilters(this.#seeds, other.#seeds)
    uniteFilters(this.#peers, other.#peers)
    for (const bits of other.#named) this.#name(bits)
  }

  #name(bits: number): void {
    if (this.#named.size < NAMED_MAX) this.#named.add(bits)
  }

  count(): ScrapeCount {
    const peers = this.#peers.slice()
    for (const bits of this.#named) if (!isInFilter(this.#seeds, bits)) addToFilter(peers, bits)
    return { seeds: Math.round(estimateOf(this.#seeds)), peers: Math.round(estimateOf(peers)) }
  }
}
