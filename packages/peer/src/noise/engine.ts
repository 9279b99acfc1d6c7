/** The arithmetic behind Noise. The isomorphic one is noble's; whoever has a quicker one hands it in. All of it is synchronous. */

import type { Hash } from '@shoal/base'

export const NOISE_KEY_BYTES = 32
export const NOISE_TAG_BYTES = 16

/** X25519. What `secret` holds is the engine's own affair. */
export interface NoiseKeyPair {
  readonly publicKey: Uint8Array
  readonly secret: object
}

export interface NoiseEngine {
  /** A fresh pair, or the one of these 32 bytes. */
  keyPair(secret?: Uint8Array): NoiseKeyPair
  /** `undefined` where the public key is none, or one of those that give the same secret with everybody (RFC 7748 section 6.1). */
  sharedSecret(secret: object, publicKey: Uint8Array): Uint8Array | undefined
  readonly sha256: Hash
  /** HMAC-SHA-256. */
  hmac(key: Uint8Array, data: Uint8Array): Uint8Array
  /** ChaCha20-Poly1305 (RFC 8439) into `out`, which is NOISE_TAG_BYTES longer than the plaintext. */
  seal(box: SealedBox, plaintext: Uint8Array, out: Uint8Array): void
  /** Into `out`, which is NOISE_TAG_BYTES shorter than the ciphertext. False where it was not sealed so; `out` is then of no use. */
  open(box: SealedBox, ciphertext: Uint8Array, out: Uint8Array): boolean
}

export interface SealedBox {
  readonly key: Uint8Array
  /** 12 bytes. */
  readonly nonce: Uint8Array
  /** Signed along, not sent. */
  readonly data: Uint8Array
}
