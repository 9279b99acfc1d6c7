/**
 * Nonces. A plain one is tool-db's number. A bound one is a text that also names the topic, the key and the CRDT type,
 * and may say when the record ends; tool-db puts the nonce into the signed hash as text, so that one ordinary signature
 * covers all of them.
 */

import { type Hash, hashHex, type Millis } from '@shoal/base'
import { lengthPrefixed } from '@shoal/peer'

export type Nonce =
  | { readonly kind: 'plain'; readonly counter: number }
  | { readonly kind: 'bound'; readonly counter: number; readonly binding: string; readonly expiry: Millis | undefined }

/** What a bound record is bound to. */
export interface BindingFields {
  readonly topicPublicId: string
  readonly key: string
  /** CRDT type, null for an ordinary value. */
  readonly type: string | null
}

const BOUND = /^2\.(0|[1-9]\d{0,15})\.([0-9a-f]{64})(?:\.([1-9]\d{12}))?$/
/** The dot before an expiry, from the end: in a nonce without one, a digit of the binding stands there. */
const EXPIRY_LENGTH = 14

export function parseNonce(input: unknown): Nonce | undefined {
  if (typeof input === 'number') {
    return Number.isSafeInteger(input) && input >= 0 ? { kind: 'plain', counter: input } : undefined
  }
  const match = typeof input === 'string' ? BOUND.exec(input) : null
  if (match === null) return undefined
  const counter = Number(match[1])
  if (!Number.isSafeInteger(counter)) return undefined
  const expiry = match[3] === undefined ? undefined : Number(match[3])
  return { kind: 'bound', counter, binding: match[2] as string, expiry }
}

/** Of a nonce that was parsed before, when its record ends: whole milliseconds of the Unix epoch. */
export function expiryOf(nonce: number | string): Millis | undefined {
  if (typeof nonce === 'number' || nonce.at(-EXPIRY_LENGTH) !== '.') return undefined
  return Number(nonce.slice(1 - EXPIRY_LENGTH))
}

/** SHA-256, in hex, over the three fields, each with its length before it. */
export function bindingOf(fields: BindingFields, sha256: Hash): string {
  return hashHex(sha256, lengthPrefixed([fields.topicPublicId, fields.key, fields.type ?? '']))
}

export function boundNonce(counter: number, binding: string, expiry?: Millis): string {
  return expiry === undefined ? `2.${counter}.${binding}` : `2.${counter}.${binding}.${expiry}`
}
