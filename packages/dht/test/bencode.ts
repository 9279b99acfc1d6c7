/** A plain bencode codec for tests, written apart from the code under test: what goes out is checked by other eyes. */

import { fromLatin1, latin1 } from '@shoal/base'

export type Bencoded = number | string | Bencoded[] | { [key: string]: Bencoded }

/** Strings are one character a byte. Keys are written in the order given. */
export function encode(value: Bencoded): string {
  if (typeof value === 'number') return `i${value}e`
  if (typeof value === 'string') return `${value.length}:${value}`
  if (Array.isArray(value)) return `l${value.map(encode).join('')}e`
  return `d${Object.entries(value)
    .map(([key, entry]) => encode(key) + encode(entry))
    .join('')}e`
}

export function packet(value: Bencoded): Uint8Array {
  return fromLatin1(encode(value))
}

export function decode(bytes: Uint8Array): Bencoded {
  const text = latin1(bytes)
  let at = 0
  const read = (): Bencoded => {
    const kind = text[at]
    if (kind === 'i') {
      const end = text.indexOf('e', at)
      const value = Number(text.slice(at + 1, end))
      at = end + 1
      return value
    }
    if (kind === 'l' || kind === 'd') {
      at++
      const values: Bencoded[] = []
      while (text[at] !== 'e') {
        if (at >= text.length) throw new Error('truncated')
        values.push(read())
      }
      at++
      if (kind === 'l') return values
      const keys = values.filter((_, i) => i % 2 === 0) as string[]
      if (keys.some((key, i) => i > 0 && (keys[i - 1] as string) >= key)) throw new Error(`keys not in order: ${keys}`)
      return Object.fromEntries(keys.map((key, i) => [key, values[2 * i + 1] as Bencoded]))
    }
    const colon = text.indexOf(':', at)
    const length = Number(text.slice(at, colon))
    if (!Number.isInteger(length)) throw new Error(`no length at ${at}`)
    at = colon + 1 + length
    return text.slice(colon + 1, at)
  }
  const value = read()
  if (at !== text.length) throw new Error('bytes behind the value')
  return value
}

/** Follows keys and indices into a decoded value; `undefined` where the way ends. */
export function dig(value: Bencoded | undefined, ...path: (string | number)[]): Bencoded | undefined {
  let here: Bencoded | undefined = value
  for (const step of path) {
    if (typeof here !== 'object') return undefined
    here = (here as Record<string | number, Bencoded>)[step]
  }
  return here
}
