/** Queries and answers of the DHT as enemies and tests write them, also such as no honest node would send. */

import { type Bencodable, encode } from './bencode.ts'

export interface QueryInit {
  readonly transaction: string
  readonly method: string
  readonly args: { readonly [key: string]: Bencodable }
  /** At the top of the message. */
  readonly extra?: { readonly [key: string]: Bencodable }
}

export function krpcQuery({ transaction, method, args, extra = {} }: QueryInit): Uint8Array {
  return encode({ t: transaction, y: 'q', q: method, a: args, ...extra })
}

export function krpcAnswer(transaction: string, values: { readonly [key: string]: Bencodable }): Uint8Array {
  return encode({ t: transaction, y: 'r', r: values })
}
