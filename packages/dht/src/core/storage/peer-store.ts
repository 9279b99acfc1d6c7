/**
 * The peers that others announced here (BEP 5). What an operation costs does not grow with the store, and each of its three
 * sizes has a bound, because anybody may announce anything. Nearly every info hash has one peer, so the first of each
 * stands in arrays beside the table of info hashes, and to announce one makes no object; only more peers get a list of their own.
 */

import { type Hash, latin1, type Millis, type RandomSource } from '@shoal/base'
import { idKey, type NodeId, nodeIdBytes } from '../id/node-id.ts'
import { addToFilter, FILTER_BYTES, FILTER_ENTRIES_MAX, filterBits } from './bloom-filter.ts'
import { InfoHashTable, NONE } from './info-hash-table.ts'
import { type PackedPeers, PeerList } from './peer-list.ts'
import { SlotShares } from './slot-shares.ts'

/** Mainline clients announce every quarter to half hour; twice the shorter of these. */
export const PEER_LIFETIME_MS: Millis = 30 * 60_000
/** How many peers compete to be the one that makes room: the oldest of a few is old enough, and costs O(1). */
const EVICTION_CANDIDATES = 5
/** Places of the first list that an info hash with more than one peer gets. */
const LIST_CAPACITY = 4

export interface PeerStoreLimits {
  readonly infoHashesMax: number
  readonly peersMax: number
  readonly peersPerInfoHashMax: number
  readonly peersPerAddressMax: number
  readonly peersPerPrefixMax: number
  readonly infoHashesPerAddressMax: number
}

export interface PeerStoreInit {
  readonly limits: PeerStoreLimits
  readonly random: RandomSource
  /** Bytes of a compact peer: 6 or 18. */
  readonly peerBytes: number
}

/** BEP 33: who is stored for an info hash, as Bloom filters. */
export interface PeerFilters {
  readonly seeds: Uint8Array
  readonly peers: Uint8Array
}

export class PeerStore {
  #limits: PeerStoreLimits
  readonly #peerBytes: number
  /** BOUNDED: infoHashesMax, least recently announced out. */
  readonly #table: InfoHashTable
  /** Whose info hashes they are: of whoever announced each first. BOUNDED: as the table. */
  readonly #shares = new SlotShares()
  /** The peer of each slot that has one only. BOUNDED: as the table. */
  readonly #singles: PeerList
  /** The peers of each slot that has more. BOUNDED: as the table, peersMax in all. */
  readonly #lists = new Map<number, PeerList>()
  /** Peers of each slot. BOUNDED: as the table. */
  #counts: Int32Array
  /** When the last peer of each slot expires. BOUNDED: as the table. */
  #expiresAt: Float64Array
  #size = 0
  #displaced = 0
  /** Small and quick: which peers are shown is no secret. */
  #seed: number
  /** The numbers from 0 on, from which is drawn, in order again afterwards; and what each changed places with. BOUNDED: peersPerInfoHashMax. */
  #deck = new Int32Array(0)
  #places = new Int32Array(0)
  /** BOUNDED: by what an answer holds. */
  #drawn = new DataView(new ArrayBuffer(0))

  constructor({ limits, random, peerBytes }: PeerStoreInit) {
    this.#limits = limits
    this.#peerBytes = peerBytes
    this.#table = new InfoHashTable(random)
    this.#seed = random.uint32() | 1
    const { capacity } = this.#table
    this.#singles = new PeerList(peerBytes, capacity)
    this.#counts = new Int32Array(capacity)
    this.#expiresAt = new Float64Array(capacity)
  }

  /** Holds for what is announced from now on. */
  setLimits(limits: PeerStoreLimits): void {
    this.#limits = limits
  }

  get infoHashes(): number {
    return this.#table.size
  }

  get size(): number {
    return this.#size
  }

  /** Peers that had to make room for others, so far. */
  get displaced(): number {
    return this.#displaced
  }

  /** Stores a peer, whose compact form begins `peer`, for an info hash, or refreshes it. */
  announce(now: Millis, infoHash: NodeId, { peer, isSeed }: { peer: Uint8Array; isSeed: boolean }): void {
    const entry = { expiresAt: now + PEER_LIFETIME_MS, isSeed }
    const known = this.#table.find(infoHash)
    const slot = known === NONE ? this.#begin(now, infoHash, peer) : known
    this.#table.touch(slot)
    this.#expiresAt[slot] = entry.expiresAt
    const count = this.#counts[slot] as number
    const [peers, first] = this.#peersOf(slot)
    const at = peers.find(peer, first, first + count)
    if (at >= 0) {
      peers.refresh(at, entry.expiresAt, isSeed)
      return
    }
    const taken = this.#placeOfAnother(slot, peer)
    if (taken !== NONE) {
      peers.set(taken, peer, entry)
      this.#displaced++
      return
    }
    if (count === 0) this.#singles.set(slot, peer, entry)
    else this.#listOf(slot).set(count, peer, entry)
    this.#counts[slot] = count + 1
    this.#size++
    while (this.#size > this.#limits.peersMax) this.#displace(this.#table.oldest)
  }

  /** The place that a newcomer has to take from another of its address or its prefix, or, where there is no more room, of any; NONE where it need not. */
  #placeOfAnother(slot: number, peer: Uint8Array): number {
    const count = this.#counts[slot] as number
    if (count === 0) return NONE
    const { peersPerAddressMax, peersPerPrefixMax, peersPerInfoHashMax } = this.#limits
    const [peers, first] = this.#peersOf(slot)
    const [address, prefix] = this.#peerBytes === 6 ? ([4, 3] as const) : ([8, 6] as const)
    for (const [bytes, most] of [[address, peersPerAddressMax] as const, [prefix, peersPerPrefixMax] as const]) {
      const own = count < most ? NONE : peers.oldestOf(peer, { first, end: first + count, bytes, most })
      if (own >= 0) return own
    }
    return count < peersPerInfoHashMax ? NONE : first + this.#oldestOfFew(slot)
  }

  /** Up to `count` peers as `draw` gives them, each compact, one character a byte. */
  sample(now: Millis, infoHash: NodeId, count: number): readonly string[] {
    const { view, width, count: drawn } = this.draw(now, infoHash, { count, noSeed: false })
    const bytes = new Uint8Array(view.buffer)
    return Array.from({ length: drawn }, (_, i) => latin1(bytes, i * width, (i + 1) * width))
  }

  /**
   * Up to `count` peers, drawn at random without repetition, each prefix once before any twice, in memory that is used again by the next call; where expired ones are
   * met, all such are removed. With `noSeed` seeds come only where there are no others left (BEP 33).
   */
  draw(now: Millis, infoHash: NodeId, { count, noSeed }: { count: number; noSeed: boolean }): PackedPeers {
    const width = this.#peerBytes
    const slot = this.#table.find(infoHash)
    if (slot === NONE) return { view: this.#drawn, width, count: 0 }
    if ((this.#expiresAt[slot] as number) <= now) {
      this.#drop(slot)
      return { view: this.#drawn, width, count: 0 }
    }
    const bytesMax = count * width
    if (this.#drawn.byteLength < bytesMax) this.#drawn = new DataView(new ArrayBuffer(bytesMax))
    if (this.#counts[slot] !== 1)
      return { view: this.#drawn, width, count: this.#drawFrom(now, slot, { count, noSeed }) }
    this.#singles.pack(slot, this.#drawn, 0)
    return { view: this.#drawn, width, count: 1 }
  }

  /** Draws from the peers of a slot as cards are drawn from a deck; how many. */
  #drawFrom(now: Millis, slot: number, { count, noSeed }: { count: number; noSeed: boolean }): number {
    const [peers] = this.#peersOf(slot)
    const all = this.#counts[slot] as number
    this.#stack(all)
    const [deck, places, out] = [this.#deck, this.#places, this.#drawn]
    const seeds: number[] = []
    // Where not all fit, whoever has a network full of addresses is not to crowd out the one who has another.
    const met = all > count && Number.isFinite(this.#limits.peersPerPrefixMax) ? new Set<number>() : undefined
    const crowd: number[] = []
    let isStale = false
    let drawn = 0
    let cards = 0
    for (; cards < all && drawn < count; cards++) {
      const place = cards + this.#below(all - cards)
      const at = deck[place] as number
      deck[place] = deck[cards] as number
      deck[cards] = at
      places[cards] = place
      if (peers.expiresAt(at) <= now) isStale = true
      else if (noSeed && peers.isSeed(at)) seeds.push(at)
      else if (met?.has(peers.prefix(at))) crowd.push(at)
      else {
        met?.add(peers.prefix(at))
        peers.pack(at, out, drawn++)
      }
    }
    for (let i = 0; i < crowd.length && drawn < count; i++) peers.pack(crowd[i] as number, out, drawn++)
    for (let i = 0; i < seeds.length && drawn < count; i++) peers.pack(seeds[i] as number, out, drawn++)
    while (--cards >= 0) {
      const place = places[cards] as number
      const at = deck[cards] as number
      deck[cards] = deck[place] as number
      deck[place] = at
    }
    if (isStale) this.#prune(now, slot)
    return drawn
  }

  /** Makes the deck large enough. */
  #stack(cards: number): void {
    if (this.#deck.length >= cards) return
    this.#deck = Int32Array.from({ length: 2 * cards }, (_, i) => i)
    this.#places = new Int32Array(2 * cards)
  }

  /** The filters of an info hash; `undefined` where nobody is stored for it. */
  filters(now: Millis, infoHash: NodeId, sha1: Hash): PeerFilters | undefined {
    const slot = this.#table.find(infoHash)
    if (slot === NONE || (this.#expiresAt[slot] as number) <= now) return undefined
    const filters = { seeds: new Uint8Array(FILTER_BYTES), peers: new Uint8Array(FILTER_BYTES) }
    const [peers, first] = this.#peersOf(slot)
    const end = first + (this.#counts[slot] as number)
    const bitsOf = (address: Uint8Array): number => filterBits(address, sha1)
    let entries = 0
    for (let at = first; at < end; at++) {
      if (peers.expiresAt(at) <= now || ++entries > FILTER_ENTRIES_MAX) continue
      addToFilter(peers.isSeed(at) ? filters.seeds : filters.peers, peers.filterBits(at, bitsOf))
    }
    return filters
  }

  /** The info hashes, least recently announced first, one character a byte. */
  *hashes(): IterableIterator<string> {
    for (let slot = this.#table.oldest; slot !== NONE; slot = this.#table.newerThan(slot)) {
      yield idKey(nodeIdBytes(this.#table.infoHash(slot)), 0)
    }
  }

  /** Drops what has expired from the old end; amortized O(1), since each info hash is dropped once. */
  expire(now: Millis): void {
    const table = this.#table
    while (table.oldest !== NONE && (this.#expiresAt[table.oldest] as number) <= now) this.#drop(table.oldest)
  }

  /** Takes in an info hash, still without a peer, which this one announces first. */
  #begin(now: Millis, infoHash: NodeId, peer: Uint8Array): number {
    const table = this.#table
    this.expire(now)
    const { infoHashesMax, infoHashesPerAddressMax } = this.#limits
    const source = infoHashesPerAddressMax < infoHashesMax ? this.#sourceOf(peer) : undefined
    if (source !== undefined) this.#makeRoomIn(source)
    while (table.size > 0 && table.size >= infoHashesMax) this.#displace(table.oldest)
    const slot = table.add(infoHash)
    if (source !== undefined) this.#shares.add(slot, source)
    if (slot >= this.#counts.length) this.#grow(table.capacity)
    this.#counts[slot] = 0
    return slot
  }

  /** An address of IPv6 is as good as its /64: whoever has one has them all. */
  #sourceOf(peer: Uint8Array): string {
    return latin1(peer, 0, this.#peerBytes === 6 ? 4 : 8)
  }

  /**
   * A full share gives up its oldest info hash. Where others announced that too it is theirs from now on, lest somebody announce what
   * is going to be popular first, and take everybody along.
   */
  #makeRoomIn(source: string): void {
    const { infoHashesPerAddressMax } = this.#limits
    while (this.#shares.countOf(source) >= Math.max(infoHashesPerAddressMax, 1)) {
      const slot = this.#shares.oldestOf(source)
      const heir = this.#otherSourceIn(slot, source)
      if (heir !== undefined && this.#shares.countOf(heir) < infoHashesPerAddressMax) this.#shares.add(slot, heir)
      else this.#displace(slot)
    }
  }

  #otherSourceIn(slot: number, source: string): string | undefined {
    const [peers, first] = this.#peersOf(slot)
    const end = first + (this.#counts[slot] as number)
    for (let at = first; at < end; at++) {
      const other = this.#sourceOf(peers.at(at))
      if (other !== source) return other
    }
    return undefined
  }

  #grow(capacity: number): void {
    this.#singles.grow(capacity)
    const [counts, expiresAt] = [this.#counts, this.#expiresAt]
    this.#counts = new Int32Array(capacity)
    this.#counts.set(counts)
    this.#expiresAt = new Float64Array(capacity)
    this.#expiresAt.set(expiresAt)
  }

  #displace(slot: number): void {
    this.#displaced += this.#counts[slot] as number
    this.#drop(slot)
  }

  #drop(slot: number): void {
    this.#size -= this.#counts[slot] as number
    this.#lists.delete(slot)
    this.#shares.remove(slot)
    this.#table.remove(slot)
  }

  /** Where the peers of a slot stand, and the place of the first. */
  #peersOf(slot: number): readonly [peers: PeerList, first: number] {
    const list = (this.#counts[slot] as number) > 1 ? this.#lists.get(slot) : undefined
    return list === undefined ? [this.#singles, slot] : [list, 0]
  }

  /** The list of a slot, with room for one more. */
  #listOf(slot: number): PeerList {
    const known = this.#lists.get(slot)
    if (known !== undefined) {
      if (known.capacity === this.#counts[slot]) known.grow(2 * known.capacity)
      return known
    }
    const list = new PeerList(this.#peerBytes, LIST_CAPACITY)
    list.copy(0, this.#singles, slot)
    this.#lists.set(slot, list)
    return list
  }

  /** Removes those that have expired from a list; the last one comes back beside the table. */
  #prune(now: Millis, slot: number): void {
    const list = this.#lists.get(slot)
    if (list === undefined) return
    let count = this.#counts[slot] as number
    for (let at = count - 1; at >= 0; at--) if (list.expiresAt(at) <= now) list.copy(at, list, --count)
    this.#size -= (this.#counts[slot] as number) - count
    this.#counts[slot] = count
    if (count > 1) return
    this.#singles.copy(slot, list, 0)
    this.#lists.delete(slot)
  }

  #oldestOfFew(slot: number): number {
    const [peers, first] = this.#peersOf(slot)
    const count = this.#counts[slot] as number
    let oldest = this.#below(count)
    for (let i = 1; i < EVICTION_CANDIDATES; i++) {
      const other = this.#below(count)
      if (peers.expiresAt(first + other) < peers.expiresAt(first + oldest)) oldest = other
    }
    return oldest
  }

  /** xorshift32 (Marsaglia), scaled to 0 to bound - 1. */
  #below(bound: number): number {
    let x = this.#seed
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#seed = x
    return Math.floor(((x >>> 0) / 0x1_0000_0000) * bound)
  }
}
