/** From whatever came in to a record, or the reason why not. Here stands all that can be said without hashing. */

import { isLowerHex } from '@shoal/base'
import { isAddressText, isFields, isSignatureText, isWireTime } from '@shoal/peer'
import { keyProblem } from './key.ts'
import { isNonce } from './nonce.ts'
import type { WireRecord } from './record.ts'
import type { RecordCode } from './record-code.ts'

/** JSON.parse takes any depth, JSON.stringify overflows the stack: what is hashed must be shallow. */
export const VALUE_DEPTH_MAX = 64

/** CRDT types, those of other people among them. */
const TYPE = /^[\x21-\x7e]{1,64}$/
const HASH_DIGITS = 64

export type ParsedRecord =
  | { readonly ok: true; readonly record: WireRecord }
  | { readonly ok: false; readonly code: RecordCode }

/**
 * The record is a new object of exactly tool-db's fields; its value is the very one that came in, since a copy might
 * have another JSON text, and with it another hash.
 */
export function parseRecord(input: unknown): ParsedRecord {
  if (!isFields(input)) return refused('InvalidData')
  const { k, a, n, h, t, s, v, c } = input
  if (typeof k !== 'string' || !isAddressText(a) || !isSignatureText(s)) return refused('InvalidData')
  if (typeof h !== 'string' || !isLowerHex(h, HASH_DIGITS)) return refused('InvalidData')
  if (c !== null && (typeof c !== 'string' || !TYPE.test(c))) return refused('InvalidData')
  if (!isNonce(n)) return refused('InvalidData')
  if (typeof t !== 'number') return refused('InvalidData')
  if (!isWireTime(t)) return refused('InvalidTimestamp')
  if (keyProblem(k) !== undefined) return refused('InvalidKey')
  if (!isShallow(v, VALUE_DEPTH_MAX)) return refused('InvalidData')
  return { ok: true, record: { k, a, n, h, t, s, v, c } }
}

/** True where no path into the value is longer than `depth`; visits each part once, without recursion. */
export function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  let level: object[] = [value]
  for (let left = depth; level.length > 0; left--) {
    if (left === 0) return false
    const below: object[] = []
    for (const container of level) {
      for (const part of Object.values(container)) {
        if (typeof part === 'object' && part !== null) below.push(part)
      }
    }
    level = below
  }
  return true
}

function refused(code: RecordCode): { readonly ok: false; readonly code: RecordCode } {
  return { ok: false, code }
}
