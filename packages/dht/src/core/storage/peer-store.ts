/**
 * The peers that others announced here (BEP 5). Every operation is O(1) in the size of the store, and each of its
 * three sizes has a bound, because anybody may announce anything.
 */

import { fromLatin1, type Hash, type Millis } from '@shoal/base'
import { addToFilter, FILTER_BYTES, FILTER_ENTRIES_MAX, filterBits } from './bloom-filter.ts'

/** Mainline clients announce every quarter to half hour; twice the shorter of these. */
export const PEER_LIFETIME_MS: Millis = 30 * 60_000
/** Below this many peers a scan is cheaper than an index. */
const INDEX_FROM = 16
/** How many peers compete to be the one that makes room: the oldest of a few is old enough, and costs O(1). */
const EVICTION_CANDIDATES = 5

const NOBODY: readonly string[] = []

export interface PeerStoreLimits {
  readonly infoHashesMax: number
  readonly peersMax: number
  readonly peersPerInfoHashMax: number
}

interface Peer {
  readonly key: string
  expiresAt: Millis
  /** BEP 33: it has all of the torrent. */
  isSeed: boolean
  /** Its two bits in a filter; -1 until somebody scrapes, so that each peer is hashed once at most. */
  filterBits: number
}

/** BEP 33: who is stored for an info hash, as Bloom filters. */
export interface PeerFilters {
  readonly seeds: Uint8Array
  readonly peers: Uint8Array
}

interface PeerSet {
  readonly infoHash: string
  readonly peers: Peer[]
  /** Where in `peers` a key stands; only for large sets. */
  index: Map<string, number> | undefined
  expiresAt: Millis
  /** Its neighbours by the time of the last announcement. */
  older: PeerSet | undefined
  newer: PeerSet | undefined
}

export class PeerStore {
  readonly #limits: PeerStoreLimits
  /** Small and quick: which peers are shown is no secret. */
  #seed: number
  /** BOUNDED: infoHashesMax sets and peersMax peers in all, least recently announced out; peersPerInfoHashMax in each. */
  readonly #sets = new Map<string, PeerSet>()
  /** The ends of the sets' order. A `Map` knows its order too, but passes over all that was deleted to find its first entry. */
  #oldest: PeerSet | undefined
  #newest: PeerSet | undefined
  #size = 0

  constructor(limits: PeerStoreLimits, seed: number) {
    this.#limits = limits
    this.#seed = seed | 1
  }

  get infoHashes(): number {
    return this.#sets.size
  }

  get size(): number {
    return this.#size
  }

  /** Stores a peer (compact, one character a byte) for an info hash, or refreshes it. */
  announce(now: Millis, infoHash: string, key: string, isSeed = false): void {
    const expiresAt = now + PEER_LIFETIME_MS
    const set = this.#sets.get(infoHash)
    if (set === undefined) {
      this.#makeRoom(now)
      // The first peer stands in the array from the start: one that is pushed into makes room for many more at once.
      this.#add({ key, expiresAt, isSeed, filterBits: -1 }, infoHash)
      return
    }
    this.#unlink(set)
    this.#linkNewest(set)
    set.expiresAt = expiresAt
    const at = indexOf(set, key)
    if (at >= 0) {
      const peer = set.peers[at] as Peer
      peer.expiresAt = set.expiresAt
      peer.isSeed = isSeed
      return
    }
    if (set.peers.length >= this.#limits.peersPerInfoHashMax) this.#removeAt(set, this.#oldestOfFew(set))
    set.index?.set(key, set.peers.length)
    set.peers.push({ key, expiresAt: set.expiresAt, isSeed, filterBits: -1 })
    this.#size++
    if (set.index === undefined && set.peers.length >= INDEX_FROM) {
      set.index = new Map(set.peers.map((peer, i) => [peer.key, i]))
    }
    while (this.#oldest !== undefined && this.#size > this.#limits.peersMax) this.#drop(this.#oldest)
  }

  /**
   * Up to `count` peers, drawn at random without repetition; expired ones met on the way are removed. With `noSeed`
   * seeds come only where there are no others left (BEP 33).
   */
  sample(now: Millis, infoHash: string, count: number, noSeed = false): readonly string[] {
    const set = this.#sets.get(infoHash)
    if (set === undefined) return NOBODY
    const keys: string[] = []
    let seeds: string[] | undefined
    const { peers } = set
    for (let i = 0; i < peers.length && keys.length < count; ) {
      this.#swap(set, i, i + this.#below(peers.length - i))
      const peer = peers[i] as Peer
      if (peer.expiresAt <= now) {
        this.#removeAt(set, i)
        continue
      }
      if (noSeed && peer.isSeed) (seeds ??= []).push(peer.key)
      else keys.push(peer.key)
      i++
    }
    if (peers.length === 0) this.#drop(set)
    return seeds === undefined ? keys : [...keys, ...seeds.slice(0, count - keys.length)]
  }

  /** The filters of an info hash; `undefined` where nobody is stored for it. */
  filters(now: Millis, infoHash: string, sha1: Hash): PeerFilters | undefined {
    const set = this.#sets.get(infoHash)
    if (set === undefined || set.expiresAt <= now) return undefined
    const filters = { seeds: new Uint8Array(FILTER_BYTES), peers: new Uint8Array(FILTER_BYTES) }
    let entries = 0
    for (const peer of set.peers) {
      if (peer.expiresAt <= now || ++entries > FILTER_ENTRIES_MAX) continue
      if (peer.filterBits < 0) peer.filterBits = filterBits(fromLatin1(peer.key.slice(0, -2)), sha1)
      addToFilter(peer.isSeed ? filters.seeds : filters.peers, peer.filterBits)
    }
    return filters
  }

  /** The info hashes, least recently announced first. */
  *hashes(): IterableIterator<string> {
    for (let set = this.#oldest; set !== undefined; set = set.newer) yield set.infoHash
  }

  /** Drops what has expired from the old end; amortized O(1), since each set is dropped once. */
  expire(now: Millis): void {
    while (this.#oldest !== undefined && this.#oldest.expiresAt <= now) this.#drop(this.#oldest)
  }

  #add(peer: Peer, infoHash: string): void {
    const { expiresAt } = peer
    const set: PeerSet = { infoHash, peers: [peer], index: undefined, expiresAt, older: undefined, newer: undefined }
    this.#sets.set(infoHash, set)
    this.#linkNewest(set)
    this.#size++
    while (this.#oldest !== undefined && this.#size > this.#limits.peersMax) this.#drop(this.#oldest)
  }

  #makeRoom(now: Millis): void {
    this.expire(now)
    while (this.#oldest !== undefined && this.#sets.size >= this.#limits.infoHashesMax) this.#drop(this.#oldest)
  }

  #drop(set: PeerSet): void {
    this.#unlink(set)
    this.#sets.delete(set.infoHash)
    this.#size -= set.peers.length
  }

  #linkNewest(set: PeerSet): void {
    set.older = this.#newest
    set.newer = undefined
    if (this.#newest === undefined) this.#oldest = set
    else this.#newest.newer = set
    this.#newest = set
  }

  #unlink(set: PeerSet): void {
    if (set.older === undefined) this.#oldest = set.newer
    else set.older.newer = set.newer
    if (set.newer === undefined) this.#newest = set.older
    else set.newer.older = set.older
  }

  #oldestOfFew(set: PeerSet): number {
    let oldest = this.#below(set.peers.length)
    for (let i = 1; i < EVICTION_CANDIDATES; i++) {
      const other = this.#below(set.peers.length)
      if ((set.peers[other] as Peer).expiresAt < (set.peers[oldest] as Peer).expiresAt) oldest = other
    }
    return oldest
  }

  #removeAt(set: PeerSet, at: number): void {
    const gone = set.peers[at] as Peer
    const last = set.peers.pop() as Peer
    set.index?.delete(gone.key)
    if (last !== gone) {
      set.peers[at] = last
      set.index?.set(last.key, at)
    }
    this.#size--
  }

  #swap(set: PeerSet, a: number, b: number): void {
    if (a === b) return
    const first = set.peers[a] as Peer
    const second = set.peers[b] as Peer
    set.peers[a] = second
    set.peers[b] = first
    set.index?.set(second.key, a)
    set.index?.set(first.key, b)
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

function indexOf(set: PeerSet, key: string): number {
  if (set.index !== undefined) return set.index.get(key) ?? -1
  for (let i = 0; i < set.peers.length; i++) if ((set.peers[i] as Peer).key === key) return i
  return -1
}
