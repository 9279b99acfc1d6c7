/**
 * Nonces. A plain one is tool-db's number. A bound one is a text that also names the topic, the key and the CRDT type;
 * tool-db puts the nonce into the signed hash as text, so that one ordinary signature covers them.
 */

import { type Hash, toHex } from '@shoal/base'
import { lengthPrefixed } from '@shoal/peer'

export type Nonce =
  | { readonly kind: 'plain'; readonly counter: number }
  | { readonly kind: 'bound'; readonly counter: number; readonly binding: string }

/** What a bound record is bound to. */
export interface BindingFields {
  readonly topicPublicId: string
  readonly key: string
  /** CRDT type, null for an ordinary value. */
  readonly type: string | null
}

const BOUND = /^2\.(0|[1-9]\d{0,15})\.([0-9a-f]{64})$/

export function parseNonce(input: unknown): Nonce | undefined {
  if (typeof input === 'number') {
    return Number.isSafeInteger(input) && input >= 0 ? { kind: 'plain', counter: input } : undefined
  }
  const match = typeof input === 'string' ? BOUND.exec(input) : null
  if (match === null) return undefined
  const counter = Number(match[1])
  return Number.isSafeInteger(counter) ? { kind: 'bound', counter, binding: match[2] as string } : undefined
}

/** SHA-256, in hex, over the three fields, each with its length before it. */
export function bindingOf(fields: BindingFields, sha256: Hash): string {
  return toHex(sha256(lengthPrefixed([fields.topicPublicId, fields.key, fields.type ?? ''])))
}

export function boundNonce(counter: number, binding: string): string {
  return `2.${counter}.${binding}`
}
