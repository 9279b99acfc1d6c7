/**
 * Nonces. A plain one is tool-db's number. A bound one is a text that also names the topic, the key and the CRDT type,
 * and may say when the record ends; tool-db puts the nonce into the signed hash as text, so that one ordinary signature
 * covers all of them.
 */

import { type Hash, hashHex, type Millis } from '@shoal/base'
import { lengthPrefixed } from '@shoal/peer'

/** What a bound record is bound to. */
export interface BindingFields {
  readonly topicPublicId: string
  readonly key: string
  /** CRDT type, null for an ordinary value. */
  readonly type: string | null
}

const BOUND = /^2\.(?:0|[1-9]\d{0,15})\.[0-9a-f]{64}(?:\.[1-9]\d{12})?$/
const COUNTER_START = 2
const BINDING_LENGTH = 64
/** The dot before an expiry, from the end: in a nonce without one, a digit of the binding stands there. */
const EXPIRY_LENGTH = 14

/** A plain nonce, or a bound one of the one form that it may have. */
export function isNonce(input: unknown): input is number | string {
  if (typeof input === 'number') return Number.isSafeInteger(input) && input >= 0
  if (typeof input !== 'string' || !BOUND.test(input)) return false
  return Number.isSafeInteger(Number(input.slice(COUNTER_START, counterEnd(input))))
}

/** What a record with this bound nonce was bound to. */
export function bindingIn(nonce: string): string {
  const start = counterEnd(nonce) + 1
  return nonce.slice(start, start + BINDING_LENGTH)
}

/** When the record ends: whole milliseconds of the Unix epoch. */
export function expiryOf(nonce: number | string): Millis | undefined {
  if (typeof nonce === 'number' || nonce.charAt(nonce.length - EXPIRY_LENGTH) !== '.') return undefined
  return Number(nonce.slice(1 - EXPIRY_LENGTH))
}

function counterEnd(nonce: string): number {
  return nonce.indexOf('.', COUNTER_START)
}

/** For what is hashed and forgotten: fresh bytes would cost more than their hash. */
const ROOM = new Uint8Array(4_096)

/** SHA-256, in hex, over the three fields, each with its length before it. */
export function bindingOf(fields: BindingFields, sha256: Hash): string {
  return hashHex(sha256, lengthPrefixed([fields.topicPublicId, fields.key, fields.type ?? ''], ROOM))
}

export function boundNonce(counter: number, binding: string, expiry?: Millis): string {
  return expiry === undefined ? `2.${counter}.${binding}` : `2.${counter}.${binding}.${expiry}`
}
