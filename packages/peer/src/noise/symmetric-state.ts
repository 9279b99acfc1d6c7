/** What both sides know of a handshake so far, as a chaining key and a hash of everything said (Noise section 5.2). */

import { concatBytes, utf8 } from '@shoal/base'
import { CipherState } from './cipher-state.ts'
import { NOISE_TAG_BYTES, type NoiseEngine } from './engine.ts'

const HASH_BYTES = 32

export class SymmetricState {
  readonly #engine: NoiseEngine
  #chainingKey: Uint8Array
  #hash: Uint8Array
  #cipher: CipherState | undefined

  constructor(engine: NoiseEngine, protocolName: string) {
    const name = utf8(protocolName)
    this.#engine = engine
    // Shorter names would be padded with zeros; none of ours is short.
    this.#hash =
      name.length > HASH_BYTES ? engine.sha256(name) : concatBytes(name, new Uint8Array(HASH_BYTES - name.length))
    this.#chainingKey = this.#hash
  }

  get hash(): Uint8Array {
    return this.#hash
  }

  /** What a message grows by when it is sealed now: nothing before the first key. */
  get overhead(): number {
    return this.#cipher === undefined ? 0 : NOISE_TAG_BYTES
  }

  mixHash(data: Uint8Array): void {
    this.#hash = this.#engine.sha256(concatBytes(this.#hash, data))
  }

  mixKey(material: Uint8Array): void {
    const [chainingKey, key] = this.#derive(material)
    this.#chainingKey = chainingKey
    this.#cipher = new CipherState(this.#engine, key)
  }

  mixKeyAndHash(material: Uint8Array): void {
    const [chainingKey, hash, key] = this.#derive(material)
    this.#chainingKey = chainingKey
    this.mixHash(hash)
    this.#cipher = new CipherState(this.#engine, key)
  }

  sealAndHash(plaintext: Uint8Array): Uint8Array {
    let sealed = plaintext
    if (this.#cipher !== undefined) {
      sealed = new Uint8Array(plaintext.length + NOISE_TAG_BYTES)
      this.#cipher.seal(plaintext, sealed, this.#hash)
    }
    this.mixHash(sealed)
    return sealed
  }

  openAndHash(sealed: Uint8Array): Uint8Array | undefined {
    let plaintext = sealed
    if (this.#cipher !== undefined) {
      if (sealed.length < NOISE_TAG_BYTES) return undefined
      plaintext = new Uint8Array(sealed.length - NOISE_TAG_BYTES)
      if (!this.#cipher.open(sealed, plaintext, this.#hash)) return undefined
    }
    this.mixHash(sealed)
    return plaintext
  }

  /** The initiator's direction first. */
  split(): readonly [CipherState, CipherState] {
    const [first, second] = this.#derive(new Uint8Array(0))
    return [new CipherState(this.#engine, first), new CipherState(this.#engine, second)]
  }

  /** HKDF (RFC 5869) as Noise section 4.3 has it. */
  #derive(material: Uint8Array): readonly [Uint8Array, Uint8Array, Uint8Array] {
    const { hmac } = this.#engine
    const extracted = hmac(this.#chainingKey, material)
    const first = hmac(extracted, Uint8Array.of(1))
    const second = hmac(extracted, concatBytes(first, Uint8Array.of(2)))
    const third = hmac(extracted, concatBytes(second, Uint8Array.of(3)))
    return [first, second, third]
  }
}
