/**
 * A homomorphic hash of a set: the hash of a union is the sum of the hashes, so a change to a set of a million costs as much as
 * a change to a set of one.
 *
 * LtHash16 with 1,024 lanes (Lewi, Kim, Maykov, Weis: Securing Update Propagation with Homomorphic Hashing, 2019): each element
 * is expanded to 1,024 numbers of 16 bits, and the hash is their sum, lane by lane, mod 2^16. Finding two sets with one
 * hash costs more than 2^200 operations, also for somebody who may choose and grind all elements; sums of short hashes,
 * as in Negentropy v1, fall to the generalised birthday attack (Wagner, 2002).
 */

import { assert } from '@shoal/base'

/** Lanes of 16 bits, two to a word. */
const WORDS = 512

/** What an element is expanded to, in bytes. */
export const EXPANDED_BYTES: number = WORDS * 4

/** The key stream of AES-256 in counter mode (from zero) under the element of 32 bytes as the key, `EXPANDED_BYTES` long: all of its bits are as good as random, whoever chose the element. */
export type Expand = (element: Uint8Array) => Uint8Array

export class SetHash {
  readonly #words = new Uint32Array(WORDS)

  add(expanded: Uint8Array): void {
    assert(expanded.length === EXPANDED_BYTES, 'an element is expanded to 2,048 bytes')
    const words = this.#words
    for (let i = 0; i < WORDS; i++) words[i] = sum(words[i] as number, word(expanded, i))
  }

  subtract(expanded: Uint8Array): void {
    assert(expanded.length === EXPANDED_BYTES, 'an element is expanded to 2,048 bytes')
    const words = this.#words
    for (let i = 0; i < WORDS; i++) words[i] = difference(words[i] as number, word(expanded, i))
  }

  addAll(other: SetHash): void {
    const words = this.#words
    const others = other.#words
    for (let i = 0; i < WORDS; i++) words[i] = sum(words[i] as number, others[i] as number)
  }

  /** The lanes in order, each in two bytes, little-endian. */
  bytes(): Uint8Array {
    const bytes = new Uint8Array(EXPANDED_BYTES)
    const view = new DataView(bytes.buffer)
    for (let i = 0; i < WORDS; i++) view.setUint32(i * 4, this.#words[i] as number, true)
    return bytes
  }
}

function word(bytes: Uint8Array, index: number): number {
  const at = index * 4
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  )
}

/** Both lanes of a word at once; a carry out of the lower one is cut off. */
function sum(a: number, b: number): number {
  return (((a >>> 16) + (b >>> 16)) << 16) | ((a + b) & 0xffff)
}

function difference(a: number, b: number): number {
  return (((a >>> 16) - (b >>> 16)) << 16) | ((a - b) & 0xffff)
}
