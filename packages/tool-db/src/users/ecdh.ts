/** Keys that two people agree on (ECDH over P-256), with the names and texts of @tool-db/ecdsa-user. */

import { toHex } from '@shoal/base'
import { type CryptoKey, ECDH, generateKeyPair, getCrypto, importKey } from './native-keys.ts'

export interface ECDHKeyPair {
  /** SPKI, hex. */
  publicKey: string
  /** PKCS#8, hex. */
  privateKey: string
}

export async function generateECDHKeyPair(): Promise<ECDHKeyPair> {
  const { subtle } = getCrypto()
  const { publicKey, privateKey } = await generateKeyPair('ECDH', true)
  const hex = async (format: 'spki' | 'pkcs8', key: CryptoKey): Promise<string> =>
    toHex(new Uint8Array(await subtle.exportKey(format, key)))
  return { publicKey: await hex('spki', publicKey), privateKey: await hex('pkcs8', privateKey) }
}

/** Throws UsageError for anything but a P-256 key as SPKI in hex. */
export function importECDHPublicKey(hexKey: string): Promise<CryptoKey> {
  const wanted = 'the public key must be a P-256 key as SPKI in hex'
  return importKey(hexKey, { format: 'spki', algorithm: ECDH, extractable: true, usages: [], wanted })
}

/** Throws UsageError for anything but a P-256 key as PKCS#8 in hex. */
export function importECDHPrivateKey(hexKey: string): Promise<CryptoKey> {
  const wanted = 'the private key must be a P-256 key as PKCS#8 in hex'
  const usages = ['deriveKey', 'deriveBits'] as const
  return importKey(hexKey, { format: 'pkcs8', algorithm: ECDH, extractable: true, usages, wanted })
}

/** The key for AES-GCM (256 bits) that both sides come to; it can't be exported. */
export function deriveSharedKey(ourPrivateKey: CryptoKey, theirPublicKey: CryptoKey): Promise<CryptoKey> {
  const aes = { name: 'AES-GCM', length: 256 }
  const agreement = { name: 'ECDH', public: theirPublicKey }
  return getCrypto().subtle.deriveKey(agreement, ourPrivateKey, aes, false, ['encrypt', 'decrypt'])
}
