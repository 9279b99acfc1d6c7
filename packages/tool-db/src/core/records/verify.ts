/**
 * The synchronous part of full verification: all but the signature, which is the caller's next step, and custom
 * verification. The hash is always checked, whatever `pow` is: the signature covers the value only through it.
 */

import type { Hash, Millis } from '@shoal/base'
import { CLOCK_AHEAD_MAX_MS } from '@shoal/peer'
import { recordHash, valueText } from './hash.ts'
import { type Namespace, namespaceOf } from './key.ts'
import { bindingIn, bindingOf, expiryOf } from './nonce.ts'
import type { WireRecord } from './record.ts'
import type { RecordCode } from './record-code.ts'
import { hasWork } from './work.ts'
import { DELETED } from './write.ts'

export interface RecordRules {
  /** Leading zeros of the hash; null for none. */
  readonly pow: number | null
  /** compatible takes plain records too; strict only bound ones. */
  readonly records: 'compatible' | 'strict'
  /** Public ids of topics whose bound records are taken: our own, then those of `acceptTopics`. */
  readonly topics: readonly string[]
  /** The user adapter's word on addresses: exact length, canonical form. */
  isAddress(text: string): boolean
  readonly sha256: Hash
}

export type RecordCheck =
  /** `valueText`: the JSON of the value, which whoever stores or hands on the record need not make again. */
  | { readonly ok: true; readonly bound: boolean; readonly namespace: Namespace; readonly valueText: string }
  | { readonly ok: false; readonly code: RecordCode }

export function checkRecord(record: WireRecord, rules: RecordRules, now: Millis): RecordCheck {
  const namespace = namespaceOf(record.k)
  const early = cheapFault(record, namespace, { rules, now })
  if (early !== undefined) return { ok: false, code: early }
  const text = valueText(record.v)
  const code = contentFault(record, rules, text)
  if (code !== undefined) return { ok: false, code }
  return { ok: true, bound: typeof record.n === 'string', namespace, valueText: text }
}

/** Of a record that was hashed and bound here a moment ago: all that does not follow from how it was made. */
export function ownFault(record: WireRecord, rules: RecordRules, now: Millis): RecordCode | undefined {
  return cheapFault(record, namespaceOf(record.k), { rules, now }) ?? meaningFault(record)
}

function cheapFault(
  record: WireRecord,
  namespace: Namespace,
  { rules, now }: { readonly rules: RecordRules; readonly now: Millis },
): RecordCode | undefined {
  if (record.t > now + CLOCK_AHEAD_MAX_MS) return 'InvalidTimestamp'
  if (isExpired(record, now)) return 'Expired'
  if (!rules.isAddress(record.a)) return 'InvalidData'
  if (namespace.kind === 'private' && namespace.owner !== record.a) return 'AddressMismatch'
  if (typeof record.n === 'number' && rules.records === 'strict') return 'UnboundRecord'
  return hasWork(record.h, rules.pow) ? undefined : 'NoProofOfWork'
}

function contentFault(record: WireRecord, rules: RecordRules, text: string): RecordCode | undefined {
  if (typeof record.n === 'string' && !isBoundHere(record, bindingIn(record.n), rules)) return 'InvalidBinding'
  const fault = meaningFault(record)
  if (fault !== undefined) return fault
  return recordHash(record, rules.sha256, text) === record.h ? undefined : 'InvalidHashNonce'
}

function meaningFault(record: WireRecord): RecordCode | undefined {
  // The type is signed in a bound record only: else anybody could turn the value of another into a deletion.
  if (record.c === DELETED && (typeof record.n === 'number' || record.v !== null)) return 'InvalidData'
  const expiry = expiryOf(record.n)
  return expiry === undefined || mayEnd(record, expiry) ? undefined : 'InvalidData'
}

/** An ordinary value ends after it began. A name that ended would be free for others, a deletion would bring the value back. */
function mayEnd(record: WireRecord, expiry: Millis): boolean {
  return expiry > record.t && record.c === null && namespaceOf(record.k).kind !== 'frozen'
}

/** True where its author gave the record an end that is over: it counts as not there. */
export function isExpired(record: Pick<WireRecord, 'n'>, now: Millis): boolean {
  const expiry = expiryOf(record.n)
  return expiry !== undefined && expiry <= now
}

function isBoundHere(record: WireRecord, binding: string, rules: RecordRules): boolean {
  const { k: key, c: type } = record
  for (const topicPublicId of rules.topics) {
    if (bindingOf({ topicPublicId, key, type }, rules.sha256) === binding) return true
  }
  return false
}
