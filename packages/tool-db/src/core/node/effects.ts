/**
 * What a node asks of the world. Every effect with an id is answered once, by `handleResult`; `send`, `secure`, `batch`,
 * `close` and what discovery is told are told and forgotten.
 */

import type { Endpoint } from '@shoal/base'
import type { DialOutcome, NoiseSession, SignedRoster } from '@shoal/peer'
import type { WireRecord } from '../records/record.ts'

/** Which account signs: `peer`, or one that the face has registered. */
export type SignerId = string

/** A row as the store has it; equal versions mean equal rows. */
export interface HeldRow {
  readonly value: string
  readonly version: string
}

/** The version of a row that is not there, as in the store's interface. */
export const NO_VERSION = ''

export interface RowWrite {
  readonly key: string
  /** Absent: the row is deleted. */
  readonly value?: string
}

/** Said to be signed by the account of this address. */
export interface SignedText {
  readonly text: string
  readonly address: string
  readonly signature: string
}

/** Each kind of effect that has a result: what is asked, what comes back. */
export interface EffectTable {
  load: { ask: { readonly keys: readonly string[] }; result: readonly (HeldRow | undefined)[] }
  scan: {
    ask: { readonly prefix: string; readonly after: string | undefined; readonly limit: number }
    result: { readonly keys: readonly string[]; readonly more: boolean }
  }
  /** True: committed. False: nothing was written, since a row was no longer as expected. */
  commit: {
    ask: { readonly writes: readonly RowWrite[]; readonly expect: ReadonlyMap<string, string> }
    result: boolean
  }
  verify: { ask: SignedText; result: boolean }
  /** An answer for each, in order: one question costs less than many. */
  'verify-all': { ask: { readonly signed: readonly SignedText[] }; result: readonly boolean[] }
  sign: { ask: { readonly signer: SignerId; readonly text: string }; result: string }
  /** Comes back once others had their turn: long work is done in slices. */
  pause: { ask: Record<never, never>; result: undefined }
  /** All custom verifications whose prefix the key has must accept. */
  'custom-verify': { ask: { readonly record: WireRecord; readonly previous: WireRecord | undefined }; result: boolean }
  'call-function': { ask: { readonly name: string; readonly args: unknown }; result: unknown }
  /** Is this one of our own: bound, of an interface, `host` resolved, or as others see us? */
  'own-endpoint': { ask: { readonly endpoint: Endpoint; readonly remote: Endpoint }; result: boolean }
  /** The channel comes as `handleOpened` with this effect's id; only a failure comes as a result. */
  dial: { ask: { readonly endpoint: Endpoint; readonly globalOnly: boolean }; result: never }
}

export type EffectKind = keyof EffectTable

export type AskedEffect = {
  [K in EffectKind]: { readonly kind: K; readonly id: number } & EffectTable[K]['ask']
}[EffectKind]

export type ToldEffect =
  | { readonly kind: 'send'; readonly channel: number; readonly text: string }
  /** `code` as in RFC 6455 section 7.4. */
  | { readonly kind: 'close'; readonly channel: number; readonly code: number; readonly reason: string }
  /** Everything that is sent after this, and everything that comes, is sealed by these keys. */
  | { readonly kind: 'secure'; readonly channel: number; readonly keys: NoiseSession }
  /** What is sent after this in one turn may share a frame. */
  | { readonly kind: 'batch'; readonly channel: number }
  /** A dial that nobody waits for any more. */
  | { readonly kind: 'cancel-dial'; readonly dial: number }
  | SwarmEffect

/** What the discovery session is told. */
export type SwarmEffect =
  /** What became of a candidate of its own. */
  | { readonly kind: 'report'; readonly endpoint: Endpoint; readonly outcome: DialOutcome }
  /** A peer has handed on what the owner of the topic has published. */
  | { readonly kind: 'roster'; readonly roster: SignedRoster }
  /** Whether this server is to be announced: one that its owner does not certify (any more) is not. */
  | { readonly kind: 'announce'; readonly on: boolean }

export type Effect = AskedEffect | ToldEffect

export type EffectResult<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown }
