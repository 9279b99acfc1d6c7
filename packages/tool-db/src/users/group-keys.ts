/** A group's key, sealed for one member at a time, with the names and shapes of @tool-db/ecdsa-user. */

import { fromHex, toHex, UsageError } from '@shoal/base'
import { isFields } from '@shoal/peer'
import { deriveSharedKey, importECDHPrivateKey, importECDHPublicKey } from './ecdh.ts'
import { openBytes, sealBytes } from './key-cipher.ts'

export interface WrappedGroupKey {
  /** tool-db's base64. */
  iv: string
  /** Hex, with the tag. */
  key: string
}

/** Only the member whose public key this is can open it, with `ourPrivateKeyHex`'s public half. Throws UsageError for what is no key. */
export async function wrapGroupKey(
  groupKey: string,
  ourPrivateKeyHex: string,
  theirPublicKeyHex: string,
): Promise<WrappedGroupKey> {
  const bytes = typeof groupKey === 'string' ? fromHex(groupKey) : undefined
  if (bytes === undefined || bytes.length === 0) throw new UsageError('the group key must be hex')
  const shared = await sharedKey(ourPrivateKeyHex, theirPublicKeyHex)
  const { iv, bytes: key } = await sealBytes(bytes, shared)
  return { iv, key }
}

/** Throws AccountError (`SHOAL_WRONG_KEY`) where it was wrapped for another, by another, or is damaged. */
export async function unwrapGroupKey(
  wrappedKey: WrappedGroupKey,
  ourPrivateKeyHex: string,
  senderPublicKeyHex: string,
): Promise<string> {
  const shared = await sharedKey(ourPrivateKeyHex, senderPublicKeyHex)
  return toHex(await openBytes(isFields(wrappedKey) ? { iv: wrappedKey.iv, bytes: wrappedKey.key } : {}, shared))
}

async function sharedKey(privateKey: string, publicKey: string): ReturnType<typeof deriveSharedKey> {
  return deriveSharedKey(await importECDHPrivateKey(privateKey), await importECDHPublicKey(publicKey))
}
