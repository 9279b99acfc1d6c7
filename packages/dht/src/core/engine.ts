/**
 * A DHT node of one address family, without sockets, clocks or randomness of its own: datagrams and time go in,
 * datagrams and events come out. After every input drain `pollTransmit` and `pollEvent`, and wake it at `pollTimeout`.
 */

import { type Endpoint, type Family, latin1, type Millis } from '@shoal/base'
import { type Counters, newCounters } from './counters.ts'
import type { EngineEvent, EngineInit, EngineMode, EngineSizes, OperationId } from './engine-event.ts'
import { addressOf, type NodeAddress, readAddress, SIZES } from './id/address.ts'
import { compareDistance, idKey, isSameId, type NodeId, nodeIdBytes, readNodeId } from './id/node-id.ts'
import type { KrpcError, KrpcQuery, KrpcResponse } from './krpc/message.ts'
import { KrpcParser } from './krpc/parse.ts'
import { limitsFor } from './limits.ts'
import { NODES_PER_ANSWER_MAX } from './lookup/frontier.ts'
import { type AnnounceOptions, Lookup, type LookupSummary } from './lookup/lookup.ts'
import { Lookups } from './lookup/lookups.ts'
import { AddressVotes } from './routing/address-votes.ts'
import type { Contact } from './routing/contact.ts'
import { EntryPoints } from './routing/entry-points.ts'
import { type Network, type NetworkPolicy, networkPolicy } from './routing/network-policy.ts'
import { K, RoutingTable } from './routing/routing-table.ts'
import { Upkeep } from './routing/upkeep.ts'
import { Outbox, type Transmit } from './rpc/outbox.ts'
import type { Purpose } from './rpc/purpose.ts'
import { Requester } from './rpc/requester.ts'
import { Responder } from './rpc/responder.ts'
import type { Transaction } from './rpc/transactions.ts'
import { PeerStore } from './storage/peer-store.ts'
import { TokenIssuer } from './storage/token-issuer.ts'

/** Contacts that a lookup begins with: twice as many as it needs, in case some are dead. */
const SEEDS = 2 * K
/** Peers stored here that a lookup of our own begins with. */
const OWN_PEERS_MAX = 200

interface Told {
  readonly id: NodeId
  readonly address: NodeAddress
}

export class DhtEngine {
  readonly #init: EngineInit
  readonly #table: RoutingTable
  readonly #parser = new KrpcParser()
  readonly #outbox = new Outbox()
  readonly #requester: Requester
  readonly #lookups: Lookups
  readonly #tokens: TokenIssuer
  readonly #peers: PeerStore
  readonly #votes: AddressVotes
  readonly #counters: Counters = newCounters()
  /** BOUNDED: by what one input can cause, since the driver drains it. */
  readonly #events: EngineEvent[] = []
  readonly #entryPoints: EntryPoints
  #network: Network
  #policy: NetworkPolicy
  #responder: Responder
  #upkeep: Upkeep
  #bound: Endpoint | undefined
  #lastReceivedAt: Millis
  #nextOperation: OperationId = 1

  constructor(init: EngineInit) {
    const { random, now, network, nodeId } = init
    const limits = limitsFor(network, init.limits)
    this.#init = init
    this.#entryPoints = new EntryPoints(init.family)
    this.#network = network
    this.#policy = networkPolicy(network)
    this.#table = new RoutingTable(nodeId, this.#policy.onePerHost)
    this.#requester = new Requester({
      ownId: nodeId,
      isReadOnly: init.mode === 'client',
      random,
      inFlightMax: limits.queriesInFlightMax,
      network,
      outbox: this.#outbox,
      counters: this.#counters,
      table: this.#table,
    })
    this.#tokens = new TokenIssuer(random, now)
    this.#peers = new PeerStore(limits, random.uint32())
    this.#votes = new AddressVotes(network)
    this.#responder = this.#newResponder(now)
    this.#upkeep = new Upkeep({ table: this.#table, random, network }, now)
    this.#lastReceivedAt = now
    this.#lookups = new Lookups({
      ask: (at, to, query) => this.#requester.ask(at, to, query),
      emit: (event) => this.#events.push(event),
      acceptsPeer: (peer, teller) => this.#policy.acceptsPeer(peer, teller),
      storeOwn: (at, lookup) => this.#storeOwn(at, lookup),
    })
  }

  get nodeId(): NodeId {
    return this.#init.nodeId
  }

  get family(): Family {
    return this.#init.family
  }

  get mode(): EngineMode {
    return this.#init.mode
  }

  get network(): Network {
    return this.#network
  }

  get counters(): Counters {
    return this.#counters
  }

  /** Our address as others see it, once enough of them agree. */
  get externalAddress(): Endpoint | undefined {
    return this.#votes.elected
  }

  get sizes(): EngineSizes {
    return {
      contacts: this.#table.size,
      buckets: this.#table.depth,
      infoHashes: this.#peers.infoHashes,
      peers: this.#peers.size,
      inFlight: this.#requester.inFlight,
      lookups: this.#lookups.size,
    }
  }

  /** The smoothed round trip over all nodes. */
  get roundTrip(): Millis | undefined {
    return this.#requester.roundTrip
  }

  contacts(): IterableIterator<Contact> {
    return this.#table.contacts()
  }

  /** Known only once names are resolved; the node has no contacts before that. */
  setNetwork(now: Millis, network: Network): void {
    this.#network = network
    this.#policy = networkPolicy(network)
    this.#table.setOnePerHost(this.#policy.onePerHost)
    this.#votes.setNetwork(network)
    this.#requester.setNetwork(network)
    this.#responder = this.#newResponder(now)
    this.#upkeep = new Upkeep({ table: this.#table, random: this.#init.random, network }, now)
  }

  #newResponder(now: Millis): Responder {
    return new Responder(
      {
        family: this.#init.family,
        ownId: this.#init.nodeId,
        table: this.#table,
        tokens: this.#tokens,
        peers: this.#peers,
        outbox: this.#outbox,
        counters: this.#counters,
        limits: limitsFor(this.#network, this.#init.limits),
      },
      now,
    )
  }

  /** The address that the socket is bound to. */
  setBound(address: Endpoint): void {
    this.#bound = address
  }

  pollTransmit(): Transmit | undefined {
    const transmit = this.#outbox.poll()
    if (transmit !== undefined) {
      this.#counters.sent++
      this.#counters.bytesSent += transmit.bytes.length
    }
    return transmit
  }

  pollEvent(): EngineEvent | undefined {
    return this.#events.length === 0 ? undefined : this.#events.shift()
  }

  /** When `handleTimeout` has something to do; `undefined` where nothing waits. */
  pollTimeout(): Millis | undefined {
    const query = this.#requester.pollTimeout()
    const upkeep = this.#upkeep.pollTimeout()
    if (query === undefined) return upkeep
    return upkeep === undefined ? query : Math.min(query, upkeep)
  }

  handleDatagram(now: Millis, from: Endpoint, bytes: Uint8Array): void {
    this.#counters.received++
    this.#counters.bytesReceived += bytes.length
    const message = this.#parser.parse(bytes)
    if (message.kind === 'rejected') {
      this.#counters.rejected[message.reason]++
      return
    }
    this.#lastReceivedAt = now
    if (message.kind === 'response') this.#handleResponse(now, from, { bytes, message })
    else if (message.kind === 'error') this.#handleError(now, from, { bytes, message })
    else this.#handleQuery(now, from, { bytes, message })
  }

  handleTimeout(now: Millis): void {
    for (let due = this.#requester.takeDue(now); due !== undefined; due = this.#requester.takeDue(now)) {
      this.#handleDue(now, due)
    }
    const chore = this.#upkeep.handleTimeout(now)
    if (chore !== undefined) {
      this.#requester.ask(now, chore.contact.address, { query: chore.query, purpose: { kind: 'upkeep' } })
    }
    this.#peers.expire(now)
  }

  /** Walks to our own id, from these addresses too; they stay known for when the table runs low. */
  bootstrap(now: Millis, nodes: readonly Endpoint[]): OperationId {
    this.#entryPoints.add(nodes)
    return this.#start(now, 'find_node', { target: this.#init.nodeId, announce: undefined })
  }

  /** Public routers serve everybody's bootstrap and want no further traffic: they never become contacts. */
  keepOut(nodes: readonly Endpoint[]): void {
    this.#entryPoints.keepOut(nodes)
  }

  /** Peers come as events, then `lookup-done`; with `announce` the closest nodes are told of us before that. */
  lookup(now: Millis, target: NodeId, announce?: AnnounceOptions): OperationId {
    return this.#start(now, 'get_peers', { target, announce })
  }

  /** Ends in `pong` or `no-pong`. The node becomes a contact if it answers and there is room. */
  ping(now: Millis, to: Endpoint): OperationId {
    const operation = this.#nextOperation++
    const address = addressOf(to, this.#init.family)
    const purpose: Purpose = { kind: 'ping', operation }
    const query = { query: { method: 'ping' }, purpose } as const
    if (address === undefined || this.#requester.ask(now, address, query) !== 'sent') {
      this.#events.push({ kind: 'no-pong', operation, why: 'busy', code: 0 })
    }
    return operation
  }

  /** Forgets a ping or lookup, of which no event comes any more; of a lookup, how far it came. */
  cancel(now: Millis, operation: OperationId): LookupSummary | undefined {
    this.#requester.cancel((purpose) => purpose.kind === 'ping' && purpose.operation === operation)
    return this.#lookups.cancel(now, operation)
  }

  #start(
    now: Millis,
    method: 'find_node' | 'get_peers',
    { target, announce }: { target: NodeId; announce: AnnounceOptions | undefined },
  ): OperationId {
    const operation = this.#nextOperation++
    const { onePerHost } = this.#policy
    const ownId = this.#init.nodeId
    const lookup = new Lookup({ method, target, announce, ownId, onePerHost, startedAt: now })
    const nearest = this.#table.closest(target, SEEDS)
    for (const { id, address } of nearest) lookup.addCandidate(id, address)
    if (nearest.length < K) {
      for (const { id, address } of this.#table.contacts()) lookup.addCandidate(id, address)
      for (const address of this.#entryPoints.fallbacks(this.#table.size > 0)) lookup.addCandidate(undefined, address)
    }
    const from = this.#votes.elected ?? this.#bound
    const peers = method === 'get_peers' ? this.#peers.sample(now, idKey(nodeIdBytes(target), 0), OWN_PEERS_MAX) : []
    this.#lookups.start(now, operation, { lookup, told: from === undefined ? undefined : { from, peers } })
    return operation
  }

  /** Where we ourselves belong to the closest nodes, as in a small network, the announcement is stored here too. */
  #storeOwn(now: Millis, lookup: Lookup): void {
    const self = this.#votes.elected ?? this.#bound
    const announce = lookup.announce
    if (this.#init.mode === 'client' || self === undefined || announce === undefined) return
    const farthest = lookup.closest()[K - 1]?.id
    if (farthest !== undefined && compareDistance(lookup.target, this.#init.nodeId, farthest) > 0) return
    const port = announce.isPortImplied ? self.port : announce.port
    const address = addressOf({ host: self.host, port }, this.#init.family)
    if (address === undefined || !this.#policy.acceptsPeer(address, self)) return
    this.#peers.announce(now, idKey(nodeIdBytes(lookup.target), 0), address.key)
  }

  #handleQuery(now: Millis, from: Endpoint, query: { bytes: Uint8Array; message: KrpcQuery }): void {
    const { bytes, message } = query
    this.#counters.queries[message.kind]++
    if (from.port === 0) return
    if (this.#init.mode === 'client') this.#counters.ignoredAsClient++
    else this.#responder.handleQuery(now, from, query)
    if (message.isReadOnly || message.idAt < 0) return
    const id = readNodeId(bytes, message.idAt)
    const contact = this.#table.find(id, from.host, from.port)
    if (contact !== undefined) contact.seenAt = now
    else if (this.#init.mode === 'server' && this.#table.hasRoomFor(now, id)) this.#probe(now, id, from)
  }

  #probe(now: Millis, id: NodeId, node: Endpoint): void {
    const address = addressOf(node, this.#init.family)
    if (address === undefined || this.#entryPoints.isKeptOut(address) || !this.#policy.acceptsNode(address)) return
    const known = this.#table.at(address)
    if (known !== undefined && isSameId(known.id, id)) return
    if (!this.#upkeep.mayProbe(now, id, address)) return
    this.#requester.ask(now, address, { query: { method: 'ping' }, purpose: { kind: 'upkeep' } })
  }

  #handleError(now: Millis, from: Endpoint, answer: { bytes: Uint8Array; message: KrpcError }): void {
    const transaction = this.#requester.take(now, from, answer)
    if (transaction === undefined) return
    this.#counters.failed++
    const { purpose, to } = transaction
    this.#vote(to, answer.bytes, answer.message)
    this.#table.at(to)?.heard(now)
    switch (purpose.kind) {
      case 'lookup':
        this.#lookups.missed(now, purpose, 'failed')
        break
      case 'announce':
        this.#lookups.announced(now, purpose.running, false)
        break
      case 'ping':
        this.#events.push({
          kind: 'no-pong',
          operation: purpose.operation,
          why: 'refused',
          code: answer.message.code,
        })
        break
      case 'upkeep':
    }
    this.#lookups.resume(now)
  }

  #handleResponse(now: Millis, from: Endpoint, answer: { bytes: Uint8Array; message: KrpcResponse }): void {
    const transaction = this.#requester.take(now, from, answer)
    if (transaction === undefined) return
    const { bytes, message } = answer
    const { purpose, to } = transaction
    this.#counters.answered++
    this.#vote(to, bytes, message)
    const id = readNodeId(bytes, message.idAt)
    this.#insert(now, id, transaction)
    switch (purpose.kind) {
      case 'lookup': {
        // One of the bootstrap addresses may be our own.
        if (isSameId(id, this.#init.nodeId)) {
          this.#lookups.missed(now, purpose, 'failed')
          break
        }
        const { tokenAt, tokenLength } = message
        const token = tokenAt < 0 ? undefined : latin1(bytes, tokenAt, tokenAt + tokenLength)
        const nodes = this.#readNodes(bytes, message)
        const { family } = this.#init
        const values = family === 'ipv4' ? message.values : message.values6
        const peers = values.map((at) => latin1(bytes, at, at + SIZES[family].compact))
        this.#counters.refusedPeers += this.#lookups.answered(now, purpose, { id, from: to, token, nodes, peers })
        break
      }
      case 'announce':
        this.#lookups.announced(now, purpose.running, true)
        break
      case 'ping':
        this.#events.push({ kind: 'pong', operation: purpose.operation, id, ms: now - transaction.sentAt })
        break
      case 'upkeep':
        for (const told of this.#readNodes(bytes, message)) this.#probe(now, told.id, told.address)
    }
    this.#lookups.resume(now)
  }

  #readNodes(bytes: Uint8Array, message: KrpcResponse): readonly Told[] {
    const { family } = this.#init
    const nodesAt = family === 'ipv4' ? message.nodesAt : message.nodes6At
    const nodesLength = family === 'ipv4' ? message.nodesLength : message.nodes6Length
    const step = SIZES[family].node
    const nodes: Told[] = []
    for (let at = nodesAt; at < nodesAt + nodesLength && nodes.length < NODES_PER_ANSWER_MAX; at += step) {
      const address = readAddress(bytes, at + 20, family)
      if (this.#policy.acceptsNode(address)) nodes.push({ id: readNodeId(bytes, at), address })
      else this.#counters.refusedNodes++
    }
    return nodes
  }

  #insert(now: Millis, id: NodeId, { to, sentAt }: Transaction<Purpose>): void {
    if (this.#entryPoints.isKeptOut(to) || !this.#policy.acceptsNode(to)) return
    const insertion = this.#table.insert(now, id, to)
    if (insertion.kind === 'added') insertion.contact?.rtt.add(now - sentAt)
    if (insertion.kind !== 'cached' || insertion.suspect === undefined) return
    const { address } = insertion.suspect
    if (!this.#upkeep.mayProbe(now, undefined, address)) return
    this.#requester.ask(now, address, { query: { method: 'ping' }, purpose: { kind: 'upkeep' } })
  }

  #vote(voter: NodeAddress, bytes: Uint8Array, { ipAt, ipLength }: KrpcResponse | KrpcError): void {
    if (ipLength !== SIZES[this.#init.family].compact) return
    this.#votes.vote(voter, latin1(bytes, ipAt, ipAt + ipLength))
  }

  /** A query of ours has stalled, is overdue or has timed out. */
  #handleDue(now: Millis, { phase, purpose, to, sentAt }: Transaction<Purpose>): void {
    if (phase === 'stalled' || phase === 'overdue') {
      if (purpose.kind === 'lookup') this.#lookups.missed(now, purpose, phase)
      return
    }
    this.#counters.timedOut++
    const contact = this.#table.at(to)
    if (contact !== undefined) this.#fail(now, contact, sentAt)
    switch (purpose.kind) {
      case 'lookup':
        this.#lookups.missed(now, purpose, 'timedOut')
        break
      case 'announce':
        this.#lookups.announced(now, purpose.running, false)
        break
      case 'ping':
        this.#events.push({ kind: 'no-pong', operation: purpose.operation, why: 'timed-out', code: 0 })
        break
      case 'upkeep':
    }
    this.#lookups.resume(now)
  }

  #fail(now: Millis, contact: Contact, sentAt: Millis): void {
    const isDeaf = this.#lastReceivedAt < sentAt
    if (!this.#table.fail(contact, isDeaf)) this.#upkeep.hurry(now)
    if (this.#table.size === 0) this.#events.push({ kind: 'alone' })
  }
}
