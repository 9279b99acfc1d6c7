/**
 * P-256 public keys as text. An address is the two coordinates of the point, each as unpadded base64url, one after
 * the other: 86 characters, as tool-db's ECDSA users write them.
 */

import { compareBytes, fromHex } from '@shoal/base'
import { fromBase64Url, toBase64Url } from './base64url.ts'

/** Base64url of 32 bytes, without padding. */
const COORDINATE_LENGTH = 43
export const ADDRESS_LENGTH: number = 2 * COORDINATE_LENGTH

/** tool-db's `clientId`: the end of the address. */
export const CLIENT_ID_LENGTH = 20

// The last character of a coordinate holds four bits of it and two that must be zero: with other characters
// there, one key would have sixteen addresses.
const ADDRESS = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048][A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/

/** The prime of the field (FIPS 186-5, P-256): a coordinate is below it, or one point could be written twice. */
const FIELD_PRIME = fromHex('ffffffff00000001000000000000000000000000ffffffffffffffffffffffff') as Uint8Array

/** True for the canonical text of a pair of coordinates; whether the point is on the curve shows at its first use. */
export function isEcdsaAddress(text: string): boolean {
  return typeof text === 'string' && pointOfAddress(text) !== undefined
}

/** The uncompressed point (0x04, x, y: 65 bytes) of an address, or `undefined` where it is not canonical. */
export function pointOfAddress(text: string): Uint8Array | undefined {
  if (text.length !== ADDRESS_LENGTH || !ADDRESS.test(text)) return undefined
  const point = new Uint8Array(65)
  point[0] = 4
  point.set(fromBase64Url(text.slice(0, COORDINATE_LENGTH)) as Uint8Array, 1)
  point.set(fromBase64Url(text.slice(COORDINATE_LENGTH)) as Uint8Array, 33)
  if (compareBytes(point.subarray(1, 33), FIELD_PRIME) >= 0) return undefined
  if (compareBytes(point.subarray(33), FIELD_PRIME) >= 0) return undefined
  return point
}

/** The address of an uncompressed point of 65 bytes. */
export function addressOfPoint(point: Uint8Array): string {
  return toBase64Url(point.subarray(1, 33)) + toBase64Url(point.subarray(33, 65))
}

export function clientIdOf(address: string): string {
  return address.slice(-CLIENT_ID_LENGTH)
}
