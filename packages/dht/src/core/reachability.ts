/**
 * Whether strangers reach us, for `mode: 'auto'` (BEP 43): a node begins as a client, becomes a server once queries come
 * in from addresses that it never wrote to, and goes back when nobody asks any more or its address changes.
 *
 * Whoever says `ro: 1` is in nobody's table, so among well-behaved nodes no stranger would ever come. Now and then a
 * client therefore tries: for a few minutes it serves and leaves `ro` away. Behind a NAT nobody comes, and it rests.
 */

import type { Millis } from '@shoal/base'
import type { EngineMode } from './engine-event.ts'

const MINUTE: Millis = 60_000
const HOUR: Millis = 60 * MINUTE
/** Reached by so many prefixes, or by one in so many different minutes. */
const EVIDENCE_MIN = 3
/** And over so long at least: one burst is no proof that a NAT will let others in tomorrow. */
const EVIDENCE_SPAN_MS: Millis = 30_000
/** Evidence older than this is of yesterday. */
const EVIDENCE_FOR_MS: Millis = 15 * MINUTE
const EVIDENCE_MAX = 16
/** Longer than a NAT keeps the hole open that our own packet made. */
const SOLICITED_FOR_MS: Millis = 15 * MINUTE
const SOLICITED_MAX = 4_096
/** A server that nobody at all asks anything for so long is one no more. */
const SILENCE_MAX_MS: Millis = HOUR
const FIRST_TRIAL_AFTER_MS: Millis = 15 * MINUTE
const TRIAL_MS: Millis = 3 * MINUTE
const REST_MS: Millis = 2 * HOUR
const REST_MAX_MS: Millis = 24 * HOUR

type State =
  | { readonly kind: 'client'; readonly trialAt: Millis }
  | { readonly kind: 'trying'; readonly until: Millis }
  | { readonly kind: 'server'; askedAt: Millis }

export class Reachability {
  #state: State
  #rest: Millis = REST_MS
  /** Hosts that we wrote to, or that kept up what we began, and when. BOUNDED: SOLICITED_MAX, oldest out. */
  readonly #solicited = new Map<string, Millis>()
  /** When strangers came, one entry a prefix and minute. BOUNDED: EVIDENCE_MAX, later ones are not taken: the first tell for how long they have come. */
  readonly #evidence = new Map<string, Millis>()

  constructor(now: Millis) {
    this.#state = { kind: 'client', trialAt: now + FIRST_TRIAL_AFTER_MS }
  }

  get mode(): EngineMode {
    return this.#state.kind === 'client' ? 'client' : 'server'
  }

  pollTimeout(): Millis {
    const state = this.#state
    if (state.kind === 'client') return state.trialAt
    return state.kind === 'trying' ? state.until : state.askedAt + SILENCE_MAX_MS
  }

  handleTimeout(now: Millis): void {
    if (now < this.pollTimeout()) return
    switch (this.#state.kind) {
      case 'client':
        this.#state = { kind: 'trying', until: now + TRIAL_MS }
        break
      case 'trying':
        this.#state = { kind: 'client', trialAt: now + this.#rest }
        this.#rest = Math.min(2 * this.#rest, REST_MAX_MS)
        break
      case 'server':
        this.#backToClient(now)
    }
  }

  /** We write to this host: what it sends from now on proves nothing. */
  wroteTo(now: Millis, host: string): void {
    this.#solicited.delete(host)
    this.#solicited.set(host, now)
    if (this.#solicited.size <= SOLICITED_MAX) return
    for (const oldest of this.#solicited.keys()) {
      this.#solicited.delete(oldest)
      return
    }
  }

  /** A query came in. `prefix` is what one owner is likely to hold as a whole. */
  wasAsked(now: Millis, host: string, prefix: string): void {
    if (this.#state.kind === 'server') this.#state.askedAt = now
    const writtenAt = this.#solicited.get(host)
    if (writtenAt !== undefined && now - writtenAt < SOLICITED_FOR_MS) {
      // Its own packets may hold the NAT open as well as ours.
      this.wroteTo(now, host)
      return
    }
    if (this.#state.kind === 'server') return
    this.#judge(now, `${Math.floor(now / MINUTE)} ${prefix}`)
  }

  /** Our address changed: what was proven of the old one does not hold of the new one. */
  moved(now: Millis): void {
    this.#backToClient(now)
  }

  #judge(now: Millis, name: string): void {
    for (const [old, at] of this.#evidence) {
      if (now - at <= EVIDENCE_FOR_MS) break
      this.#evidence.delete(old)
    }
    if (this.#evidence.size < EVIDENCE_MAX && !this.#evidence.has(name)) this.#evidence.set(name, now)
    const [first = now] = this.#evidence.values()
    if (this.#evidence.size < EVIDENCE_MIN || now - first < EVIDENCE_SPAN_MS) return
    this.#state = { kind: 'server', askedAt: now }
    this.#rest = REST_MS
    this.#evidence.clear()
  }

  #backToClient(now: Millis): void {
    this.#state = { kind: 'client', trialAt: now + FIRST_TRIAL_AFTER_MS }
    this.#evidence.clear()
  }
}
