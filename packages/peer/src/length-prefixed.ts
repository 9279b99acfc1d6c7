/** Texts joined so that they can be split in one way only: each as a 32-bit big-endian length and its UTF-8 bytes. */

import { utf8 } from '@shoal/base'

/** `room`: where the bytes may stand, if they fit; what was there before is gone. */
export function lengthPrefixed(fields: readonly string[], room?: Uint8Array): Uint8Array {
  let size = 0
  // No UTF-16 unit has more than three bytes.
  for (const { length } of fields) size += 4 + 3 * length
  const out = room !== undefined && size <= room.length ? room : new Uint8Array(size)
  let at = 0
  for (const field of fields) {
    const length = put(field, out, at + 4)
    out[at++] = length >>> 24
    out[at++] = length >>> 16
    out[at++] = length >>> 8
    out[at++] = length
    at += length
  }
  return out.subarray(0, at)
}

/** Nearly all that is put here is short and ASCII: for that, calling the encoder costs more than all the rest. */
function put(text: string, out: Uint8Array, from: number): number {
  const { length } = text
  if (length > HAND_MAX) return encode(text, out, from)
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 0x7f) return encode(text, out, from)
    out[from + i] = unit
  }
  return length
}

function encode(text: string, out: Uint8Array, from: number): number {
  const bytes = utf8(text)
  out.set(bytes, from)
  return bytes.length
}

const HAND_MAX = 256
