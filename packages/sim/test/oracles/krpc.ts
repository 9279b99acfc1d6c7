/** Messages of the DHT, written by hand for tests. */

import { concatBytes, fromLatin1 } from '@shoal/base'

export type Value = number | string | Uint8Array | readonly Value[] | { readonly [key: string]: Value }

/** Bencode; strings are one byte a character. */
export function bencoded(value: Value): Uint8Array {
  if (typeof value === 'number') return fromLatin1(`i${value}e`)
  if (typeof value === 'string') return fromLatin1(`${value.length}:${value}`)
  if (value instanceof Uint8Array) return concatBytes(fromLatin1(`${value.length}:`), value)
  if (Array.isArray(value)) return concatBytes(fromLatin1('l'), ...value.map(bencoded), fromLatin1('e'))
  const entries = Object.entries(value as { [key: string]: Value }).sort(([a], [b]) => (a < b ? -1 : 1))
  const parts = entries.flatMap(([key, item]) => [bencoded(key), bencoded(item)])
  return concatBytes(fromLatin1('d'), ...parts, fromLatin1('e'))
}

export const ID = 'i'.repeat(20)
export const INFO_HASH = 'h'.repeat(20)

export function query(method: string, args: { readonly [key: string]: Value } = {}, extra = {}): Uint8Array {
  return bencoded({ t: 'aa', y: 'q', q: method, a: { id: ID, ...args }, ...extra })
}

export function answer(values: { readonly [key: string]: Value } = {}): Uint8Array {
  return bencoded({ t: 'aa', y: 'r', r: { id: ID, ...values } })
}

export function compact(host: string, port: number): string {
  const bytes = [...host.split('.').map(Number), port >> 8, port & 255]
  return String.fromCharCode(...bytes)
}
