/**
 * Just enough bencoding (BEP 3) for enemies and tests to speak: whoever attacks writes his own. Byte strings are texts of one character a
 * byte, dictionaries plain objects whose keys are written in order.
 */

import { fromLatin1, latin1 } from '@shoal/base'

export type Bencoded = string | number | readonly Bencoded[] | { readonly [key: string]: Bencoded }

/** What can be written: bytes as well. */
export type Bencodable = Uint8Array | string | number | readonly Bencodable[] | { readonly [key: string]: Bencodable }

export function encode(value: Bencodable): Uint8Array {
  return fromLatin1(textOf(value))
}

function textOf(value: Bencodable): string {
  if (typeof value === 'string') return `${value.length}:${value}`
  if (typeof value === 'number') return `i${value}e`
  if (value instanceof Uint8Array) return textOf(latin1(value, 0, value.length))
  if (Array.isArray(value)) return `l${value.map(textOf).join('')}e`
  const entries = Object.entries(value as { readonly [key: string]: Bencodable })
  entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return `d${entries.map(([key, item]) => textOf(key) + textOf(item)).join('')}e`
}

/** `undefined` where it is not bencoded. */
export function decode(bytes: Uint8Array): Bencoded | undefined {
  const text = latin1(bytes, 0, bytes.length)
  let at = 0
  const read = (): Bencoded => {
    const sign = text[at]
    if (sign === 'i') {
      const end = text.indexOf('e', at)
      const value = Number(text.slice(at + 1, end))
      at = end + 1
      return value
    }
    if (sign === 'l' || sign === 'd') {
      at++
      const items: Bencoded[] = []
      while (text[at] !== 'e') {
        if (at >= text.length) throw new RangeError('unfinished')
        items.push(read())
      }
      at++
      if (sign === 'l') return items
      return Object.fromEntries(Array.from({ length: items.length >> 1 }, (_, i) => [items[2 * i], items[2 * i + 1]]))
    }
    const colon = text.indexOf(':', at)
    const length = Number(text.slice(at, colon))
    if (colon < 0 || !Number.isInteger(length)) throw new RangeError('no string')
    at = colon + 1 + length
    return text.slice(colon + 1, at)
  }
  try {
    return read()
  } catch {
    return undefined
  }
}
