/** One direction's key and its count of messages (Noise section 5.1). */

import { NOISE_KEY_BYTES, NOISE_TAG_BYTES, type NoiseEngine } from './engine.ts'

const NOTHING = new Uint8Array(0)
const ZEROS = new Uint8Array(NOISE_KEY_BYTES)
/** 2^64 - 1, which no message is sealed with. */
const REKEY_NONCE: Uint8Array = nonceBytes(0xffff_ffff, 0xffff_ffff)

export class CipherState {
  readonly #engine: NoiseEngine
  #key: Uint8Array
  #count: number

  constructor(engine: NoiseEngine, key: Uint8Array, count = 0) {
    this.#engine = engine
    this.#key = key
    this.#count = count
  }

  /** Messages sealed or opened so far. */
  get count(): number {
    return this.#count
  }

  /** To go on from here, and come back if need be. */
  copy(): CipherState {
    return new CipherState(this.#engine, this.#key, this.#count)
  }

  seal(plaintext: Uint8Array, out: Uint8Array, data: Uint8Array = NOTHING): void {
    this.#engine.seal({ key: this.#key, nonce: this.#nextNonce(), data }, plaintext, out)
  }

  /** False where it was not sealed with this key as this message; the count stays as it was. */
  open(ciphertext: Uint8Array, out: Uint8Array, data: Uint8Array = NOTHING): boolean {
    if (ciphertext.length < NOISE_TAG_BYTES) return false
    if (this.#engine.open({ key: this.#key, nonce: this.#nextNonce(), data }, ciphertext, out)) return true
    this.#count--
    return false
  }

  /** Noise section 4.2: whoever learns the new key does not learn what the old one had sealed. The count goes on. */
  rekey(): void {
    const out = new Uint8Array(NOISE_KEY_BYTES + NOISE_TAG_BYTES)
    this.#engine.seal({ key: this.#key, nonce: REKEY_NONCE, data: NOTHING }, ZEROS, out)
    this.#key = out.slice(0, NOISE_KEY_BYTES)
  }

  // At 100,000 messages a second 2^53 is reached after 2,800 years.
  #nextNonce(): Uint8Array {
    const count = this.#count++
    return nonceBytes(count % 0x1_0000_0000, Math.floor(count / 0x1_0000_0000))
  }
}

/** Noise section 12.3: 32 zero bits, then the count as 64 bits, least significant byte first. */
function nonceBytes(low: number, high: number): Uint8Array {
  const bytes = new Uint8Array(12)
  for (let i = 0; i < 4; i++) {
    bytes[4 + i] = low >>> (8 * i)
    bytes[8 + i] = high >>> (8 * i)
  }
  return bytes
}
