/** The lookups at work in an engine: asks whom they want asked, hands out peers, and announces when a walk is over. */

import type { Endpoint, Millis } from '@shoal/base'
import type { EngineEvent, OperationId } from '../engine-event.ts'
import { addressOfKey, type NodeAddress } from '../id/address.ts'
import type { NodeId } from '../id/node-id.ts'
import type { OutgoingQuery } from '../krpc/query.ts'
import type { Purpose } from '../rpc/purpose.ts'
import type { Candidate } from './frontier.ts'
import type { Lookup, LookupSummary } from './lookup.ts'
import type { RunningLookup } from './running-lookup.ts'

/** sent: now or when its turn comes; busy: try again when a query has ended; refused: not to this node. */
export type Asked = 'sent' | 'busy' | 'refused'

export interface LookupsInit {
  ask(now: Millis, to: NodeAddress, query: { query: OutgoingQuery; purpose: Purpose }): Asked
  emit(event: EngineEvent): void
  acceptsPeer(peer: Endpoint, teller: Endpoint): boolean
  /** The walk of an announcement is over: stores it here too, where we are one of the closest nodes ourselves. */
  storeOwn(now: Millis, lookup: Lookup): void
}

/** What a node answered to a lookup. */
export interface LookupAnswer {
  readonly id: NodeId
  readonly from: NodeAddress
  readonly token: string | undefined
  readonly nodes: readonly { readonly id: NodeId; readonly address: NodeAddress }[]
  /** Compact, one character a byte. */
  readonly peers: readonly string[]
}

export class Lookups {
  readonly #init: LookupsInit
  /** BOUNDED: by the caller, who starts each; each ends by itself. */
  readonly #running = new Map<OperationId, RunningLookup>()
  /** Those that wait for room among the queries in flight. BOUNDED: as #running. */
  readonly #blocked = new Set<RunningLookup>()

  constructor(init: LookupsInit) {
    this.#init = init
  }

  get size(): number {
    return this.#running.size
  }

  /** `told`: peers that are known before anybody is asked. */
  start(
    now: Millis,
    operation: OperationId,
    { lookup, told }: { lookup: Lookup; told: { from: Endpoint; peers: readonly string[] } | undefined },
  ): void {
    const running: RunningLookup = {
      operation,
      lookup,
      stage: 'walking',
      announces: { pending: 0, nodes: 0, failed: 0 },
    }
    this.#running.set(operation, running)
    if (told !== undefined) this.#found(running, told.from, told.peers)
    this.#advance(now, running)
  }

  /** Ends a lookup without an event. */
  cancel(now: Millis, operation: OperationId): LookupSummary | undefined {
    const running = this.#running.get(operation)
    if (running === undefined) return undefined
    this.#forget(running)
    return running.lookup.summary(now)
  }

  /** Peers told by `from`, compact; each distinct one becomes an event. */
  #found(running: RunningLookup, from: Endpoint, peers: readonly string[]): number {
    let refused = 0
    for (const key of peers) {
      const peer = addressOfKey(key)
      if (!this.#init.acceptsPeer(peer, from)) refused++
      else if (running.lookup.isNewPeer(key)) {
        this.#init.emit({
          kind: 'peer',
          operation: running.operation,
          peer: { host: peer.host, port: peer.port },
          from: { host: from.host, port: from.port },
        })
      }
    }
    return refused
  }

  /** Returns how many peers were refused. */
  answered(now: Millis, purpose: { running: RunningLookup; candidate: Candidate }, answer: LookupAnswer): number {
    const { running, candidate } = purpose
    if (running.stage !== 'walking') return 0
    running.lookup.answered(candidate, answer.id, answer.token)
    for (const { id, address } of answer.nodes) running.lookup.addCandidate(id, address)
    const refused = this.#found(running, answer.from, answer.peers)
    this.#advance(now, running)
    return refused
  }

  /** A query of the walk stalled, is overdue, timed out, or was refused with an error. */
  missed(
    now: Millis,
    purpose: { running: RunningLookup; candidate: Candidate },
    how: 'stalled' | 'overdue' | 'timedOut' | 'failed',
  ): void {
    const { running, candidate } = purpose
    if (running.stage !== 'walking') return
    if (how === 'stalled') running.lookup.stalled(candidate)
    else if (how === 'overdue') running.lookup.overdue(candidate)
    else running.lookup.failed(candidate, how)
    this.#advance(now, running)
  }

  announced(now: Millis, running: RunningLookup, isStored: boolean): void {
    if (running.stage !== 'announcing') return
    running.announces.pending--
    if (isStored) running.announces.nodes++
    else running.announces.failed++
    if (running.announces.pending === 0) this.#finish(now, running)
  }

  /** Some query has ended: there may be room again. */
  resume(now: Millis): void {
    if (this.#blocked.size === 0) return
    const blocked = [...this.#blocked]
    this.#blocked.clear()
    for (const running of blocked) this.#advance(now, running)
  }

  #advance(now: Millis, running: RunningLookup): void {
    const { lookup } = running
    for (let candidate = lookup.next(); candidate !== undefined; candidate = lookup.next()) {
      const query = { method: lookup.method, target: lookup.target }
      const asked = this.#init.ask(now, candidate.address, { query, purpose: { kind: 'lookup', running, candidate } })
      if (asked === 'busy') {
        lookup.postpone(candidate)
        this.#blocked.add(running)
        return
      }
      if (asked === 'refused') lookup.failed(candidate, 'failed')
    }
    if (!lookup.isDone()) return
    if (lookup.announce === undefined) this.#finish(now, running)
    else this.#announce(now, running)
  }

  /** BEP 5: to the closest nodes that gave a token; a node without one would only refuse. */
  #announce(now: Millis, running: RunningLookup): void {
    const { lookup, announces } = running
    const { port, isPortImplied } = lookup.announce ?? { port: 0, isPortImplied: true }
    running.stage = 'announcing'
    this.#init.storeOwn(now, lookup)
    for (const { address, token } of lookup.closest()) {
      if (token === undefined) continue
      const query: OutgoingQuery = { method: 'announce_peer', target: lookup.target, port, isPortImplied, token }
      const asked = this.#init.ask(now, address, { query, purpose: { kind: 'announce', running } })
      if (asked === 'sent') announces.pending++
      else announces.failed++
    }
    if (announces.pending === 0) this.#finish(now, running)
  }

  #finish(now: Millis, running: RunningLookup): void {
    const { nodes, failed } = running.announces
    this.#forget(running)
    this.#init.emit({
      kind: 'lookup-done',
      operation: running.operation,
      summary: running.lookup.summary(now),
      announced: { nodes, failed },
    })
  }

  #forget(running: RunningLookup): void {
    running.stage = 'done'
    this.#running.delete(running.operation)
    this.#blocked.delete(running)
  }
}
