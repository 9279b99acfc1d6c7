/**
 * Items (BEP 44). The value of an item is kept as the bytes that it was encoded in, because hash and signature are over
 * these. Sequence numbers are bigints: the specification allows them up to 2^63 - 1.
 */

import { bytesEqual, concatBytes, type Hash, utf8 } from '@shoal/base'

/** Bytes of the encoded value. */
export const VALUE_MAX = 1_000
export const SALT_MAX = 64
export const PUBLIC_KEY_BYTES = 32
export const SIGNATURE_BYTES = 64
export const SEQ_MAX: bigint = 2n ** 63n - 1n

/** An Ed25519 signature, checked at once. */
export type Verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean

/** Handed to the core, since platforms have them under different names. */
export interface ItemCrypto {
  readonly sha1: Hash
  readonly verify: Verify
}

/** What makes an item mutable. */
export interface Signed {
  readonly publicKey: Uint8Array
  readonly signature: Uint8Array
  readonly seq: bigint
}

export interface Item {
  /** Canonically bencoded. */
  readonly value: Uint8Array
  /** `undefined` where the item is immutable. */
  readonly signed: Signed | undefined
}

export function immutableTarget(value: Uint8Array, sha1: Hash): Uint8Array {
  return sha1(value)
}

/** No salt and an empty one are the same. */
export function mutableTarget(publicKey: Uint8Array, salt: Uint8Array, sha1: Hash): Uint8Array {
  return sha1(concatBytes(publicKey, salt))
}

/** A copy of its own: `slice` of a Node Buffer would keep the whole datagram. */
export function copyBytes(bytes: Uint8Array, at: number, length: number): Uint8Array {
  return new Uint8Array(bytes.subarray(at, at + length))
}

/** What is signed: `4:salt…3:seqi…e1:v…`, without the salt where it is empty. */
export function signedMessage(salt: Uint8Array, seq: bigint, value: Uint8Array): Uint8Array {
  const head = salt.length === 0 ? [] : [utf8(`4:salt${salt.length}:`), salt]
  return concatBytes(...head, utf8(`3:seqi${seq}e1:v`), value)
}

/** Whether the item belongs under the target: its value hashes to it, or its key does and the signature holds. */
export function isGenuine(
  target: Uint8Array,
  item: Item,
  { salt, crypto }: { salt: Uint8Array; crypto: ItemCrypto },
): boolean {
  const { value, signed } = item
  if (value.length > VALUE_MAX) return false
  if (signed === undefined) return bytesEqual(immutableTarget(value, crypto.sha1), target)
  const { publicKey, signature, seq } = signed
  if (!bytesEqual(mutableTarget(publicKey, salt, crypto.sha1), target)) return false
  return crypto.verify(publicKey, signedMessage(salt, seq, value), signature)
}
