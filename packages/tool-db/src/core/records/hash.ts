/** What is hashed, and then signed as text: the value's JSON, the author, the time and the nonce, joined as tool-db does. */

import { type Hash, hashHex } from '@shoal/base'
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
  return hashHex(sha256, prefix + nonce)
}

/** `text`: of the value, where it is known already. */
export function recordHash(
  record: Pick<WireRecord, 'v' | 'a' | 't' | 'n'>,
  sha256: Hash,
  text: string = valueText(record.v),
): string {
  return hashOf(hashPrefix(text, record.a, record.t), record.n, sha256)
}
