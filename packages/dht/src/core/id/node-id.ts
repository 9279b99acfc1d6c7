/**
 * The 160-bit space of node ids, info hashes and targets (BEP 5), as five 32-bit words: XOR distance is then a
 * few integer operations, and reading an id from a datagram makes one small object.
 */

import type { RandomSource } from '@shoal/base'

export const ID_BITS = 160

export class NodeId {
  readonly w0: number
  readonly w1: number
  readonly w2: number
  readonly w3: number
  readonly w4: number

  constructor(words: readonly [number, number, number, number, number]) {
    this.w0 = words[0]
    this.w1 = words[1]
    this.w2 = words[2]
    this.w3 = words[3]
    this.w4 = words[4]
  }
}

function readWord(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  )
}

/** The id of the 20 bytes at `at`, which must be there. */
export function readNodeId(bytes: Uint8Array, at = 0): NodeId {
  return new NodeId([
    readWord(bytes, at),
    readWord(bytes, at + 4),
    readWord(bytes, at + 8),
    readWord(bytes, at + 12),
    readWord(bytes, at + 16),
  ])
}

function writeWord(word: number, out: Uint8Array, at: number): void {
  out[at] = word >>> 24
  out[at + 1] = word >>> 16
  out[at + 2] = word >>> 8
  out[at + 3] = word
}

export function writeNodeId(id: NodeId, out: Uint8Array, at: number): void {
  writeWord(id.w0, out, at)
  writeWord(id.w1, out, at + 4)
  writeWord(id.w2, out, at + 8)
  writeWord(id.w3, out, at + 12)
  writeWord(id.w4, out, at + 16)
}

export function nodeIdBytes(id: NodeId): Uint8Array {
  const bytes = new Uint8Array(20)
  writeNodeId(id, bytes, 0)
  return bytes
}

export function isSameId(a: NodeId, b: NodeId): boolean {
  return a.w0 === b.w0 && a.w1 === b.w1 && a.w2 === b.w2 && a.w3 === b.w3 && a.w4 === b.w4
}

/** Negative where `a` is closer to `target` than `b` is, zero where they are the same id. */
export function compareDistance(target: NodeId, a: NodeId, b: NodeId): number {
  if (a.w0 !== b.w0) return ((a.w0 ^ target.w0) >>> 0) - ((b.w0 ^ target.w0) >>> 0)
  if (a.w1 !== b.w1) return ((a.w1 ^ target.w1) >>> 0) - ((b.w1 ^ target.w1) >>> 0)
  if (a.w2 !== b.w2) return ((a.w2 ^ target.w2) >>> 0) - ((b.w2 ^ target.w2) >>> 0)
  if (a.w3 !== b.w3) return ((a.w3 ^ target.w3) >>> 0) - ((b.w3 ^ target.w3) >>> 0)
  return ((a.w4 ^ target.w4) >>> 0) - ((b.w4 ^ target.w4) >>> 0)
}

/** The distance of `id` from `target` as a share of the whole space, 0 to 1. */
export function distanceShare(target: NodeId, id: NodeId): number {
  const high = (target.w0 ^ id.w0) >>> 0
  const middle = (target.w1 ^ id.w1) >>> 0
  const low = (target.w2 ^ id.w2) >>> 0
  return high / 2 ** 32 + middle / 2 ** 64 + low / 2 ** 96
}

/** How many leading bits the two share, 0 to 160. */
export function commonPrefixLength(a: NodeId, b: NodeId): number {
  if (a.w0 !== b.w0) return Math.clz32(a.w0 ^ b.w0)
  if (a.w1 !== b.w1) return 32 + Math.clz32(a.w1 ^ b.w1)
  if (a.w2 !== b.w2) return 64 + Math.clz32(a.w2 ^ b.w2)
  if (a.w3 !== b.w3) return 96 + Math.clz32(a.w3 ^ b.w3)
  return a.w4 === b.w4 ? ID_BITS : 128 + Math.clz32(a.w4 ^ b.w4)
}

export function randomNodeId(random: RandomSource): NodeId {
  return readNodeId(random.bytes(20))
}

/** A random id that shares its first `bits` bits with `id`; with `isExact` the bit after those differs. */
export function randomNodeIdNear(id: NodeId, bits: number, isExact: boolean, random: RandomSource): NodeId {
  const own = nodeIdBytes(id)
  const bytes = random.bytes(20)
  const whole = bits >> 3
  bytes.set(own.subarray(0, whole))
  if (whole === bytes.length) return readNodeId(bytes)
  const mask = (0xff00 >> (bits & 7)) & 0xff
  bytes[whole] = ((own[whole] as number) & mask) | ((bytes[whole] as number) & ~mask)
  if (isExact) {
    const bit = 0x80 >> (bits & 7)
    bytes[whole] = ((bytes[whole] as number) & ~bit) | (~(own[whole] as number) & bit)
  }
  return readNodeId(bytes)
}

/** The 20 bytes at `at` as a flat string of one character a byte: the key of `Map`s. One call, because ropes are slow to hash. */
export function idKey(b: Uint8Array, at: number): string {
  const n = b as unknown as number[]
  // biome-ignore format: the twenty bytes, five a line
  return String.fromCharCode(
    n[at] as number, n[at + 1] as number, n[at + 2] as number, n[at + 3] as number, n[at + 4] as number,
    n[at + 5] as number, n[at + 6] as number, n[at + 7] as number, n[at + 8] as number, n[at + 9] as number,
    n[at + 10] as number, n[at + 11] as number, n[at + 12] as number, n[at + 13] as number, n[at + 14] as number,
    n[at + 15] as number, n[at + 16] as number, n[at + 17] as number, n[at + 18] as number, n[at + 19] as number,
  )
}
