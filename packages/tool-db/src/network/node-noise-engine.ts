/** Noise's arithmetic by OpenSSL: X25519 in a twentieth of the time that JavaScript takes, ciphers in a sixth. */

import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hash,
  type KeyObject,
} from 'node:crypto'
import { NOISE_TAG_BYTES, type NoiseEngine, type NoiseKeyPair } from '@shoal/peer'

const CIPHER = 'chacha20-poly1305'
const LENGTHS = { authTagLength: NOISE_TAG_BYTES }
/** What stands before the 32 bytes of a key in PKCS#8 and SPKI (RFC 8410). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex')
const SPKI_PREFIX = Buffer.from('302a300506032b656e032100', 'hex')

export const NODE_NOISE: NoiseEngine = {
  keyPair: (secret) =>
    secret === undefined ? pairOf(generateKeyPairSync('x25519').privateKey) : pairOf(imported(secret)),
  sharedSecret: (secret, publicKey) => {
    try {
      const key = Buffer.concat([SPKI_PREFIX, publicKey])
      return diffieHellman({
        privateKey: secret as KeyObject,
        publicKey: createPublicKey({ key, format: 'der', type: 'spki' }),
      })
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

function imported(secret: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, secret]), format: 'der', type: 'pkcs8' })
}

function pairOf(secret: KeyObject): NoiseKeyPair {
  // As a JWK the public half comes thirty times as fast as in SPKI.
  return { publicKey: Buffer.from(secret.export({ format: 'jwk' }).x as string, 'base64url'), secret }
}
