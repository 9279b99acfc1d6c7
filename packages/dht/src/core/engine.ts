/**
 * A DHT node of one address family, without sockets, clocks or randomness of its own: datagrams and time go in,
 * datagrams and events come out. After every input drain `pollTransmit` and `pollEvent`, and wake it at `pollTimeout`.
 *
 * Here is what may be asked of it and told to it; `parts.ts` shows what it is made of.
 */

import type { Endpoint, Family, Millis } from '@shoal/base'
import type { Counters } from './counters.ts'
import type {
  EngineEvent,
  EngineInit,
  EngineMode,
  EngineSizes,
  EngineSnapshot,
  KnownContact,
  OperationId,
} from './engine-event.ts'
import { addressOf, type NodeAddress } from './id/address.ts'
import type { NodeId } from './id/node-id.ts'
import type { Items } from './item/items.ts'
import type { ItemOrder } from './item/own-items.ts'
import { KrpcParser } from './krpc/parse.ts'
import type { OutgoingQuery } from './krpc/query.ts'
import { limitsFor } from './limits.ts'
import type { AnnounceOptions, LookupSummary } from './lookup/lookup.ts'
import type { NetworkSizeEstimate } from './lookup/network-size.ts'
import type { KnownNode } from './lookup/walks.ts'
import { newParts, type Parts } from './parts.ts'
import type { Contact } from './routing/contact.ts'
import type { Network } from './routing/network-policy.ts'
import type { Transmit } from './rpc/outbox.ts'
import type { Purpose } from './rpc/purpose.ts'

/** Enough to find eight that are still there. */
const WARM_PINGS_MAX = 32
const SNAPSHOT_CONTACTS_MAX = 200

/** One for all engines of a process: what it holds is over with the call. */
const PARSER = new KrpcParser()

export class DhtEngine {
  readonly #init: EngineInit
  readonly #parts: Parts
  /** BOUNDED: by what one input can cause, since the driver drains it. */
  readonly #events: EngineEvent[] = []
  #operations = 0
  #toldMode: EngineMode

  constructor(init: EngineInit) {
    this.#init = init
    this.#parts = newParts(init, {
      emit: (event) => void this.#events.push(event),
      nextOperation: () => this.#nextOperation(),
      onMoved: (now) => this.#moved(now),
    })
    this.#toldMode = this.mode
  }

  get nodeId(): NodeId {
    return this.#parts.self.nodeId
  }

  get family(): Family {
    return this.#init.family
  }

  get mode(): EngineMode {
    return this.#parts.self.mode
  }

  get network(): Network {
    return this.#parts.self.network
  }

  get counters(): Counters {
    return this.#parts.counters
  }

  /** Our address as others see it, once enough of them agree. */
  get externalAddress(): Endpoint | undefined {
    return this.#parts.self.votes.elected
  }

  get sizes(): EngineSizes {
    const { table, peers, itemStore, items, requester, lookups } = this.#parts
    return {
      contacts: table.size,
      buckets: table.depth,
      infoHashes: peers.infoHashes,
      peers: peers.size,
      items: itemStore.size,
      itemBytes: itemStore.bytes,
      peersDisplaced: peers.displaced,
      itemsDisplaced: itemStore.displaced,
      ownItems: items.own,
      inFlight: requester.inFlight,
      lookups: lookups.size,
    }
  }

  /** How many nodes the network seems to have. */
  get networkSize(): NetworkSizeEstimate | undefined {
    return this.#parts.networkSize.estimate
  }

  /** The smoothed round trip over all nodes. */
  get roundTrip(): Millis | undefined {
    return this.#parts.requester.roundTrip
  }

  /** BEP 44: finds and puts items. */
  get items(): Items {
    return this.#parts.items
  }

  contacts(): IterableIterator<Contact> {
    return this.#parts.table.contacts()
  }

  /** Whether a walk has anywhere to begin without contacts. */
  get hasEntryPoints(): boolean {
    return !this.#parts.entryPoints.isEmpty
  }

  /** What to remember for the next run: begin that with this id, and hand the contacts to `warm`. */
  snapshot(): EngineSnapshot {
    const known: KnownContact[] = []
    for (const { id, address, rtt, failures } of this.contacts()) {
      if (failures === 0) known.push({ id, host: address.host, port: address.port, roundTripMs: rtt.smoothed })
    }
    const contacts = known.sort((a, b) => (a.roundTripMs ?? 0) - (b.roundTripMs ?? 0)).slice(0, SNAPSHOT_CONTACTS_MAX)
    return { id: this.nodeId, externalAddress: this.externalAddress, contacts }
  }

  /** Known only once names are resolved; the node has no contacts before that. */
  setNetwork(now: Millis, network: Network): void {
    const { self, table, requester, responder, peers, itemStore, upkeep } = this.#parts
    self.setNetwork(now, network)
    table.setRules(self.policy)
    requester.setNetwork(network)
    const limits = limitsFor(network, this.#init.limits)
    responder.setLimits(now, limits)
    peers.setLimits(limits)
    itemStore.setLimits(limits)
    upkeep.setNetwork(now, network)
    this.#takeBetterId()
  }

  /** The address that the socket is bound to. */
  setBound(address: Endpoint): void {
    this.#parts.self.bound = address
    this.#takeBetterId()
  }

  /** BEP 32: tells of the engine of the other family, each of the other. */
  setSister(sister: DhtEngine): void {
    this.#parts.self.sister = sister.#parts.table
  }

  /** Public routers serve everybody's bootstrap and want no further traffic: they never become contacts. */
  keepOut(nodes: readonly Endpoint[]): void {
    this.#parts.entryPoints.keepOut(nodes)
  }

  pollTransmit(): Transmit | undefined {
    const { outbox, counters } = this.#parts
    const transmit = outbox.poll()
    if (transmit !== undefined) {
      counters.sent++
      counters.bytesSent += transmit.bytes.length
    }
    return transmit
  }

  pollEvent(): EngineEvent | undefined {
    return this.#events.length === 0 ? undefined : this.#events.shift()
  }

  /** When `handleTimeout` has something to do; `undefined` where nothing waits. */
  pollTimeout(): Millis | undefined {
    const { requester, upkeep, table, self } = this.#parts
    const query = requester.pollTimeout()
    const chore = upkeep.pollTimeout()
    // Without contacts there is nobody who could reach us.
    const mode = table.size === 0 ? undefined : self.reachability?.pollTimeout()
    if (query === undefined && chore === undefined) return mode
    return Math.min(
      query ?? Number.POSITIVE_INFINITY,
      chore ?? Number.POSITIVE_INFINITY,
      mode ?? Number.POSITIVE_INFINITY,
    )
  }

  handleDatagram(now: Millis, from: Endpoint, bytes: Uint8Array): void {
    const { counters, replies, visitors, self } = this.#parts
    counters.received++
    counters.bytesReceived += bytes.length
    const message = PARSER.parse(bytes)
    if (message.kind === 'rejected') {
      counters.rejected[message.reason]++
      return
    }
    replies.heardSomething(now)
    if (message.kind === 'response') replies.handleResponse(now, from, { bytes, message })
    else if (message.kind === 'error') replies.handleError(now, from, { bytes, message })
    else {
      visitors.handleQuery(now, from, { bytes, message })
      if (self.reachability !== undefined) this.#tellMode()
    }
  }

  handleTimeout(now: Millis): void {
    const { requester, replies, upkeep, peers, itemStore, items, self } = this.#parts
    for (let due = requester.takeDue(now); due !== undefined; due = requester.takeDue(now)) replies.handleDue(now, due)
    const chore = upkeep.handleTimeout(now)
    if (chore !== undefined) {
      requester.ask(now, chore.contact.address, { query: chore.query, purpose: { kind: 'upkeep' } })
    }
    peers.expire(now)
    itemStore.expire(now)
    items.handleTimeout(now)
    self.reachability?.handleTimeout(now)
    this.#tellMode()
  }

  /** Walks to our own id, from these addresses too; they stay known for when the table runs low. */
  bootstrap(now: Millis, nodes: readonly Endpoint[]): OperationId {
    this.#parts.entryPoints.add(nodes)
    return this.#parts.walks.home(now)
  }

  /** Asks those whom we knew when we ran last, quickest first, and walks to our own id by them; they stay known until there are contacts. */
  warm(now: Millis, known: readonly KnownNode[]): OperationId {
    for (const node of known.slice(0, WARM_PINGS_MAX)) {
      const address = this.#greet(now, node)
      if (address !== undefined) this.#parts.entryPoints.remember(address, node.id)
    }
    return this.#parts.walks.home(now, known)
  }

  /** Nodes that our sister in the other family was told of: where we know few, a walk begins with them. */
  introduce(now: Millis, nodes: readonly Endpoint[]): void {
    this.#parts.walks.introduced(now, nodes)
  }

  /** Peers come as events, then `lookup-done`; with `announce` the closest nodes are told of us before that. */
  lookup(now: Millis, target: NodeId, announce?: AnnounceOptions): OperationId {
    return this.#parts.walks.peers(now, target, announce)
  }

  /** BEP 33: ends in `scraped`. */
  scrape(now: Millis, target: NodeId): OperationId {
    return this.#parts.walks.scrape(now, target)
  }

  /** BEP 44: puts the item where the walk of `items.beginPut` has ended. */
  storeItem(now: Millis, operation: OperationId, order: ItemOrder): void {
    this.#parts.lookups.store(now, operation, order)
  }

  /** Ends in `pong` or `no-pong`. The node becomes a contact if it answers and there is room. */
  ping(now: Millis, to: Endpoint): OperationId {
    const operation = this.#nextOperation()
    this.#askOne(now, to, { query: { method: 'ping' }, purpose: { kind: 'ping', operation } })
    return operation
  }

  /** BEP 51: asks one node. Ends in `sampled` or `no-pong`. */
  sample(now: Millis, to: Endpoint, target: NodeId): OperationId {
    const operation = this.#nextOperation()
    this.#askOne(now, to, { query: { method: 'sample_infohashes', target }, purpose: { kind: 'sample', operation } })
    return operation
  }

  /** Forgets a ping, sample or lookup, of which no event comes any more; of a lookup, how far it came. */
  cancel(now: Millis, operation: OperationId): LookupSummary | undefined {
    this.#parts.requester.cancel(
      (purpose) => (purpose.kind === 'ping' || purpose.kind === 'sample') && purpose.operation === operation,
    )
    return this.#parts.lookups.cancel(now, operation)
  }

  #nextOperation(): OperationId {
    return ++this.#operations
  }

  #askOne(
    now: Millis,
    to: Endpoint,
    { query, purpose }: { query: OutgoingQuery; purpose: Extract<Purpose, { operation: OperationId }> },
  ): void {
    const address = addressOf(to, this.#init.family)
    if (address !== undefined && this.#parts.requester.ask(now, address, { query, purpose }) === 'sent') return
    this.#events.push({ kind: 'no-pong', operation: purpose.operation, why: 'busy', code: 0 })
  }

  /** Pings a node for the table's sake: if it answers, it becomes a contact. */
  #greet(now: Millis, node: Endpoint): NodeAddress | undefined {
    const { self, requester } = this.#parts
    const address = addressOf(node, this.#init.family)
    if (address === undefined || !self.policy.acceptsNode(address)) return undefined
    requester.ask(now, address, { query: { method: 'ping' }, purpose: { kind: 'upkeep' } })
    return address
  }

  /** BEP 43: says so where `mode: 'auto'` has come to another conclusion. */
  #tellMode(): void {
    const { mode } = this
    if (mode === this.#toldMode) return
    this.#toldMode = mode
    this.#events.push({ kind: 'mode', mode })
  }

  /** Others see us at another host: what hung on the old one is made anew (BEP 42). */
  #moved(now: Millis): void {
    const address = this.externalAddress
    if (address === undefined) return
    this.#events.push({ kind: 'address', address })
    this.#parts.self.reachability?.moved(now)
    this.#tellMode()
    if (!this.#takeBetterId()) return
    // Whoever has us by our old id would hand that out, and whoever asks for it would wait for us in vain.
    for (const { address: node } of this.contacts()) this.#greet(now, node)
    this.#parts.walks.home(now)
  }

  #takeBetterId(): boolean {
    const { self, table } = this.#parts
    const nodeId = self.betterId(this.#init.random)
    if (nodeId === undefined) return false
    self.nodeId = nodeId
    table.rehome(nodeId)
    this.#events.push({ kind: 'id', nodeId })
    return true
  }
}
