/** Messages of the DHT as enemies and tests write them: any bencode, so also what no honest node would say. */

import { concatBytes, fromLatin1 } from '@shoal/base'

export type Bencodable = number | string | Uint8Array | readonly Bencodable[] | { readonly [key: string]: Bencodable }

/** Strings are one byte a character; keys are put in order. */
export function bencoded(value: Bencodable): Uint8Array {
  if (typeof value === 'number') return fromLatin1(`i${value}e`)
  if (typeof value === 'string') return fromLatin1(`${value.length}:${value}`)
  if (value instanceof Uint8Array) return concatBytes(fromLatin1(`${value.length}:`), value)
  if (isList(value)) return concatBytes(fromLatin1('l'), ...value.map(bencoded), fromLatin1('e'))
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  const parts = entries.flatMap(([key, item]) => [bencoded(key), bencoded(item)])
  return concatBytes(fromLatin1('d'), ...parts, fromLatin1('e'))
}

function isList(value: Bencodable): value is readonly Bencodable[] {
  return Array.isArray(value)
}

export interface QueryInit {
  readonly transaction: string
  readonly method: string
  readonly args: { readonly [key: string]: Bencodable }
  /** At the top of the message. */
  readonly extra?: { readonly [key: string]: Bencodable }
}

export function krpcQuery({ transaction, method, args, extra = {} }: QueryInit): Uint8Array {
  return bencoded({ t: transaction, y: 'q', q: method, a: args, ...extra })
}

export function krpcAnswer(transaction: string, values: { readonly [key: string]: Bencodable }): Uint8Array {
  return bencoded({ t: transaction, y: 'r', r: values })
}
