/** Messages of the DHT, written by hand for tests. */

import type { Bencodable } from '../../src/enemies/bencode.ts'
import { krpcAnswer, krpcQuery } from '../../src/enemies/krpc-writer.ts'

export const ID = 'i'.repeat(20)
export const INFO_HASH = 'h'.repeat(20)

export function query(method: string, args: { readonly [key: string]: Bencodable } = {}, extra = {}): Uint8Array {
  return krpcQuery({ transaction: 'aa', method, args: { id: ID, ...args }, extra })
}

export function answer(values: { readonly [key: string]: Bencodable } = {}): Uint8Array {
  return krpcAnswer('aa', { id: ID, ...values })
}

export function compact(host: string, port: number): string {
  const bytes = [...host.split('.').map(Number), port >> 8, port & 255]
  return String.fromCharCode(...bytes)
}
