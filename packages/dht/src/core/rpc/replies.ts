/** What the answers to our own queries mean, and what it means when none comes. */

import { type Endpoint, type Family, latin1, type Millis } from '@shoal/base'
import type { Counters } from '../counters.ts'
import type { EngineEvent, OperationId } from '../engine-event.ts'
import { type NodeAddress, readAddress, SIZES } from '../id/address.ts'
import { isSameId, type NodeId, readNodeId } from '../id/node-id.ts'
import { ERROR_METHOD_UNKNOWN, ID_LENGTH, type KrpcError, type KrpcResponse } from '../krpc/message.ts'
import { NODES_PER_ANSWER_MAX } from '../lookup/frontier.ts'
import type { Lookups } from '../lookup/lookups.ts'
import type { Contact } from '../routing/contact.ts'
import type { EntryPoints } from '../routing/entry-points.ts'
import { K, type RoutingTable } from '../routing/routing-table.ts'
import type { Upkeep } from '../routing/upkeep.ts'
import type { Self } from '../self.ts'
import type { Purpose } from './purpose.ts'
import type { Requester } from './requester.ts'
import type { Transaction } from './transactions.ts'
import type { Visitors } from './visitors.ts'

/** BEP 51. */
const SAMPLE_INTERVAL_MAX_S = 21_600

export interface RepliesInit {
  readonly self: Self
  readonly table: RoutingTable
  readonly requester: Requester
  readonly lookups: Lookups
  readonly upkeep: Upkeep
  readonly entryPoints: EntryPoints
  readonly visitors: Visitors
  readonly counters: Counters
  readonly emit: (event: EngineEvent) => void
  /** Others see us at another host than before. */
  readonly onMoved: (now: Millis) => void
}

interface Answer {
  readonly bytes: Uint8Array
  readonly message: KrpcResponse | KrpcError
}

interface Told {
  readonly id: NodeId
  readonly address: NodeAddress
}

export class Replies {
  readonly #init: RepliesInit
  /** When anything that makes sense came in last: while nothing does, the fault is rather ours. */
  #lastReceivedAt: Millis

  constructor(init: RepliesInit, now: Millis) {
    this.#init = init
    this.#lastReceivedAt = now
  }

  heardSomething(now: Millis): void {
    this.#lastReceivedAt = now
  }

  handleError(now: Millis, from: Endpoint, answer: { bytes: Uint8Array; message: KrpcError }): void {
    const { requester, counters, table, lookups, emit } = this.#init
    const transaction = requester.take(now, from, answer)
    if (transaction === undefined) return
    counters.failed++
    const { purpose, to } = transaction
    this.#vote(now, to, answer)
    table.at(to)?.heard(now)
    switch (purpose.kind) {
      case 'lookup':
        lookups.missed(now, purpose, 'failed')
        break
      case 'announce':
        lookups.announced(now, purpose.running, false)
        break
      case 'store':
        lookups.stored(now, purpose.running, answer.message.code)
        break
      case 'ping':
      case 'sample':
        emit({ kind: 'no-pong', operation: purpose.operation, why: 'refused', code: answer.message.code })
        break
      case 'upkeep':
    }
    lookups.resume(now)
  }

  handleResponse(now: Millis, from: Endpoint, answer: { bytes: Uint8Array; message: KrpcResponse }): void {
    const { self, requester, counters, lookups, emit } = this.#init
    const transaction = requester.take(now, from, answer)
    if (transaction === undefined) return
    const { bytes, message } = answer
    const { purpose, to } = transaction
    counters.answered++
    this.#vote(now, to, answer)
    this.#tellSister(answer)
    const id = readNodeId(bytes, message.idAt)
    this.#insert(now, id, transaction)
    switch (purpose.kind) {
      case 'lookup': {
        // One of the bootstrap addresses may be our own.
        if (isSameId(id, self.nodeId)) {
          lookups.missed(now, purpose, 'failed')
          break
        }
        const { tokenAt, tokenLength, extension } = message
        const token = tokenAt < 0 ? undefined : latin1(bytes, tokenAt, tokenAt + tokenLength)
        const nodes = this.#readNodes(bytes, message)
        const values = self.family === 'ipv4' ? message.values : message.values6
        const peers = values.map((at) => latin1(bytes, at, at + SIZES[self.family].compact))
        counters.refusedPeers += lookups.answered(now, purpose, { id, from: to, token, nodes, peers, extension, bytes })
        break
      }
      case 'announce':
        lookups.announced(now, purpose.running, true)
        break
      case 'store':
        lookups.stored(now, purpose.running, undefined)
        break
      case 'sample':
        emit(this.#sampled(purpose.operation, bytes, message))
        break
      case 'ping':
        emit({ kind: 'pong', operation: purpose.operation, id, ms: now - transaction.sentAt })
        break
      case 'upkeep':
        this.#probeNamed(now, bytes, message)
    }
    lookups.resume(now)
  }

  /** A query of ours has stalled, is overdue or has timed out. */
  handleDue(now: Millis, { phase, purpose, to, sentAt }: Transaction<Purpose>): void {
    const { counters, table, lookups, emit } = this.#init
    if (phase === 'stalled' || phase === 'overdue') {
      if (purpose.kind === 'lookup') lookups.missed(now, purpose, phase)
      return
    }
    counters.timedOut++
    const contact = table.at(to)
    if (contact !== undefined) this.#fail(now, contact, sentAt)
    switch (purpose.kind) {
      case 'lookup':
        lookups.missed(now, purpose, 'timedOut')
        break
      case 'announce':
        lookups.announced(now, purpose.running, false)
        break
      case 'store':
        lookups.stored(now, purpose.running, 0)
        break
      case 'ping':
      case 'sample':
        emit({ kind: 'no-pong', operation: purpose.operation, why: 'timed-out', code: 0 })
        break
      case 'upkeep':
    }
    lookups.resume(now)
  }

  #sampled(operation: OperationId, bytes: Uint8Array, message: KrpcResponse): EngineEvent {
    const { samplesAt = -1, samplesLength = 0, num = 0, interval = 0 } = message.extension ?? {}
    const nodes = this.#readNodes(bytes, message)
    // BEP 51: a node without the extension answers with nodes alone.
    if (samplesAt < 0) return { kind: 'no-pong', operation, why: 'refused', code: ERROR_METHOD_UNKNOWN }
    const samples: NodeId[] = []
    for (let at = samplesAt; at < samplesAt + samplesLength; at += ID_LENGTH) samples.push(readNodeId(bytes, at))
    return { kind: 'sampled', operation, samples, num, interval: Math.min(interval, SAMPLE_INTERVAL_MAX_S), nodes }
  }

  #readNodes(bytes: Uint8Array, message: KrpcResponse): readonly Told[] {
    const { self, counters } = this.#init
    const told = readNodes(bytes, message, self.family)
    const nodes = told.filter(({ address }) => self.policy.acceptsNode(address))
    counters.refusedNodes += told.length - nodes.length
    return nodes
  }

  /** Pings those named for whom there is room: of a settled table hardly anybody, so the id is looked at before an address is made. */
  #probeNamed(now: Millis, bytes: Uint8Array, message: KrpcResponse): void {
    const { self, table, visitors, counters } = this.#init
    const { nodesAt, end, step } = nodesIn(message, self.family)
    for (let at = nodesAt; at < end; at += step) {
      const id = readNodeId(bytes, at)
      if (!table.hasRoomFor(now, id)) continue
      const address = readAddress(bytes, at + ID_LENGTH, self.family)
      if (self.policy.acceptsNode(address)) visitors.probe(now, id, address)
      else counters.refusedNodes++
    }
  }

  #insert(now: Millis, id: NodeId, { to, sentAt }: Transaction<Purpose>): void {
    const { self, table, requester, upkeep, entryPoints, emit } = this.#init
    if (entryPoints.isKeptOut(to) || !self.policy.acceptsNode(to)) return
    const isCaller = self.callers?.hasCalled(now, to.host) === true
    if (isCaller && self.callers?.isOutOfReach(now, to.host) === true) return
    const insertion = table.insert(now, id, to, { askedAt: sentAt, isCaller })
    if (insertion.kind === 'added') {
      insertion.contact?.rtt.add(now - sentAt)
      if (table.size === K) {
        entryPoints.forgetRemembered()
        emit({ kind: 'acquainted' })
      }
    }
    if (insertion.kind !== 'cached' || insertion.suspect === undefined) return
    const { address } = insertion.suspect
    if (!upkeep.mayProbe(now, undefined, address)) return
    requester.ask(now, address, { query: { method: 'ping' }, purpose: { kind: 'upkeep' } })
  }

  #vote(now: Millis, voter: NodeAddress, { bytes, message }: Answer): void {
    const { self, onMoved } = this.#init
    const { ipAt, ipLength } = message
    if (ipLength !== SIZES[self.family].compact) return
    if (self.votes.vote(voter, latin1(bytes, ipAt, ipAt + ipLength))) onMoved(now)
  }

  /** BEP 32: nodes that our sister in the other family has use for. */
  #tellSister({ bytes, message }: Answer): void {
    const { self, emit } = this.#init
    if (message.kind !== 'response' || self.sister === undefined || self.sister.size >= K) return
    const family = self.family === 'ipv4' ? 'ipv6' : 'ipv4'
    const nodes = readNodes(bytes, message, family).map(({ address: { host, port } }) => ({ host, port }))
    const accepted = nodes.filter((node) => self.policy.acceptsNode(node))
    if (accepted.length > 0) emit({ kind: 'sister-nodes', nodes: accepted })
  }

  #fail(now: Millis, contact: Contact, sentAt: Millis): void {
    const { self, table, upkeep, entryPoints, emit } = this.#init
    const isDeaf = this.#lastReceivedAt < sentAt
    if (!table.fail(contact, isDeaf)) upkeep.hurry(now)
    else if (isDeaf) entryPoints.remember(contact.address)
    else if (!contact.isProven) self.callers?.wasOutOfReach(now, contact.address.host)
    if (table.size === 0) emit({ kind: 'alone' })
  }
}

function readNodes(bytes: Uint8Array, message: KrpcResponse, family: Family): Told[] {
  const { nodesAt, end, step } = nodesIn(message, family)
  const nodes: Told[] = []
  for (let at = nodesAt; at < end; at += step) {
    nodes.push({ id: readNodeId(bytes, at), address: readAddress(bytes, at + 20, family) })
  }
  return nodes
}

/** Where the nodes of a family stand in a message; none where `end` is not behind `nodesAt`. */
function nodesIn(message: KrpcResponse, family: Family): { nodesAt: number; end: number; step: number } {
  const nodesAt = family === 'ipv4' ? message.nodesAt : message.nodes6At
  const nodesLength = family === 'ipv4' ? message.nodesLength : message.nodes6Length
  const step = SIZES[family].node
  return { nodesAt, end: nodesAt + Math.min(nodesLength, NODES_PER_ANSWER_MAX * step), step }
}
