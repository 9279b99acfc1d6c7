/**
 * tool-db's encoding functions. Its base64 goes through UTF-8 twice (each byte above 127 becomes two), and accounts
 * are stored that way, so ours does the same.
 */

import { fromLatin1, latin1, toHex, utf8, utf8Length, utf8Text } from '@shoal/base'

/** The UTF-8 bytes of a text, in a buffer of exactly their length. */
export function stringToArrayBuffer(text: string): ArrayBuffer {
  return exactBuffer(utf8(text))
}

/** Broken UTF-8 becomes U+FFFD, and a byte order mark is dropped. */
export function arrayBufferToString(buffer: ArrayBuffer): string {
  return new TextDecoder().decode(buffer)
}

export function arrayBufferToHex(buffer: ArrayBuffer): string {
  return toHex(new Uint8Array(buffer))
}

/** Takes every pair of hex digits that stand together, and passes over the rest. */
export function hexToArrayBuffer(hex: string): ArrayBuffer {
  return exactBuffer(hexToUint8(hex))
}

export function hexToUint8(hex: string): Uint8Array {
  // In capitals first, as tool-db does: a letter such as the ligature ff becomes two digits there.
  return Uint8Array.from(hex.toUpperCase().match(/[0-9A-F]{2}/g) ?? [], (pair) => Number.parseInt(pair, 16))
}

/** One character for every two digits; what is no hex becomes U+0000. */
export function hexToString(hex: string): string {
  let text = ''
  for (let at = 0; at < hex.length; at += 2) {
    text += String.fromCharCode(Number.parseInt(hex.slice(at, at + 2), 16))
  }
  return text
}

/** Throws URIError for half of a surrogate pair. */
export function toBase64(text: string): string {
  if (utf8Length(text) === undefined) throw new URIError('the text is not well-formed Unicode')
  return btoa(latin1(utf8(text)))
}

/** Throws for what is not base64, or not UTF-8 underneath. */
export function fromBase64(base64: string): string {
  const text = utf8Text(fromLatin1(atob(base64)))
  if (text === undefined) throw new URIError('the base64 does not hold UTF-8')
  return text
}

export function uint8ToBase64(bytes: Uint8Array): string {
  return toBase64(latin1(bytes))
}

export function base64ToUint8(base64: string): Uint8Array {
  return fromLatin1(fromBase64(base64))
}

function exactBuffer(bytes: Uint8Array): ArrayBuffer {
  const buffer = new ArrayBuffer(bytes.length)
  new Uint8Array(buffer).set(bytes)
  return buffer
}
