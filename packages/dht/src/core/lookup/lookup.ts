/**
 * One iterative walk through the network (BEP 5, Kademlia) that serves find_node, get_peers and announce. It is
 * handed answers, stalls and failures, and says whom to ask next.
 *
 * Departs from the Kademlia paper: a query that stalls by measured round trips frees its place for another, and a
 * walk ends without the stalled when eight closest others have answered; dead nodes then cost a round trip, not a time-out.
 */

import type { Millis } from '@shoal/base'
import type { NodeAddress } from '../id/address.ts'
import { distanceShare, type NodeId } from '../id/node-id.ts'
import type { OutgoingQuery } from '../krpc/query.ts'
import type { NodeRules } from '../routing/network-policy.ts'
import { K } from '../routing/routing-table.ts'
import { type Candidate, Frontier } from './frontier.ts'
import type { Density } from './network-size.ts'
import { Sufficiency, type UsualDensity } from './sufficiency.ts'

/** Queries in flight at once, not counting stalled ones. */
const PARALLEL = 4
/** Each stall adds one more, up to this. */
const PARALLEL_MAX = 12
/** Stalled ones included. */
const IN_FLIGHT_MAX = 32
/** However long the chain of nodes that somebody invents for us. */
const QUERIES_MAX = 400
const PEERS_MAX = 4_000
/** After so many answers the way is not found by asking more: the closest are gone, and everybody still names them. */
const LOST_ANSWERS_MAX = 4 * K
/** Queries to one node. */
const ATTEMPTS_MAX = 2

/** How the queries of a lookup ended, and what it found. */
export interface LookupSummary {
  readonly queried: number
  readonly answered: number
  readonly failed: number
  readonly timedOut: number
  /** Queries still open when the lookup had no more need of them. */
  readonly abandoned: number
  /** Queries that stalled, however they ended. */
  readonly stalled: number
  /** Distinct peers. */
  readonly peers: number
  readonly ms: Millis
}

export interface AnnounceOptions {
  readonly port: number
  readonly isPortImplied: boolean
  /** BEP 33: it has all of the torrent. */
  readonly isSeed?: boolean
}

/** What every node on the way is asked. */
export type LookupQuery = Extract<OutgoingQuery, { readonly method: 'find_node' | 'get_peers' | 'get' }>

export interface KnownCandidate {
  readonly id: NodeId
  readonly address: NodeAddress
}

export interface LookupInit {
  readonly query: LookupQuery
  readonly ownId: NodeId
  readonly rules: NodeRules
  /** More nodes of ours, closest first: asked for once, where too few have answered, or nobody of the closest. */
  readonly reserve: () => Iterable<KnownCandidate>
  /** Of other targets, where enough of them are known. */
  readonly usual: UsualDensity | undefined
  readonly startedAt: Millis
  readonly announce: AnnounceOptions | undefined
  /** Only those that it begins with are asked, whomever they name. */
  readonly isVisit?: boolean
}

export class Lookup {
  readonly query: LookupQuery
  readonly target: NodeId
  readonly announce: AnnounceOptions | undefined
  readonly isVisit: boolean
  readonly #startedAt: Millis
  readonly #frontier: Frontier
  readonly #usual: UsualDensity | undefined
  #reserve: LookupInit['reserve'] | undefined
  /** Compact peers already handed out. BOUNDED: PEERS_MAX, later ones are dropped. */
  readonly #peers = new Set<string>()
  /** In flight and not stalled; and those of them that are asked for the first time. */
  #active = 0
  #firstTries = 0
  #parallel = PARALLEL
  #counts = { queried: 0, answered: 0, failed: 0, timedOut: 0, stalled: 0 }

  constructor(init: LookupInit) {
    this.query = init.query
    this.target = init.query.target
    this.announce = init.announce
    this.isVisit = init.isVisit ?? false
    this.#startedAt = init.startedAt
    this.#usual = init.usual
    this.#reserve = init.reserve
    this.#frontier = new Frontier({ ...init, target: init.query.target })
  }

  addCandidate(id: NodeId | undefined, address: NodeAddress): void {
    const isOurs = this.#counts.queried === 0
    if (isOurs || !this.isVisit) this.#frontier.add(id, address, isOurs)
  }

  /** True once for each distinct peer. */
  isNewPeer(key: string): boolean {
    if (this.#peers.has(key) || this.#peers.size >= PEERS_MAX) return false
    this.#peers.add(key)
    return true
  }

  /** Whom to ask next, now marked as in flight; `undefined` where we must wait, or are done. */
  next(): Candidate | undefined {
    const { queried, answered, failed, timedOut } = this.#counts
    if (this.#active >= this.#parallel || queried >= QUERIES_MAX) return undefined
    if (queried - answered - failed - timedOut >= IN_FLIGHT_MAX) return undefined
    const candidate = this.#nextFresh() ?? this.#nextBeyond() ?? this.#worthAnother()
    if (candidate === undefined) return undefined
    candidate.state = 'in-flight'
    candidate.attempts++
    this.#active++
    if (candidate.attempts === 1) this.#firstTries++
    this.#counts.queried++
    return candidate
  }

  /** Only the closest that may still answer are of use. */
  #nextFresh(): Candidate | undefined {
    const enough = new Sufficiency(this.target, this.#usual)
    for (const candidate of this.#frontier.candidates) {
      const { state, id, isSecure } = candidate
      if (enough.skips(id)) continue
      if (state === 'fresh') return candidate
      const isUseful = state === 'in-flight' || (state === 'answered' && this.#isOfUse(candidate))
      if (isUseful && enough.count(id, isSecure)) return undefined
    }
    return undefined
  }

  /**
   * Nodes behind NATs let whole regions of tables go silent: all that we began with may be dead, or all that they name, while others, farther
   * away, know the way. And those who crowd around a target name only each other. So where too few have answered, or nobody of the closest,
   * or a crowd alone, more of ours are asked, and those who were not close enough.
   */
  #nextBeyond(): Candidate | undefined {
    const isLost = this.#isLost()
    const isShort = this.#firstTries === 0 && (this.#counts.answered < K || this.#isHemmedIn())
    if (!isLost && !isShort) return undefined
    for (const { id, address } of this.#reserve?.() ?? []) this.#frontier.add(id, address, true)
    this.#reserve = undefined
    return isLost ? this.#frontier.candidates.find(({ state }) => state === 'fresh') : this.#nextFresh()
  }

  /** A crowd has answered, and nobody beyond it. */
  #isHemmedIn(): boolean {
    const enough = new Sufficiency(this.target, this.#usual)
    for (const candidate of this.#frontier.candidates) {
      const { state, id, isSecure } = candidate
      if (state !== 'answered' || !this.#isOfUse(candidate) || enough.skips(id)) continue
      if (enough.count(id, isSecure)) return false
    }
    return enough.isCrowded
  }

  /** Of the closest nobody answers, nor is anybody of them still waited for. */
  #isLost(): boolean {
    const { candidates } = this.#frontier
    if (candidates.length < K || this.#counts.answered >= LOST_ANSWERS_MAX) return false
    for (let i = 0; i < K; i++) {
      const { state } = candidates[i] as Candidate
      if (state === 'fresh' || state === 'in-flight' || state === 'answered') return false
    }
    return true
  }

  /**
   * Where there is nobody else to ask and too few have answered, a datagram may have been lost: whoever stalled is asked once more. At
   * the first step, by a single bootstrap node, everything hangs on it. Not whom strangers named: they could have us knock twice.
   */
  #worthAnother(): Candidate | undefined {
    if (this.#firstTries > 0 || this.#counts.answered >= K) return undefined
    return this.#frontier.candidates.find(
      ({ isOurs, state, attempts }) =>
        isOurs && attempts < ATTEMPTS_MAX && (state === 'stalled' || state === 'overdue'),
    )
  }

  isDone(): boolean {
    if (this.#active > 0 && this.#isLost()) return false
    const enough = new Sufficiency(this.target, this.#usual)
    let stalled = 0
    let overdue = 0
    let answered = 0
    const isExhausted = this.#counts.queried >= QUERIES_MAX
    for (const candidate of this.#frontier.candidates) {
      const { state, id, isSecure } = candidate
      if (enough.skips(id)) continue
      if (state === 'in-flight' || (state === 'fresh' && !isExhausted)) return false
      if (state === 'stalled') stalled++
      if (state === 'overdue') overdue++
      if (state !== 'answered' || !this.#isOfUse(candidate)) continue
      answered++
      if (enough.count(id, isSecure)) return true
    }
    // A small hope is better than none: where nobody answered, the only one there is may have paused.
    return stalled === 0 && (answered > 0 || overdue === 0)
  }

  /** Whoever gives no token stores nothing, and most likely holds nothing (BEP 5, BEP 42). */
  #isOfUse({ token }: Candidate): boolean {
    return this.query.method === 'find_node' || token !== undefined
  }

  /** The node answered, under this id. */
  answered(candidate: Candidate, id: NodeId, token: string | undefined): void {
    this.#counts.answered++
    // It was asked twice, and this is its second answer.
    if (candidate.state === 'answered') return
    this.#settle(candidate, 'answered')
    candidate.token = token
    this.#frontier.correct(candidate, id)
  }

  stalled(candidate: Candidate): void {
    // Nobody waits for a second query as long as for the first.
    this.#settle(candidate, candidate.attempts < ATTEMPTS_MAX ? 'stalled' : 'overdue')
    this.#counts.stalled++
    this.#parallel = Math.min(this.#parallel + 1, PARALLEL_MAX)
  }

  overdue(candidate: Candidate): void {
    candidate.state = 'overdue'
  }

  /** An error came back, or nothing at all. */
  failed(candidate: Candidate, why: 'failed' | 'timedOut'): void {
    this.#settle(candidate, 'failed')
    this.#frontier.release(candidate)
    this.#counts[why]++
  }

  /** A query ended of which nobody waits for the answer any more. */
  lapsed(why: 'failed' | 'timedOut'): void {
    this.#counts[why]++
  }

  #settle(candidate: Candidate, state: 'answered' | 'stalled' | 'overdue' | 'failed'): void {
    if (candidate.state === 'in-flight') this.#leaveFlight(candidate)
    candidate.state = state
  }

  #leaveFlight(candidate: Candidate): void {
    this.#active--
    if (candidate.attempts === 1) this.#firstTries--
  }

  /** It could not be asked just now: it is fresh again. */
  postpone(candidate: Candidate): void {
    this.#leaveFlight(candidate)
    candidate.attempts--
    candidate.state = candidate.attempts === 0 ? 'fresh' : 'stalled'
    this.#counts.queried--
  }

  /** The closest nodes that answered and can store, as many as are enough, closest first. */
  closest(): readonly Candidate[] {
    const enough = new Sufficiency(this.target, this.#usual)
    const closest: Candidate[] = []
    for (const candidate of this.#frontier.candidates) {
      if (candidate.state !== 'answered' || !this.#isOfUse(candidate) || enough.skips(candidate.id)) continue
      closest.push(candidate)
      if (enough.count(candidate.id, candidate.isSecure)) break
    }
    return closest
  }

  /** How densely nodes stand around the target; `undefined` where that could not be seen. */
  density(): Density | undefined {
    let nodes = 0
    for (const { state, id } of this.#frontier.candidates) {
      if (state !== 'answered' || id === undefined) continue
      nodes++
      if (nodes === K) return { nodes, share: distanceShare(this.target, id) }
    }
    // These are all there are, unless some were merely not heard.
    const { stalled, timedOut } = this.#counts
    return stalled + timedOut > 0 ? undefined : { nodes, share: 1 }
  }

  summary(now: Millis): LookupSummary {
    const { queried, answered, failed, timedOut, stalled } = this.#counts
    const abandoned = queried - answered - failed - timedOut
    return {
      queried,
      answered,
      failed,
      timedOut,
      abandoned,
      stalled,
      peers: this.#peers.size,
      ms: now - this.#startedAt,
    }
  }
}
