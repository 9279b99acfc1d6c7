/** Snappy's block format, read (format_description.txt of google/snappy): what LevelDB compresses its blocks with. */

import { FieldReader } from './field-reader.ts'

/** `undefined` for what is not Snappy, or longer than `lengthMax`. */
export function uncompressed(input: Uint8Array, lengthMax: number): Uint8Array | undefined {
  const header = new FieldReader(input)
  const length = header.varint()
  if (length === undefined || length > lengthMax) return undefined
  const output = new Uint8Array(length)
  let to = 0
  for (let at = header.at; at < input.length; ) {
    const tag = input[at++] as number
    if ((tag & 3) === 0) {
      const literal = literalLength(input, at, tag >> 2)
      const end = literal.at + literal.length
      if (end > input.length || to + literal.length > length) return undefined
      output.set(input.subarray(literal.at, end), to)
      to += literal.length
      at = end
      continue
    }
    const copy = copyOf(input, at, tag)
    if (copy.offset === 0 || copy.offset > to || to + copy.length > length) return undefined
    // Byte by byte: a copy may reach into what it writes.
    for (let i = 0; i < copy.length; i++, to++) output[to] = output[to - copy.offset] as number
    at = copy.at
  }
  return to === length ? output : undefined
}

function literalLength(input: Uint8Array, at: number, code: number): { length: number; at: number } {
  if (code < 60) return { length: code + 1, at }
  const bytes = code - 59
  return { length: littleEndian(input, at, bytes) + 1, at: at + bytes }
}

function copyOf(input: Uint8Array, at: number, tag: number): { length: number; offset: number; at: number } {
  switch (tag & 3) {
    case 1:
      return { length: ((tag >> 2) & 7) + 4, offset: ((tag >> 5) << 8) | (input[at] ?? 0), at: at + 1 }
    case 2:
      return { length: (tag >> 2) + 1, offset: littleEndian(input, at, 2), at: at + 2 }
    default:
      return { length: (tag >> 2) + 1, offset: littleEndian(input, at, 4), at: at + 4 }
  }
}

function littleEndian(input: Uint8Array, at: number, bytes: number): number {
  let value = 0
  for (let i = 0; i < bytes; i++) value += (input[at + i] ?? 0) * 2 ** (8 * i)
  return value
}
