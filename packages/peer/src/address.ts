/**
 * P-256 public keys as text. An address is the two coordinates of the point, each as unpadded base64url, one after
 * the other: 86 characters, as tool-db's ECDSA users write them.
 */

import { compareBytes, fromHex } from '@shoal/base'

/** Base64url of 32 bytes, without padding. */
const COORDINATE_LENGTH = 43
export const ADDRESS_LENGTH: number = 2 * COORDINATE_LENGTH

/** tool-db's `clientId`: the end of the address. */
export const CLIENT_ID_LENGTH = 20

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const DIGITS: ReadonlyMap<string, number> = new Map([...ALPHABET].map((character, value) => [character, value]))

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
  decodeCoordinate(text, 0, point, 1)
  decodeCoordinate(text, COORDINATE_LENGTH, point, 33)
  if (compareBytes(point.subarray(1, 33), FIELD_PRIME) >= 0) return undefined
  if (compareBytes(point.subarray(33), FIELD_PRIME) >= 0) return undefined
  return point
}

/** The address of an uncompressed point of 65 bytes. */
export function addressOfPoint(point: Uint8Array): string {
  return encodeCoordinate(point.subarray(1, 33)) + encodeCoordinate(point.subarray(33, 65))
}

export function clientIdOf(address: string): string {
  return address.slice(-CLIENT_ID_LENGTH)
}

function decodeCoordinate(text: string, from: number, out: Uint8Array, to: number): void {
  let bits = 0
  let held = 0
  let at = to
  for (let i = from; i < from + COORDINATE_LENGTH; i++) {
    held = (held << 6) | (DIGITS.get(text.charAt(i)) as number)
    bits += 6
    if (bits < 8) continue
    bits -= 8
    out[at++] = held >> bits
    held &= (1 << bits) - 1
  }
}

function encodeCoordinate(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let held = 0
  for (const byte of bytes) {
    held = (held << 8) | byte
    bits += 8
    while (bits >= 6) {
      bits -= 6
      text += ALPHABET.charAt(held >> bits)
      held &= (1 << bits) - 1
    }
  }
  return text + ALPHABET.charAt(held << (6 - bits))
}
