/** Texts joined so that they can be split in one way only: each as a 32-bit big-endian length and its UTF-8 bytes. */

import { utf8 } from '@shoal/base'

export function lengthPrefixed(fields: readonly string[]): Uint8Array {
  const parts = fields.map(utf8)
  let size = 0
  for (const { length } of parts) size += 4 + length
  const out = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    const { length } = part
    out[at++] = length >>> 24
    out[at++] = length >>> 16
    out[at++] = length >>> 8
    out[at++] = length
    out.set(part, at)
    at += length
  }
  return out
}
