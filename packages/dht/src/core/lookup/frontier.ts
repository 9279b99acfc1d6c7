/**
 * The nodes a lookup knows of, closest first. What strangers tell us is limited here: how many nodes one answer may
 * bring, how many are kept, one per endpoint and, on Mainline, one per host and few at a time of a prefix.
 */

import type { NodeAddress } from '../id/address.ts'
import { compareDistance, distanceShare, isSameId, type NodeId } from '../id/node-id.ts'
import { type NodeRules, prefixOf } from '../routing/network-policy.ts'
import type { UsualDensity } from './sufficiency.ts'

/** Enough for every lookup that converges; what is farther than so many others is never asked. */
const CANDIDATES_MAX = 96
/** Of those who crowd around the target, where room is wanted for others. */
const CROWD_MAX = 48
/** BEP 5 answers name eight; some implementations name more. */
export const NODES_PER_ANSWER_MAX = 16

/** stalled: in flight, yet no longer waited for; overdue: hardly worth a hope. */
export type CandidateState = 'fresh' | 'in-flight' | 'stalled' | 'overdue' | 'answered' | 'failed'

export interface Candidate {
  /** `undefined` for a bootstrap address, until it answers. */
  id: NodeId | undefined
  readonly address: NodeAddress
  /** BEP 42: its id is one that its address may have; not known to be none while there is no id. */
  isSecure: boolean
  state: CandidateState
  /** We knew it before the walk began. */
  readonly isOurs: boolean
  /** Queries that it was sent. */
  attempts: number
  /** Its write token, one character a byte. */
  token: string | undefined
}

export interface FrontierInit {
  readonly target: NodeId
  readonly ownId: NodeId
  readonly rules: NodeRules
  readonly usual: UsualDensity | undefined
}

export class Frontier {
  readonly #target: NodeId
  readonly #ownId: NodeId
  readonly #rules: NodeRules
  readonly #usual: UsualDensity | undefined
  /** Those without an id first, then by distance. BOUNDED: CANDIDATES_MAX, farthest out, of a crowd first. */
  readonly #candidates: Candidate[] = []
  /** Endpoints (or hosts) that were ever let in. BOUNDED: SEEN_MAX, then nobody new is let in. */
  readonly #seen = new Set<string>()
  /** How many candidates of a prefix may still be of use, where few are allowed. BOUNDED: as #candidates. */
  readonly #ofPrefix = new Map<string, number>()

  constructor(init: FrontierInit) {
    this.#target = init.target
    this.#ownId = init.ownId
    this.#rules = init.rules
    this.#usual = init.usual
  }

  get candidates(): readonly Candidate[] {
    return this.#candidates
  }

  /** False where it is known already, is ourselves, or is farther than all of a full frontier. */
  add(id: NodeId | undefined, address: NodeAddress, isOurs: boolean): boolean {
    if (id !== undefined && isSameId(id, this.#ownId)) return false
    const { onePerHost } = this.#rules
    const name = onePerHost ? address.host : address.key
    if (this.#seen.has(name) || this.#seen.size >= SEEN_MAX) return false
    if (onePerHost && (this.#ofPrefix.get(prefixOf(address)) ?? 0) >= PER_PREFIX_MAX) return false
    const isSecure = id === undefined || this.#rules.isSecure(id, address)
    const candidate: Candidate = { id, address, isSecure, state: 'fresh', isOurs, attempts: 0, token: undefined }
    if (!this.#place(candidate)) return false
    this.#seen.add(name)
    this.#countPrefix(candidate, 1)
    return true
  }

  /** It is of no use any more: another of its prefix may come. */
  release(candidate: Candidate): void {
    this.#countPrefix(candidate, -1)
  }

  #countPrefix({ address }: Candidate, change: 1 | -1): void {
    if (!this.#rules.onePerHost) return
    const prefix = prefixOf(address)
    const count = (this.#ofPrefix.get(prefix) ?? 0) + change
    if (count > 0) this.#ofPrefix.set(prefix, count)
    else this.#ofPrefix.delete(prefix)
  }

  /** A node answered under another id than it was told by: it stands where that id belongs. */
  correct(candidate: Candidate, id: NodeId): void {
    if (candidate.id !== undefined && isSameId(candidate.id, id)) return
    const at = this.#candidates.indexOf(candidate)
    if (at >= 0) this.#candidates.splice(at, 1)
    candidate.id = id
    candidate.isSecure = this.#rules.isSecure(id, candidate.address)
    this.#place(candidate)
  }

  #place(candidate: Candidate): boolean {
    const { id } = candidate
    let at = 0
    if (id !== undefined) {
      at = this.#candidates.length
      while (at > 0 && this.#isCloser(id, this.#candidates[at - 1] as Candidate)) at--
    }
    if (this.#candidates.length >= CANDIDATES_MAX) {
      const leaving = this.#leaving()
      const last = this.#candidates[leaving] as Candidate
      // One beyond the crowd comes in for one of it.
      if (at > leaving && this.#isInCrowd(id) === this.#isInCrowd(last.id)) return false
      this.#candidates.splice(leaving, 1)
      if (last.state !== 'failed') this.#countPrefix(last, -1)
      if (leaving < at) at--
    }
    this.#candidates.splice(at, 0, candidate)
    return true
  }

  /** Who makes room in a full frontier: the farthest of a crowd that takes up too much of it and was not asked yet, else the farthest. */
  #leaving(): number {
    let crowd = 0
    let farthest = -1
    for (const [i, { id, state }] of this.#candidates.entries()) {
      if (id === undefined) continue
      if (!this.#isInCrowd(id)) break
      crowd++
      if (state === 'fresh') farthest = i
    }
    return crowd > CROWD_MAX && farthest >= 0 ? farthest : this.#candidates.length - 1
  }

  #isInCrowd(id: NodeId | undefined): boolean {
    return this.#usual !== undefined && id !== undefined && distanceShare(this.#target, id) < this.#usual.crowdedBelow
  }

  #isCloser(id: NodeId, other: Candidate): boolean {
    return other.id !== undefined && compareDistance(this.#target, id, other.id) < 0
  }
}

const SEEN_MAX = 2_000
const PER_PREFIX_MAX = 3
