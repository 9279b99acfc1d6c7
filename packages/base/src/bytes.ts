/** Bytes and the texts that stand for them. Nothing here throws on foreign input: a bad text is `undefined`. */

declare class TextEncoder {
  encode(text: string): Uint8Array
  encodeInto(text: string, bytes: Uint8Array): { readonly written: number }
}
declare class TextDecoder {
  constructor(label: string, options: { fatal: boolean; ignoreBOM: boolean })
  decode(bytes: Uint8Array): string
}

/** A synchronous hash, handed to cores by their face (SHA-1 and SHA-256 differ between Node and browsers). */
export interface Hash {
  (input: Uint8Array): Uint8Array
  /** In hex, of bytes or of a text's UTF-8, where the platform does all of it in one call. */
  readonly hex?: (input: string | Uint8Array) => string
}

/** The hash in hex, of bytes or of a text's UTF-8. */
export function hashHex(hash: Hash, input: string | Uint8Array): string {
  if (hash.hex !== undefined) return hash.hex(input)
  return toHex(hash(typeof input === 'string' ? utf8(input) : input))
}

const encoder = new TextEncoder()
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** Writes the text's UTF-8 to the front of `bytes`, which has room for it; how many bytes that are. */
export function utf8Into(text: string, bytes: Uint8Array): number {
  return encoder.encodeInto(text, bytes).written
}

/** How many bytes the text has in UTF-8, or `undefined` where it is not well-formed (half of a surrogate pair). */
export function utf8Length(text: string): number | undefined {
  let length = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) continue
    if (unit < 0x800) {
      length += 1
      continue
    }
    length += 2
    if (unit < 0xd800 || unit > 0xdfff) continue
    const next = unit < 0xdc00 ? text.charCodeAt(i + 1) : Number.NaN
    if (!(next >= 0xdc00 && next <= 0xdfff)) return undefined
    i++ // Two units that give four bytes: 2 of the length, and the 2 added above.
  }
  return length
}

/** The text, or `undefined` where the bytes are not well-formed UTF-8. */
export function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes)
  } catch {
    return undefined
  }
}

/** One character a byte: a cheap, exact `Map` key for bytes. */
export function latin1(bytes: Uint8Array, from = 0, to: number = bytes.length): string {
  let text = ''
  for (let i = from; i < to; i++) text += String.fromCharCode(bytes[i] as number)
  return text
}

export function fromLatin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += HEX[byte]
  return text
}

const LOWER_HEX: Uint8Array = new Uint8Array(128)
for (const digit of '0123456789abcdef') LOWER_HEX[digit.charCodeAt(0)] = 1

/** True for exactly so many hex digits, letters in lower case. A table is twice as quick as a regular expression here. */
export function isLowerHex(text: string, digits: number): boolean {
  if (text.length !== digits) return false
  for (let i = 0; i < digits; i++) if (LOWER_HEX[text.charCodeAt(i)] !== 1) return false
  return true
}

/** The bytes of an even number of hex digits of either case, or `undefined`. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return undefined
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = (hexDigit(text.charCodeAt(2 * i)) << 4) | hexDigit(text.charCodeAt(2 * i + 1))
  }
  return bytes
}

/** Of 0 to 9, A to F, a to f: the low four bits, and 9 more for a letter. */
function hexDigit(unit: number): number {
  return (unit & 15) + (unit > 0x39 ? 9 : 0)
}

export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Negative, zero or positive, byte by byte and then by length. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const out = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const BASE64_VALUES: Uint8Array = new Uint8Array(128).fill(0xff)
for (let i = 0; i < BASE64.length; i++) BASE64_VALUES[BASE64.charCodeAt(i)] = i

/** As in RFC 4648 section 4, without padding. */
export function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const left = Math.min(bytes.length - i, 3)
    const bits = ((bytes[i] as number) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    for (let digit = 0; digit <= left; digit++) text += BASE64[(bits >> (18 - 6 * digit)) & 63]
  }
  return text
}

/** `undefined` for what `toBase64` never gives. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 === 1) return undefined
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4))
  let [bits, count, at] = [0, 0, 0]
  for (let i = 0; i < text.length; i++) {
    const value = BASE64_VALUES[text.charCodeAt(i)] ?? 0xff
    if (value === 0xff) return undefined
    bits = ((bits << 6) | value) & 0xffffff
    count += 6
    if (count < 8) continue
    count -= 8
    bytes[at++] = (bits >> count) & 0xff
  }
  // One text for the same bytes: what is left over is zero.
  return (bits & ((1 << count) - 1)) === 0 ? bytes : undefined
}
