/** SHA-1 and Ed25519 (RFC 8032) of Node, with keys as raw bytes, and the forms in which callers may hand us a key. */

import { createHash, createPrivateKey, createPublicKey, KeyObject, sign, verify } from 'node:crypto'
import { bytesEqual, UsageError } from '@shoal/base'
import { type ItemCrypto, PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from '../core/item/item.ts'

const SEED_BYTES = 32
/** What stands before the 32 bytes of a key in its DER form (RFC 8410). */
const SPKI_PREFIX: Uint8Array = Buffer.from('302a300506032b6570032100', 'hex')
const PKCS8_PREFIX: Uint8Array = Buffer.from('302e020100300506032b657004220420', 'hex')

/** Whoever can sign mutable items: anything that keeps the secret to itself. */
export interface ItemSigner {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** The Ed25519 signature of the message, 64 bytes. */
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>
}

/**
 * The key of a mutable item: a private Ed25519 key of Node; or its 32-byte seed; or seed and public key in 64 bytes, as NaCl and
 * libsodium have it; or a signer.
 */
export type ItemKey = KeyObject | Uint8Array | ItemSigner

export const nodeItemCrypto: ItemCrypto = {
  sha1: (input) => createHash('sha1').update(input).digest(),
  verify: (publicKey, message, signature) => {
    try {
      const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' })
      return verify(undefined, message, key, signature)
    } catch {
      // 32 bytes that are no point of the curve: nobody's key.
      return false
    }
  },
}

/** Throws UsageError where the key is none. */
export function signerOf(key: ItemKey): ItemSigner {
  if (key instanceof KeyObject) return keyObjectSigner(key)
  if (key instanceof Uint8Array) return seedSigner(key)
  const { publicKey } = key ?? {}
  if (!(publicKey instanceof Uint8Array) || publicKey.length !== PUBLIC_KEY_BYTES || typeof key.sign !== 'function') {
    throw new UsageError(
      'key must be an Ed25519 private key: a KeyObject, its 32-byte seed, 64 bytes of seed and public key, or { publicKey, sign }',
    )
  }
  return {
    publicKey,
    async sign(message) {
      const signature = await key.sign(message)
      if (signature instanceof Uint8Array && signature.length === SIGNATURE_BYTES) {
        if (nodeItemCrypto.verify(publicKey, message, signature)) return signature
      }
      throw new UsageError('key.sign must give the Ed25519 signature of its message by key.publicKey, 64 bytes')
    },
  }
}

function seedSigner(key: Uint8Array): ItemSigner {
  if (key.length !== SEED_BYTES && key.length !== SEED_BYTES + PUBLIC_KEY_BYTES) {
    throw new UsageError(
      `key must be an Ed25519 seed of 32 bytes, or seed and public key in 64, not ${key.length} bytes`,
    )
  }
  const pkcs8 = Buffer.concat([PKCS8_PREFIX, key.subarray(0, SEED_BYTES)])
  const signer = keyObjectSigner(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }))
  if (key.length > SEED_BYTES && !bytesEqual(signer.publicKey, key.subarray(SEED_BYTES))) {
    throw new UsageError(
      'the last 32 bytes of key are not the public key of the first 32: an expanded secret key is given as { publicKey, sign }',
    )
  }
  return signer
}

function keyObjectSigner(key: KeyObject): ItemSigner {
  if (key.type !== 'private' || key.asymmetricKeyType !== 'ed25519') {
    throw new UsageError(`key must be a private Ed25519 key, not a ${key.type} key of type ${key.asymmetricKeyType}`)
  }
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return {
    publicKey: Uint8Array.from(spki.subarray(-PUBLIC_KEY_BYTES)),
    sign: (message) => Uint8Array.from(sign(undefined, message, key)),
  }
}
