/**
 * A homomorphic hash of a set: the hash of a union is the sum of the hashes, so a change to a set of a million costs as much as
 * a change to a set of one.
 *
 * Each id is expanded to 128 numbers of 32 bits, the key stream of ChaCha20 under the id as the key, and the hash is their sum, lane by lane, mod
 * 2^32: LtHash (Lewi, Kim, Maykov, Weis: Securing Update Propagation with Homomorphic Hashing, 2019) with lanes of its own number and width,
 * after AdHash (Bellare, Micciancio: A New Paradigm for Collision-Free Hashing, 1997). What is expanded are hashes (SHA-256), so that whoever
 * chooses and grinds what is hashed draws numbers of a group of 2^4096 and no more. The best that is known to find two sets of one sum, be
 * they as large as one likes, is the generalised birthday attack (Wagner, 2002): 2^(2 sqrt(n)) for sums of n bits, which is 2^128 here, as
 * much as for two records of one id; with sets of 2^32 records it is 2^(32 + 4096/33) = 2^156. The 256 bits of Negentropy v1's sums
 * fall to 2^32. Lattices don't help: a vector of coefficients -1, 0 and 1 among so many bits asks for blocks of more than 2,000.
 */

import { keyStream } from './key-stream.ts'

const LANES = 128

/** Of the one id that is being added. */
const EXPANDED = new Int32Array(LANES)

export class SetHash {
  readonly #lanes = new Int32Array(LANES)

  /** The id that lies at `offset` in `bytes`, 32 bytes long. */
  add(bytes: Uint8Array, offset: number): void {
    keyStream(bytes, offset, EXPANDED)
    const lanes = this.#lanes
    for (let i = 0; i < LANES; i++) lanes[i] = (lanes[i] as number) + (EXPANDED[i] as number)
  }

  subtract(bytes: Uint8Array, offset: number): void {
    keyStream(bytes, offset, EXPANDED)
    const lanes = this.#lanes
    for (let i = 0; i < LANES; i++) lanes[i] = (lanes[i] as number) - (EXPANDED[i] as number)
  }

  addAll(other: SetHash): void {
    const lanes = this.#lanes
    const others = other.#lanes
    for (let i = 0; i < LANES; i++) lanes[i] = (lanes[i] as number) + (others[i] as number)
  }

  /** The lanes in order, each in four bytes, little-endian. */
  bytes(): Uint8Array {
    const bytes = new Uint8Array(LANES * 4)
    const view = new DataView(bytes.buffer)
    for (let i = 0; i < LANES; i++) view.setInt32(i * 4, this.#lanes[i] as number, true)
    return bytes
  }
}
