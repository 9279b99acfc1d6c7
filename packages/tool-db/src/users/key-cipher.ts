/** Texts sealed with a key (AES-GCM), with the names and shapes of @tool-db/ecdsa-user. */

import { fromHex, toHex, utf8, utf8Text } from '@shoal/base'
import { isFields } from '@shoal/peer'
import { base64ToUint8, uint8ToBase64 } from '../compat/encoding.ts'
import { AccountError } from './account-error.ts'
import { type CryptoKey, generateIv, getCrypto, importKey } from './native-keys.ts'

export interface EncryptedData {
  /** tool-db's base64. */
  iv: string
  /** Hex, with the tag. */
  ct: string
}

/** 32 bytes in hex, as `generateGroupKey` makes them. Throws UsageError for anything else. */
export function importAESKey(hexKey: string): Promise<CryptoKey> {
  const wanted = 'the key must be 32 bytes in hex'
  const algorithm = { name: 'AES-GCM', length: 256 }
  // Of other lengths AES would take two as well.
  const hex = typeof hexKey === 'string' && hexKey.length === 64 ? hexKey : ''
  return importKey(hex, { format: 'raw', algorithm, extractable: false, usages: ['encrypt', 'decrypt'], wanted })
}

export async function encryptWithKey(message: string, key: CryptoKey): Promise<EncryptedData> {
  const { iv, bytes } = await sealBytes(utf8(message), key)
  return { iv, ct: bytes }
}

/** Throws AccountError (`SHOAL_WRONG_KEY`) where it was sealed with another key, or is damaged. */
export async function decryptWithKey(encrypted: EncryptedData, key: CryptoKey): Promise<string> {
  const bytes = await openBytes(isFields(encrypted) ? { iv: encrypted.iv, bytes: encrypted.ct } : {}, key)
  const text = utf8Text(bytes)
  if (text === undefined) throw wrongKey()
  return text
}

export async function sealBytes(bytes: Uint8Array, key: CryptoKey): Promise<{ iv: string; bytes: string }> {
  const iv = generateIv()
  const sealed = await getCrypto().subtle.encrypt({ name: 'AES-GCM', iv }, key, new Uint8Array(bytes))
  return { iv: uint8ToBase64(iv), bytes: toHex(new Uint8Array(sealed)) }
}

/** Whoever sealed it is a stranger: any text that can't be opened is one error. */
export async function openBytes(
  sealed: { readonly iv?: unknown; readonly bytes?: unknown },
  key: CryptoKey,
): Promise<Uint8Array> {
  const { iv, bytes } = sealed
  const data = typeof bytes === 'string' ? fromHex(bytes) : undefined
  if (typeof iv !== 'string' || data === undefined) throw wrongKey()
  try {
    const algorithm = { name: 'AES-GCM', iv: new Uint8Array(base64ToUint8(iv)) }
    return new Uint8Array(await getCrypto().subtle.decrypt(algorithm, key, new Uint8Array(data)))
  } catch (cause) {
    throw wrongKey(cause)
  }
}

function wrongKey(cause?: unknown): AccountError {
  return new AccountError('SHOAL_WRONG_KEY', 'this was sealed with another key, or is damaged', { cause })
}
