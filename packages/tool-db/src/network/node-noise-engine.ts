/** Noise's arithmetic by OpenSSL: X25519 in a twentieth of the time that JavaScript takes, ciphers in a sixth. */

import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hash,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import { NOISE_KEY_BYTES, NOISE_TAG_BYTES, type NoiseEngine, type NoiseKeyPair } from '@shoal/peer'

const CIPHER = 'chacha20-poly1305'
const LENGTHS = { authTagLength: NOISE_TAG_BYTES }
/** A JWK (RFC 8037) is read ten times as fast as SPKI or PKCS#8. */
const X25519 = { kty: 'OKP', crv: 'X25519' }
/** A private JWK has to have a public half, which OpenSSL makes anew from the private one. */
const ANY_PUBLIC_KEY = Buffer.alloc(NOISE_KEY_BYTES).toString('base64url')

export const NODE_NOISE: NoiseEngine = {
  // Not by generateKeyPairSync: in Node 20, should its job be collected while the key is exported, the process hangs for ever.
  keyPair: (secret) => pairOf(secretKeyOf(secret ?? randomBytes(NOISE_KEY_BYTES))),
  sharedSecret: (secret, publicKey) => {
    try {
      return diffieHellman({ privateKey: secret as KeyObject, publicKey: publicKeyOf(publicKey) })
    } catch {
      return undefined
    }
  },
  sha256: (bytes) => hash('sha256', bytes, 'buffer'),
  hmac: (key, data) => createHmac('sha256', key).update(data).digest(),
  seal: ({ key, nonce, data }, plaintext, out) => {
    const cipher = createCipheriv(CIPHER, key, nonce, LENGTHS)
    if (data.length > 0) cipher.setAAD(data, { plaintextLength: plaintext.length })
    out.set(cipher.update(plaintext))
    cipher.final()
    out.set(cipher.getAuthTag(), plaintext.length)
  },
  open: ({ key, nonce, data }, ciphertext, out) => {
    const decipher = createDecipheriv(CIPHER, key, nonce, LENGTHS)
    const length = ciphertext.length - NOISE_TAG_BYTES
    decipher.setAuthTag(ciphertext.subarray(length))
    if (data.length > 0) decipher.setAAD(data, { plaintextLength: length })
    const plaintext = decipher.update(ciphertext.subarray(0, length))
    try {
      decipher.final()
    } catch {
      return false
    }
    out.set(plaintext)
    return true
  },
}

function secretKeyOf(secret: Uint8Array): KeyObject {
  const key = { ...X25519, d: Buffer.from(secret).toString('base64url'), x: ANY_PUBLIC_KEY }
  return createPrivateKey({ key, format: 'jwk' })
}

function publicKeyOf(bytes: Uint8Array): KeyObject {
  return createPublicKey({ key: { ...X25519, x: Buffer.from(bytes).toString('base64url') }, format: 'jwk' })
}

function pairOf(secret: KeyObject): NoiseKeyPair {
  return { publicKey: Buffer.from(secret.export({ format: 'jwk' }).x as string, 'base64url'), secret }
}
