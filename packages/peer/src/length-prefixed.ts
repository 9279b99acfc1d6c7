/** Texts joined so that they can be split in one way only: each as a 32-bit big-endian length and its UTF-8 bytes. */

import { concatBytes, utf8 } from '@shoal/base'

export function lengthPrefixed(fields: readonly string[]): Uint8Array {
  const parts: Uint8Array[] = []
  for (const field of fields) {
    const bytes = utf8(field)
    const length = bytes.length
    parts.push(Uint8Array.of(length >>> 24, length >>> 16, length >>> 8, length), bytes)
  }
  return concatBytes(...parts)
}
