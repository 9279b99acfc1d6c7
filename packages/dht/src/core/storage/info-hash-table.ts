/**
 * Info hashes as small numbers ("slots"): a hash table over typed arrays that also keeps the order of last use. An entry
 * allocates nothing, so that a flood of announcements leaves nothing to collect. The hash is keyed (HalfSipHash-1-3, by
 * Aumasson and Bernstein), lest a stranger choose info hashes that all fall into one chain.
 */

import type { RandomSource } from '@shoal/base'
import { NodeId } from '../id/node-id.ts'

/** No slot. */
export const NONE = -1
const WORDS = 5
const ROUNDS = WORDS + 3
const FIRST_CAPACITY = 8

export class InfoHashTable {
  readonly #key0: number
  readonly #key1: number
  /** The words of an info hash while it is hashed; zeros behind it. */
  readonly #input = new Int32Array(ROUNDS)
  // BOUNDED: all of these by the most entries there ever were at a time; whoever adds bounds those.
  #words = new Int32Array(WORDS * FIRST_CAPACITY)
  #hashes = new Int32Array(FIRST_CAPACITY)
  /** The next slot of the same chain, or of the free ones. */
  #next = new Int32Array(FIRST_CAPACITY)
  #older = new Int32Array(FIRST_CAPACITY)
  #newer = new Int32Array(FIRST_CAPACITY)
  /** The first slot of each chain; as many as slots, a power of two. */
  #heads = new Int32Array(FIRST_CAPACITY).fill(NONE)
  #oldest = NONE
  #newest = NONE
  #free = NONE
  /** Slots from here on were never used. */
  #unused = 0
  #size = 0

  constructor(random: RandomSource) {
    this.#key0 = random.uint32() | 0
    this.#key1 = random.uint32() | 0
  }

  get size(): number {
    return this.#size
  }

  /** Slots are below this; it grows when one is added. */
  get capacity(): number {
    return this.#heads.length
  }

  /** The slot used longest ago, or NONE. */
  get oldest(): number {
    return this.#oldest
  }

  /** The slot that was used after this one, or NONE. */
  newerThan(slot: number): number {
    return this.#newer[slot] as number
  }

  infoHash(slot: number): NodeId {
    const at = slot * WORDS
    const words = this.#words
    return new NodeId([
      words[at] as number,
      words[at + 1] as number,
      words[at + 2] as number,
      words[at + 3] as number,
      words[at + 4] as number,
    ])
  }

  /** The slot of an info hash, or NONE. */
  find(id: NodeId): number {
    const words = this.#words
    let slot = this.#heads[this.#hash(id) & (this.#heads.length - 1)] as number
    while (slot !== NONE) {
      const at = slot * WORDS
      if (
        words[at] === id.w0 &&
        words[at + 1] === id.w1 &&
        words[at + 2] === id.w2 &&
        words[at + 3] === id.w3 &&
        words[at + 4] === id.w4
      ) {
        return slot
      }
      slot = this.#next[slot] as number
    }
    return NONE
  }

  /** Takes in an info hash that is not there yet, as the newest. */
  add(id: NodeId): number {
    if (this.#free === NONE && this.#unused === this.capacity) this.#grow()
    const slot = this.#free === NONE ? this.#unused++ : this.#free
    if (slot === this.#free) this.#free = this.#next[slot] as number
    const at = slot * WORDS
    this.#words[at] = id.w0
    this.#words[at + 1] = id.w1
    this.#words[at + 2] = id.w2
    this.#words[at + 3] = id.w3
    this.#words[at + 4] = id.w4
    this.#hashes[slot] = this.#hash(id)
    this.#chain(slot)
    this.#linkNewest(slot)
    this.#size++
    return slot
  }

  remove(slot: number): void {
    const chain = (this.#hashes[slot] as number) & (this.#heads.length - 1)
    const after = this.#next[slot] as number
    let before = this.#heads[chain] as number
    if (before === slot) this.#heads[chain] = after
    else {
      while (this.#next[before] !== slot) before = this.#next[before] as number
      this.#next[before] = after
    }
    this.#unlink(slot)
    this.#next[slot] = this.#free
    this.#free = slot
    this.#size--
  }

  /** It is used again: now it is the newest. */
  touch(slot: number): void {
    if (slot === this.#newest) return
    this.#unlink(slot)
    this.#linkNewest(slot)
  }

  /** One round a word, then three. */
  #hash(id: NodeId): number {
    const input = this.#input
    input[0] = id.w0
    input[1] = id.w1
    input[2] = id.w2
    input[3] = id.w3
    input[4] = id.w4
    let v0 = this.#key0
    let v1 = this.#key1
    let v2 = this.#key0 ^ 0x6c796765
    let v3 = this.#key1 ^ 0x74656462
    for (let i = 0; i < ROUNDS; i++) {
      const word = input[i] as number
      v3 ^= word
      if (i === WORDS) v2 ^= 0xff
      v0 = (v0 + v1) | 0
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
      v0 = (v0 << 16) | (v0 >>> 16)
      v2 = (v2 + v3) | 0
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
      v0 = (v0 + v3) | 0
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
      v2 = (v2 + v1) | 0
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
      v2 = (v2 << 16) | (v2 >>> 16)
      v0 ^= word
    }
    return v1 ^ v3
  }

  #chain(slot: number): void {
    const chain = (this.#hashes[slot] as number) & (this.#heads.length - 1)
    this.#next[slot] = this.#heads[chain] as number
    this.#heads[chain] = slot
  }

  #linkNewest(slot: number): void {
    this.#older[slot] = this.#newest
    this.#newer[slot] = NONE
    if (this.#newest === NONE) this.#oldest = slot
    else this.#newer[this.#newest] = slot
    this.#newest = slot
  }

  #unlink(slot: number): void {
    const older = this.#older[slot] as number
    const newer = this.#newer[slot] as number
    if (older === NONE) this.#oldest = newer
    else this.#newer[older] = newer
    if (newer === NONE) this.#newest = older
    else this.#older[newer] = older
  }

  /** Twice as many slots; only when all are in use, so no free ones have to be kept. */
  #grow(): void {
    const capacity = 2 * this.capacity
    this.#words = enlarged(this.#words, WORDS * capacity)
    this.#hashes = enlarged(this.#hashes, capacity)
    this.#older = enlarged(this.#older, capacity)
    this.#newer = enlarged(this.#newer, capacity)
    this.#next = new Int32Array(capacity)
    this.#heads = new Int32Array(capacity).fill(NONE)
    for (let slot = 0; slot < this.#unused; slot++) this.#chain(slot)
  }
}

function enlarged(array: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const out = new Int32Array(length)
  out.set(array)
  return out
}
