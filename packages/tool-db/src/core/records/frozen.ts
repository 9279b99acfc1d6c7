/**
 * Frozen names (`==name`): the earliest claim owns the name. Anybody can date a claim as he likes, so a claim counts
 * only while it is fresh; an old one is taken for a name that nobody holds, in answers and by sync; by sync also where it comes
 * behind the one that holds the name, and before it only from a server that the topic's owner certified.
 *
 * Kept per author are the first record taken (the claim) and the last one (what the author says now). Both are a
 * minimum and a maximum over what was taken, so the result does not depend on the order of arrival.
 */

import { MINUTE, type Millis } from '@shoal/base'
import { compareStamps } from './order.ts'
import type { WireRecord } from './record.ts'
import type { RecordCode } from './record-code.ts'

export const CLAIM_WINDOW_MS: Millis = 2 * MINUTE
/** Authors kept beside the owner. */
export const CONTESTED_MAX = 8
/** UTF-16 units of a value beside the owner's, as JSON: all claims of a name are one row, and an account has 2 KB. */
const CONTESTED_LENGTH_MAX = 16_384

/** What one author has at a name. */
export interface FrozenClaim {
  readonly first: WireRecord
  readonly last: WireRecord
}

/**
 * Claims in the order of their first record: the first one is the owner's. Empty: nobody holds the name.
 * BOUNDED: 1 + CONTESTED_MAX, the latest claim out; CONTESTED_LENGTH_MAX for each record but the owner's.
 */
export type FrozenName = readonly FrozenClaim[]

export const FREE_NAME: FrozenName = []

/**
 * How a record came: put by its author or passed on at once; the answer to a question of ours; what a server holds against a
 * claim of ours that nobody has confirmed; a claim of ours that came too late, made anew; by sync.
 */
export type Arrival =
  | { readonly kind: 'live' }
  | { readonly kind: 'answer' }
  | { readonly kind: 'correction' }
  | { readonly kind: 'anew' }
  | { readonly kind: 'sync'; readonly certified: boolean }

export type FrozenDecision =
  /** The name was free, and is now the author's. */
  | { readonly kind: 'claimed'; readonly name: FrozenName }
  /** A newer value of the owner's. */
  | { readonly kind: 'updated'; readonly name: FrozenName }
  /** An earlier claim came to light: the name changes hands, and the value with it. */
  | { readonly kind: 'replaced'; readonly name: FrozenName; readonly loser: string }
  /** Kept, but not what readers see: another's claim, or its update, or an earlier first record of the owner's. */
  | { readonly kind: 'kept'; readonly name: FrozenName }
  /** Known already, or between what is known. */
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'refused'; readonly code: Extract<RecordCode, 'ClaimTooOld' | 'CantOverwrite'> }

export interface FrozenRules {
  readonly claimWindowMs: Millis
  readonly contestedMax: number
}

export const FROZEN_DEFAULTS: FrozenRules = { claimWindowMs: CLAIM_WINDOW_MS, contestedMax: CONTESTED_MAX }

/** The record that readers of a name see. */
export function shownRecord(name: FrozenName): WireRecord | undefined {
  return name[0]?.last
}

/** `record` is verified in full; `rules` may be left out. */
export function decideFrozen(
  name: FrozenName,
  record: WireRecord,
  context: { readonly arrival: Arrival; readonly now: Millis; readonly rules?: FrozenRules },
): FrozenDecision {
  const rules = context.rules ?? FROZEN_DEFAULTS
  const known = context.arrival.kind === 'anew' ? undefined : name.find((claim) => claim.first.a === record.a)
  if (known !== undefined && compareStamps(record, known.first) >= 0) return updated(name, known, record)
  const isFresh = record.t >= context.now - rules.claimWindowMs
  if (!isFresh && !mayBeOld(name, record, context.arrival)) return { kind: 'refused', code: 'ClaimTooOld' }
  return claimed(name, { first: record, last: known?.last ?? record }, rules)
}

function mayBeOld(name: FrozenName, record: WireRecord, arrival: Arrival): boolean {
  switch (arrival.kind) {
    case 'live':
    case 'anew':
      return false
    // Ours was only ever a wish: what the servers hold is what everybody else reads.
    case 'correction':
      return true
    case 'answer':
      return name.length === 0
    case 'sync':
      return arrival.certified || isBehind(name, record)
  }
}

/** Nobody holds the name, or whoever holds it goes on holding it. */
function isBehind(name: FrozenName, record: WireRecord): boolean {
  const owner = name[0]
  return owner === undefined || compareStamps(record, owner.first) > 0
}

function updated(name: FrozenName, known: FrozenClaim, record: WireRecord): FrozenDecision {
  if (compareStamps(record, known.last) <= 0) return { kind: 'unchanged' }
  if (known !== name[0] && !isShort(record)) return { kind: 'refused', code: 'CantOverwrite' }
  const next = name.map((claim) => (claim === known ? { first: claim.first, last: record } : claim))
  return { kind: known === name[0] ? 'updated' : 'kept', name: next }
}

function claimed(name: FrozenName, claim: FrozenClaim, rules: FrozenRules): FrozenDecision {
  const author = claim.first.a
  const others = name.filter((other) => other.first.a !== author)
  const [first, ...rest] = [...others, claim].sort(byClaim)
  const beside = rest.flatMap(shortened).sort(byClaim).slice(0, rules.contestedMax)
  const next = first === undefined ? [] : [first, ...beside]
  if (!next.some((kept) => kept.first === claim.first)) return { kind: 'refused', code: 'CantOverwrite' }
  const owner = name[0]?.first.a
  if (owner === undefined) return { kind: 'claimed', name: next }
  return owner !== author && first === claim
    ? { kind: 'replaced', name: next, loser: owner }
    : { kind: 'kept', name: next }
}

/** What of a claim is kept beside the owner's. What a node lacks by that, and another one has, comes by sync. */
function shortened({ first, last }: FrozenClaim): readonly FrozenClaim[] {
  const [isFirstShort, isLastShort] = [isShort(first), isShort(last)]
  if (!isFirstShort && !isLastShort) return []
  return [{ first: isFirstShort ? first : last, last: isLastShort ? last : first }]
}

function isShort({ v }: WireRecord): boolean {
  return (JSON.stringify(v) ?? '').length <= CONTESTED_LENGTH_MAX
}

function byClaim(a: FrozenClaim, b: FrozenClaim): number {
  return compareStamps(a.first, b.first)
}
