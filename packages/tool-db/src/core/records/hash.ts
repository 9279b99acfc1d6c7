/** What is hashed, and then signed as text: the value's JSON, the author, the time and the nonce, joined as tool-db does. */

import { type Hash, toHex, utf8 } from '@shoal/base'
import type { WireRecord } from './record.ts'

/** A value that is not there (`undefined`, dropped from JSON) is hashed as the word, as in tool-db. */
export function valueText(value: unknown): string {
  return String(JSON.stringify(value))
}

/** All but the nonce, which proof of work tries out behind it. */
export function hashPrefix(text: string, address: string, time: number): string {
  return text + address + time
}

export function hashOf(prefix: string, nonce: number | string, sha256: Hash): string {
  return toHex(sha256(utf8(prefix + nonce)))
}

export function recordHash(record: Pick<WireRecord, 'v' | 'a' | 't' | 'n'>, sha256: Hash): string {
  return hashOf(hashPrefix(valueText(record.v), record.a, record.t), record.n, sha256)
}
