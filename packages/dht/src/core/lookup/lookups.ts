/** The lookups at work in an engine: asks whom they want asked, hands out peers, and announces when a walk is over. */

import type { Endpoint, Millis } from '@shoal/base'
import type { EngineEvent, OperationId } from '../engine-event.ts'
import { addressOfKey, type NodeAddress } from '../id/address.ts'
import type { NodeId } from '../id/node-id.ts'
import type { ItemOrder } from '../item/own-items.ts'
import { ERROR_CAS_MISMATCH, ERROR_SEQ_TOO_OLD, type ResponseExtension } from '../krpc/message.ts'
import type { OutgoingQuery } from '../krpc/query.ts'
import type { Purpose } from '../rpc/purpose.ts'
import type { Candidate } from './frontier.ts'
import type { ItemSearch } from './item-search.ts'
import type { Lookup, LookupSummary } from './lookup.ts'
import type { RunningLookup } from './running-lookup.ts'
import type { ScrapeTally } from './scrape-tally.ts'

/** sent: now or when its turn comes; busy: try again when a query has ended; refused: not to this node. */
export type Asked = 'sent' | 'busy' | 'refused'

export interface LookupsInit {
  ask(now: Millis, to: NodeAddress, query: { query: OutgoingQuery; purpose: Purpose }): Asked
  emit(event: EngineEvent): void
  /** An item was put; true where nobody waits for the event of it. */
  onStored(now: Millis, event: Extract<EngineEvent, { kind: 'item-stored' }>): boolean
  acceptsPeer(peer: Endpoint, teller: Endpoint): boolean
  /** A walk has come to its end. */
  onWalked(now: Millis, lookup: Lookup): void
  /** The walk of an announcement is over: stores it here too, where we are one of the closest nodes ourselves. */
  storeOwn(now: Millis, lookup: Lookup): void
  /** The same of an item; true where it was. */
  storeOwnItem(now: Millis, lookup: Lookup, order: ItemOrder): boolean
}

/** What a lookup is for, beside its peers. */
export interface LookupAim {
  /** Peers that are known before anybody is asked. */
  readonly told?: { readonly from: Endpoint; readonly peers: readonly string[] } | undefined
  readonly search?: ItemSearch
  readonly order?: ItemOrder | 'awaited' | undefined
  readonly tally?: ScrapeTally
}

/** What a node answered to a lookup. */
export interface LookupAnswer {
  readonly id: NodeId
  readonly from: NodeAddress
  readonly token: string | undefined
  readonly nodes: readonly { readonly id: NodeId; readonly address: NodeAddress }[]
  /** Compact, one character a byte. */
  readonly peers: readonly string[]
  /** What BEP 33 and 44 add, and the datagram that it lies in. */
  readonly extension: ResponseExtension | undefined
  readonly bytes: Uint8Array
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

  start(now: Millis, operation: OperationId, { lookup, aim }: { lookup: Lookup; aim: LookupAim }): void {
    const { told, search, order, tally } = aim
    const running: RunningLookup = {
      operation,
      lookup,
      stage: 'walking',
      announces: { pending: 0, nodes: 0, failed: 0, cas: 0, seq: 0 },
      untold: [],
      search,
      order,
      tally,
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
    if (answer.extension !== undefined) running.search?.handleAnswer(candidate, answer.bytes, answer.extension)
    running.tally?.handleAnswer(answer.bytes, answer.extension, answer.peers)
    const refused = running.tally === undefined ? this.#found(running, answer.from, answer.peers) : 0
    this.#advance(now, running)
    return refused
  }

  /** A query of the walk stalled, is overdue, timed out, or was refused with an error. */
  missed(
    now: Millis,
    purpose: { running: RunningLookup; candidate: Candidate; attempt: number },
    how: 'stalled' | 'overdue' | 'timedOut' | 'failed',
  ): void {
    const { running, candidate, attempt } = purpose
    if (running.stage !== 'walking') return
    // The same node was asked again, or its other answer has come: of this query only the end counts.
    if (attempt !== candidate.attempts || candidate.state === 'answered') {
      if (how === 'timedOut' || how === 'failed') running.lookup.lapsed(how)
    } else if (how === 'stalled') running.lookup.stalled(candidate)
    else if (how === 'overdue') running.lookup.overdue(candidate)
    else running.lookup.failed(candidate, how)
    this.#advance(now, running)
  }

  announced(now: Millis, running: RunningLookup, isStored: boolean): void {
    if (running.stage !== 'announcing') return
    running.announces.pending--
    if (isStored) running.announces.nodes++
    else running.announces.failed++
    if (running.announces.pending === 0 && running.untold.length === 0) this.#finish(now, running)
  }

  /** Some query has ended: there may be room again. */
  resume(now: Millis): void {
    if (this.#blocked.size === 0) return
    const blocked = [...this.#blocked]
    this.#blocked.clear()
    for (const running of blocked) {
      if (running.stage === 'announcing') this.#tell(now, running)
      else this.#advance(now, running)
    }
  }

  #advance(now: Millis, running: RunningLookup): void {
    const { lookup, search } = running
    if (search?.isOver === true && running.order === undefined) {
      this.#finish(now, running)
      return
    }
    for (let candidate = lookup.next(); candidate !== undefined; candidate = lookup.next()) {
      const purpose: Purpose = { kind: 'lookup', running, candidate, attempt: candidate.attempts }
      const asked = this.#init.ask(now, candidate.address, { query: lookup.query, purpose })
      if (asked === 'busy') {
        lookup.postpone(candidate)
        this.#blocked.add(running)
        return
      }
      if (asked === 'refused') lookup.failed(candidate, 'failed')
    }
    if (!lookup.isDone()) return
    this.#init.onWalked(now, lookup)
    if (running.order === 'awaited') this.#handBack(now, running)
    else if (running.order !== undefined) this.#store(now, running, running.order)
    else if (lookup.announce === undefined) this.#finish(now, running)
    else this.#announce(now, running)
  }

  /** The walk of a put is over; the caller makes the item of what was found, and calls `store` or `cancel`. */
  #handBack(now: Millis, running: RunningLookup): void {
    running.stage = 'walked'
    this.#init.emit(foundEvent(now, running))
  }

  /** Puts the item where a walk has ended. */
  store(now: Millis, operation: OperationId, order: ItemOrder): void {
    const running = this.#running.get(operation)
    if (running?.stage === 'walked') this.#store(now, running, order)
  }

  /** BEP 44: like an announcement. `cas` goes to those alone who said that they hold what it names; others may hold an older one. */
  #store(now: Millis, running: RunningLookup, order: ItemOrder): void {
    const { lookup, announces, search } = running
    const { item, salt, cas } = order
    running.order = order
    running.stage = 'announcing'
    if (this.#init.storeOwnItem(now, lookup, order)) announces.nodes++
    for (const candidate of lookup.closest()) {
      const { address, token } = candidate
      if (token === undefined) continue
      const query: OutgoingQuery = {
        method: 'put',
        item,
        salt,
        cas: cas !== undefined && search?.claimOf(candidate) === cas ? cas : undefined,
        token,
      }
      running.untold.push({ to: address, query })
    }
    this.#tell(now, running)
  }

  /** Sends an announcement or an item to those still to be told, as far as there is room among the queries in flight. */
  #tell(now: Millis, running: RunningLookup): void {
    const { announces, untold, order } = running
    const kind = order === undefined ? 'announce' : 'store'
    for (let next = untold[0]; next !== undefined; next = untold[0]) {
      const asked = this.#init.ask(now, next.to, { query: next.query, purpose: { kind, running } })
      if (asked === 'busy') {
        this.#blocked.add(running)
        return
      }
      untold.shift()
      if (asked === 'sent') announces.pending++
      else announces.failed++
    }
    if (announces.pending === 0) this.#finish(now, running)
  }

  /** A node answered to a put: with an error of this code, 0 for none at all, or `undefined` where it stored the item. */
  stored(now: Millis, running: RunningLookup, code: number | undefined): void {
    if (code === ERROR_CAS_MISMATCH) running.announces.cas++
    else if (code === ERROR_SEQ_TOO_OLD) running.announces.seq++
    this.announced(now, running, code === undefined)
  }

  /** BEP 5: to the closest nodes that gave a token; a node without one would only refuse. */
  #announce(now: Millis, running: RunningLookup): void {
    const { lookup } = running
    const { port, isPortImplied, isSeed = false } = lookup.announce ?? { port: 0, isPortImplied: true }
    running.stage = 'announcing'
    this.#init.storeOwn(now, lookup)
    for (const { address, token } of lookup.closest()) {
      if (token === undefined) continue
      const query: OutgoingQuery = {
        method: 'announce_peer',
        target: lookup.target,
        port,
        isPortImplied,
        isSeed,
        token,
      }
      running.untold.push({ to: address, query })
    }
    this.#tell(now, running)
  }

  #finish(now: Millis, running: RunningLookup): void {
    const { nodes, failed } = running.announces
    const { order, search, tally, operation } = running
    this.#forget(running)
    if (order !== undefined && order !== 'awaited') {
      const { cas, seq } = running.announces
      const best = search?.best
      const event = { kind: 'item-stored', operation, order, nodes, failed, cas, seq, best } as const
      if (!this.#init.onStored(now, event)) this.#init.emit(event)
      return
    }
    if (search !== undefined) {
      this.#init.emit(foundEvent(now, running))
      return
    }
    if (tally !== undefined) {
      this.#init.emit({ kind: 'scraped', operation, tally, summary: running.lookup.summary(now) })
      return
    }
    this.#init.emit({
      kind: 'lookup-done',
      operation,
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

function foundEvent(now: Millis, { operation, search, lookup }: RunningLookup): EngineEvent {
  const item = search?.best
  return { kind: 'item-found', operation, item, copies: search?.copies ?? 0, summary: lookup.summary(now) }
}
