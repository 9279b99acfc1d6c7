/** Noise's arithmetic in plain JavaScript: the same in every browser, audited, and constant-time as far as the language allows. */

import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { x25519 } from '@noble/curves/ed25519.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import type { RandomSource } from '@shoal/base'
import { NOISE_KEY_BYTES, type NoiseEngine } from './engine.ts'

interface NobleSecret {
  readonly bytes: Uint8Array
}

export function nobleEngine(random: RandomSource): NoiseEngine {
  return {
    keyPair: (secret = random.bytes(NOISE_KEY_BYTES)) => {
      const held: NobleSecret = { bytes: secret }
      return { publicKey: x25519.getPublicKey(secret), secret: held }
    },
    sharedSecret: (secret, publicKey) => {
      try {
        return x25519.getSharedSecret((secret as NobleSecret).bytes, publicKey)
      } catch {
        return undefined
      }
    },
    sha256: (bytes) => sha256(bytes),
    hmac: (key, data) => hmac(sha256, key, data),
    seal: ({ key, nonce, data }, plaintext, out) => {
      chacha20poly1305(key, nonce, data).encrypt(plaintext, out)
    },
    open: ({ key, nonce, data }, ciphertext, out) => {
      try {
        chacha20poly1305(key, nonce, data).decrypt(ciphertext, out)
        return true
      } catch {
        return false
      }
    },
  }
}
