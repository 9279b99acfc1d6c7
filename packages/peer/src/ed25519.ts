/** Ed25519 (RFC 8032), handed in like the rest of the arithmetic. The isomorphic one is noble's. */

import { ed25519 } from '@noble/curves/ed25519.js'

export const ED25519_SIGNATURE_BYTES = 64

/** False also for what is no key or no signature at all. */
export type VerifyEd25519 = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean

export const nobleVerifyEd25519: VerifyEd25519 = (publicKey, message, signature) => {
  try {
    return ed25519.verify(signature, message, publicKey)
  } catch {
    return false
  }
}
