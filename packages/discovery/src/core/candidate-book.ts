/**
 * The candidate book: everywhere that a server of one topic is said to be, merged over all sources, and what became
 * of the dials. It hands a place out when it is worth a dial: when it is new, and again, after a wait, once the outcome
 * was reported and did not settle the matter. Everything that strangers can fill has a bound and a share.
 */

import { backoffDelay, DeadlineQueue, type Endpoint, jittered, type Millis, type RandomSource } from '@shoal/base'
import type { Candidate, CandidateSource, DialOutcome } from '@shoal/peer'
import { type BookEntry, mostExpendable, type PrefixGroup } from './book-entry.ts'
import {
  type BookLimits,
  DUPLICATE_MS,
  FAILED_BACKOFF,
  FAILURES_MAX,
  KEPT_OUT_IN_NEED_MS,
  KEPT_OUT_MS,
  LOST_BACKOFF,
  LOST_FAILURES_MAX,
  RETURN_MS,
  STATIC_BACKOFF,
  STEADY_MS,
  SWEEP_MS,
  UNSEEN_MS,
  WAKE_SPREAD_MS,
} from './book-rules.ts'
import { FairTurns } from './fair-turns.ts'
import { KeptOut, type KeptOutReason, reasonOf } from './kept-out.ts'
import { endpointKey, type Place } from './place.ts'

export interface CandidateBookInit {
  readonly now: Millis
  readonly random: RandomSource
  readonly limits: BookLimits
}

export type SightingOutcome = 'added' | 'known' | 'kept-out' | 'full'

export interface BookStats {
  /** Places held, in whatever state. */
  readonly places: number
  /** Of those, the ones that wait for a reader. */
  readonly ready: number
  readonly connected: number
  readonly keptOut: number
  /** Sightings for which there was no room. */
  readonly full: number
}

/** Which source is believed when several tell of one place; the later in the list, the more. */
const TRUST: readonly CandidateSource[] = ['dht', 'pex', 'cache', 'lan', 'roster', 'invite', 'static']
const JITTER = 0.5

export class CandidateBook {
  readonly #random: RandomSource
  readonly #limits: BookLimits
  /** BOUNDED: by the sum of perSourceMax. */
  readonly #entries = new Map<string, BookEntry>()
  /** BOUNDED: the sources, each with perSourceMax entries; `mostExpendable` goes when a share is full. */
  readonly #shares = new Map<CandidateSource, Set<BookEntry>>()
  /** BOUNDED: by the entries; a group without any is dropped. */
  readonly #groups = new Map<string, PrefixGroup>()
  readonly #turns = new FairTurns()
  /** BOUNDED: one for each entry at most. */
  readonly #waiting = new DeadlineQueue<BookEntry>()
  readonly #keptOut: KeptOut
  /** Connected endpoints that no source told of, by key. BOUNDED: reportedMax, oldest out. */
  readonly #reported = new Map<string, string>()
  #connectedEntries = 0
  #full = 0
  #sweepAt: Millis

  constructor(init: CandidateBookInit) {
    this.#random = init.random
    this.#limits = init.limits
    this.#keptOut = new KeptOut(init.limits.keptOutMax)
    this.#sweepAt = init.now + SWEEP_MS
  }

  get connected(): number {
    return this.#connectedEntries + this.#reported.size
  }

  get size(): number {
    return this.#entries.size
  }

  /** Every place that is known: what a second reader of the same topic starts with. */
  *places(): IterableIterator<Place> {
    for (const entry of this.#entries.values()) yield entry.place
  }

  sight(now: Millis, place: Place): SightingOutcome {
    this.#sweep(now)
    const known = this.#entries.get(place.key)
    if (known !== undefined) {
      known.lastSeen = now
      if (TRUST.indexOf(place.source) > TRUST.indexOf(known.place.source)) this.#entrust(now, known, place)
      return 'known'
    }
    const verdict = this.#keptOut.get(place.key, now)
    if (verdict !== undefined && (this.connected > 0 || verdict.orInNeedAt > now)) return 'kept-out'
    if (!this.#makeRoom(now, place)) {
      this.#full += 1
      return 'full'
    }
    this.#keptOut.delete(place.key)
    this.#add(now, place, verdict?.reason === 'dead' ? FAILURES_MAX - 1 : 0)
    return 'added'
  }

  /** What became of a dial. Endpoints that the book does not know count too: the network has peers of its own. */
  report(now: Millis, endpoint: Endpoint, outcome: DialOutcome): void {
    this.#sweep(now)
    const key = endpointKey(endpoint)
    const entry = this.#entries.get(key)
    if (entry === undefined) this.#reportUnknown(now, key, outcome)
    else this.#reportKnown(now, entry, outcome)
  }

  /** The next candidate that is worth a dial now, if there is one. */
  poll(now: Millis): Candidate | undefined {
    this.#sweep(now)
    for (let due: BookEntry | undefined; (due = this.#waiting.takeDue(now)); ) this.#makeReady(due)
    const entry = this.#turns.take()
    if (entry === undefined) return undefined
    entry.state = { kind: 'out' }
    const { host, port, family, source } = entry.place
    return { host, port, family, source, firstSeen: entry.firstSeen }
  }

  /** The network is another one, or is back: what failed until now is worth a dial at once. */
  handleWake(now: Millis): void {
    for (const entry of this.#entries.values()) {
      // Also of one that is being dialled: that dial may have begun before.
      entry.failures = 0
      if (entry.state.kind !== 'waiting') continue
      this.#leaveState(entry)
      this.#waitUntil(now + jittered(WAKE_SPREAD_MS, 1, this.#random), entry)
    }
    this.#keptOut.forgetDead()
  }

  /** When `poll` may have something that it has not now. */
  pollTimeout(): Millis | undefined {
    return this.#waiting.nextAt()
  }

  stats(): BookStats {
    return {
      places: this.#entries.size,
      ready: this.#turns.size,
      connected: this.connected,
      keptOut: this.#keptOut.size,
      full: this.#full,
    }
  }

  #reportUnknown(now: Millis, key: string, outcome: DialOutcome): void {
    const peerId = this.#reported.get(key)
    this.#reported.delete(key)
    switch (outcome.kind) {
      case 'connected':
        if (this.#reported.size >= this.#limits.reportedMax) this.#forgetOldestReported()
        this.#reported.set(key, outcome.peerId)
        this.#keptOut.delete(key)
        return
      case 'disconnected':
        if (peerId !== undefined) this.#wakeDuplicates(now, peerId)
        return
      case 'self':
      case 'refused':
        this.#keepOut(now, key, reasonOf(outcome))
        return
      case 'failed':
        // It made room for others after its turn, and only now we hear of it.
        if (this.#keptOut.get(key, now)?.reason === 'done') this.#keepOut(now, key, 'dead')
        return
      case 'duplicate':
        return
    }
  }

  #reportKnown(now: Millis, entry: BookEntry, outcome: DialOutcome): void {
    const before = entry.state
    this.#leaveState(entry)
    switch (outcome.kind) {
      case 'connected':
        entry.wasConnected = true
        entry.state = { kind: 'connected', peerId: outcome.peerId, since: now }
        this.#connectedEntries += 1
        return
      case 'disconnected':
      case 'failed':
        if (before.kind === 'connected') this.#lost(now, entry, before)
        else this.#failed(now, entry)
        return
      case 'duplicate': {
        const deadline = this.#waiting.add(now + jittered(DUPLICATE_MS, JITTER, this.#random), entry)
        entry.failures = 0
        entry.state = { kind: 'duplicate', peerId: outcome.peerId, deadline }
        return
      }
      case 'self':
      case 'refused':
        // Its owner has given it by hand, and may be just about to put it right.
        if (outcome.kind === 'refused' && entry.place.source === 'static') {
          this.#failed(now, entry)
          return
        }
        this.#forget(entry)
        this.#keepOut(now, entry.place.key, reasonOf(outcome))
        return
    }
  }

  #lost(now: Millis, entry: BookEntry, session: { since: Millis; peerId: string }): void {
    if (now - session.since < STEADY_MS) this.#failed(now, entry)
    else {
      entry.failures = 0
      entry.hasLasted = true
      this.#waitUntil(now + jittered(RETURN_MS, JITTER, this.#random), entry)
    }
    this.#wakeDuplicates(now, session.peerId)
  }

  #failed(now: Millis, entry: BookEntry): void {
    entry.failures += 1
    const isStatic = entry.place.source === 'static'
    const failuresMax = entry.hasLasted ? LOST_FAILURES_MAX : FAILURES_MAX
    if (entry.failures >= failuresMax && !isStatic) {
      this.#forget(entry)
      this.#keepOut(now, entry.place.key, 'dead')
      return
    }
    const backoff = entry.hasLasted ? LOST_BACKOFF : isStatic ? STATIC_BACKOFF : FAILED_BACKOFF
    this.#waitUntil(now + backoffDelay(backoff, entry.failures, this.#random), entry)
  }

  #wakeDuplicates(now: Millis, peerId: string): void {
    for (const entry of this.#entries.values()) {
      if (entry.state.kind !== 'duplicate' || entry.state.peerId !== peerId) continue
      this.#leaveState(entry)
      this.#waitUntil(now + jittered(RETURN_MS, JITTER, this.#random), entry)
    }
  }

  #keepOut(now: Millis, key: string, reason: KeptOutReason): void {
    const until = now + jittered(KEPT_OUT_MS[reason], 0.2, this.#random)
    const inNeed = KEPT_OUT_IN_NEED_MS[reason]
    const orInNeedAt = inNeed === undefined ? until : now + jittered(inNeed, 0.2, this.#random)
    this.#keptOut.set(key, { reason, until, orInNeedAt })
  }

  #waitUntil(at: Millis, entry: BookEntry): void {
    entry.state = { kind: 'waiting', deadline: this.#waiting.add(at, entry) }
  }

  #makeReady(entry: BookEntry): void {
    entry.state = { kind: 'ready' }
    this.#turns.add(entry)
  }

  /** Takes an entry out of whatever its state has it in; the caller gives it the next one. */
  #leaveState(entry: BookEntry): void {
    switch (entry.state.kind) {
      case 'waiting':
      case 'duplicate':
        this.#waiting.remove(entry.state.deadline)
        break
      case 'ready':
        this.#turns.delete(entry)
        break
      case 'connected':
        this.#connectedEntries -= 1
        break
      case 'out':
        break
    }
    entry.state = { kind: 'out' }
  }

  #add(now: Millis, place: Place, failures: number): void {
    const entry: BookEntry = {
      place,
      firstSeen: now,
      lastSeen: now,
      state: { kind: 'out' },
      failures,
      wasConnected: false,
      hasLasted: false,
      group: this.#groupOf(place),
    }
    entry.group.entries.add(entry)
    this.#shareOf(place.source).add(entry)
    this.#entries.set(place.key, entry)
    const peerId = this.#reported.get(place.key)
    if (peerId === undefined) {
      this.#makeReady(entry)
      return
    }
    this.#reported.delete(place.key)
    entry.wasConnected = true
    entry.state = { kind: 'connected', peerId, since: now }
    this.#connectedEntries += 1
  }

  #forget(entry: BookEntry): void {
    this.#leaveState(entry)
    this.#detach(entry)
    this.#entries.delete(entry.place.key)
  }

  #detach(entry: BookEntry): void {
    entry.group.entries.delete(entry)
    if (entry.group.entries.size === 0) this.#groups.delete(entry.group.key)
    this.#shareOf(entry.place.source).delete(entry)
  }

  /** A place that a better source tells of as well moves to its share, where there is room. */
  #entrust(now: Millis, entry: BookEntry, place: Place): void {
    if (!this.#makeRoom(now, place)) return
    this.#detach(entry)
    entry.place = place
    entry.group = this.#groupOf(place)
    entry.group.entries.add(entry)
    this.#shareOf(place.source).add(entry)
  }

  #makeRoom(now: Millis, place: Place): boolean {
    const perGroup = place.scope === 'global' ? this.#limits.perPrefixMax : this.#limits.perOwnAddressMax
    const group = this.#groups.get(groupKey(place))
    if (group !== undefined && group.entries.size >= perGroup && !this.#makeWay(now, group.entries)) return false
    const share = this.#shareOf(place.source)
    return share.size < this.#limits.perSourceMax[place.source] || this.#makeWay(now, share)
  }

  #makeWay(now: Millis, entries: ReadonlySet<BookEntry>): boolean {
    const entry = mostExpendable(entries)
    if (entry === undefined) return false
    const { key } = entry.place
    const { state } = entry
    this.#forget(entry)
    // It stays out for as long as it would have waited, or the next sighting would bring it straight back.
    if (state.kind === 'out') this.#keepOut(now, key, 'done')
    else if (state.kind === 'waiting' || state.kind === 'duplicate') {
      this.#keptOut.set(key, { reason: 'dead', until: state.deadline.at, orInNeedAt: state.deadline.at })
    }
    return true
  }

  #sweep(now: Millis): void {
    if (now < this.#sweepAt) return
    this.#sweepAt = now + SWEEP_MS
    for (const entry of this.#entries.values()) {
      if (entry.place.source === 'static' || entry.state.kind === 'connected') continue
      if (now - entry.lastSeen >= UNSEEN_MS) this.#forget(entry)
    }
  }

  #forgetOldestReported(): void {
    const oldest = this.#reported.keys().next()
    if (!oldest.done) this.#reported.delete(oldest.value)
  }

  #groupOf(place: Place): PrefixGroup {
    const key = groupKey(place)
    const existing = this.#groups.get(key)
    if (existing !== undefined) return existing
    const group: PrefixGroup = { key, entries: new Set(), servedAt: 0 }
    this.#groups.set(key, group)
    return group
  }

  #shareOf(source: CandidateSource): Set<BookEntry> {
    let share = this.#shares.get(source)
    if (share === undefined) this.#shares.set(source, (share = new Set()))
    return share
  }
}

function groupKey(place: Place): string {
  return `${place.source} ${place.prefix}`
}
