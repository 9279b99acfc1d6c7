/** Peers one behind the other in typed arrays: an entry allocates nothing. How many of the places are in use, the owner knows. */

import type { Millis } from '@shoal/base'

/** Peers drawn for an answer, compact, one behind the other. */
export interface PackedPeers {
  readonly view: DataView
  /** Bytes of each: 6 or 18. */
  readonly width: number
  readonly count: number
}

export class PeerList {
  /** Bytes of a compact peer: 6 or 18. */
  readonly width: number
  // BOUNDED: all of these by the capacity, which the owner bounds.
  #view: DataView<ArrayBuffer>
  /** Four bytes that differ where peers do, nearly always: a search looks at these, and at a peer itself only where they agree. */
  #tags: Int32Array<ArrayBuffer>
  #expiresAt: Float64Array<ArrayBuffer>
  /** BEP 33: it has all of the torrent. */
  #isSeed: Uint8Array<ArrayBuffer>
  /** Its two bits in a filter; -1 until somebody scrapes, so that each peer is hashed once at most. */
  #filterBits: Int32Array<ArrayBuffer>

  constructor(width: number, capacity: number) {
    this.width = width
    this.#view = new DataView(new ArrayBuffer(width * capacity))
    this.#tags = new Int32Array(capacity)
    this.#expiresAt = new Float64Array(capacity)
    this.#isSeed = new Uint8Array(capacity)
    this.#filterBits = new Int32Array(capacity)
  }

  get capacity(): number {
    return this.#expiresAt.length
  }

  grow(capacity: number): void {
    const old = new PeerList(this.width, 0)
    old.#take(this)
    this.#take(new PeerList(this.width, capacity))
    new Uint8Array(this.#view.buffer).set(new Uint8Array(old.#view.buffer))
    this.#tags.set(old.#tags)
    this.#expiresAt.set(old.#expiresAt)
    this.#isSeed.set(old.#isSeed)
    this.#filterBits.set(old.#filterBits)
  }

  #take(other: PeerList): void {
    this.#view = other.#view
    this.#tags = other.#tags
    this.#expiresAt = other.#expiresAt
    this.#isSeed = other.#isSeed
    this.#filterBits = other.#filterBits
  }

  /** Puts a peer, whose compact form begins `peer`, in a place. */
  set(at: number, peer: Uint8Array, { expiresAt, isSeed }: { expiresAt: Millis; isSeed: boolean }): void {
    const { width } = this
    const from = at * width
    for (let i = 0; i < width; i++) this.#view.setUint8(from + i, peer[i] as number)
    this.#tags[at] = tagOf(peer, width)
    this.#filterBits[at] = -1
    this.refresh(at, expiresAt, isSeed)
  }

  refresh(at: number, expiresAt: Millis, isSeed: boolean): void {
    this.#expiresAt[at] = expiresAt
    this.#isSeed[at] = isSeed ? 1 : 0
  }

  /** Puts what stands in a place of another list, or of this, in a place of this. */
  copy(at: number, other: PeerList, from: number): void {
    other.pack(from, this.#view, at)
    this.#tags[at] = other.#tags[from] as number
    this.#expiresAt[at] = other.#expiresAt[from] as number
    this.#isSeed[at] = other.#isSeed[from] as number
    this.#filterBits[at] = other.#filterBits[from] as number
  }

  /** The place from `first` to `end` where a peer stands, or -1. */
  find(peer: Uint8Array, first: number, end: number): number {
    const tag = tagOf(peer, this.width)
    const tags = this.#tags
    for (let at = first; at < end; at++) if (tags[at] === tag && this.#isAt(at, peer)) return at
    return -1
  }

  #isAt(at: number, peer: Uint8Array): boolean {
    const from = at * this.width
    for (let i = 0; i < this.width; i++) if (this.#view.getUint8(from + i) !== peer[i]) return false
    return true
  }

  /**
   * Of the places from `first` to `end` whose address begins with the same `bytes` as that of a peer, the one that expires first, where
   * there are `most` or more of them; else -1.
   */
  oldestOf(
    peer: Uint8Array,
    { first, end, bytes, most }: { first: number; end: number; bytes: number; most: number },
  ): number {
    let count = 0
    let oldest = -1
    for (let at = first; at < end; at++) {
      if (!this.#hasAddress(at, peer, bytes)) continue
      count++
      if (oldest < 0 || this.expiresAt(at) < this.expiresAt(oldest)) oldest = at
    }
    return count < most ? -1 : oldest
  }

  #hasAddress(at: number, peer: Uint8Array, bytes: number): boolean {
    const from = at * this.width
    for (let i = 0; i < bytes; i++) if (this.#view.getUint8(from + i) !== peer[i]) return false
    return true
  }

  /** The network of a peer, which one owner of addresses can fill: a /24 of IPv4, a /48 of IPv6. */
  prefix(at: number): number {
    const from = at * this.width
    if (this.width === 6) return this.#view.getUint32(from) >>> 8
    return this.#view.getUint32(from) * 0x1_0000 + this.#view.getUint16(from + 4)
  }

  /** The compact peer in a place, which is not to be changed. */
  at(at: number): Uint8Array {
    return new Uint8Array(this.#view.buffer, at * this.width, this.width)
  }

  expiresAt(at: number): Millis {
    return this.#expiresAt[at] as number
  }

  isSeed(at: number): boolean {
    return this.#isSeed[at] !== 0
  }

  /** The bits of a peer's address in a filter, found by `bitsOf` when they are wanted for the first time. */
  filterBits(at: number, bitsOf: (address: Uint8Array) => number): number {
    const known = this.#filterBits[at] as number
    if (known >= 0) return known
    const from = at * this.width
    const bits = bitsOf(new Uint8Array(this.#view.buffer.slice(from, from + this.width - 2)))
    this.#filterBits[at] = bits
    return bits
  }

  /** Writes the peer as the `index`th of those that stand in `out`. */
  pack(at: number, out: DataView, index: number): void {
    const { width } = this
    const view = this.#view
    const from = at * width
    const to = index * width
    for (let i = 0; i < width - 2; i += 4) out.setInt32(to + i, view.getInt32(from + i))
    out.setUint16(to + width - 2, view.getUint16(from + width - 2))
  }
}

/** Address and port of IPv4 folded into one word; of IPv6, port and the interface, which is where neighbours differ. */
function tagOf(peer: Uint8Array, width: number): number {
  const at = width - 6
  const address =
    ((peer[at] as number) << 24) |
    ((peer[at + 1] as number) << 16) |
    ((peer[at + 2] as number) << 8) |
    (peer[at + 3] as number)
  return address ^ ((peer[at + 4] as number) << 20) ^ ((peer[at + 5] as number) << 12)
}
