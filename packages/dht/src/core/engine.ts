/**
 * A DHT node of one address family, without sockets, clocks or randomness of its own: datagrams and time go in,
 * datagrams and events come out. After every input drain `pollTransmit` and `pollEvent`, and wake it at `pollTimeout`.
 */

import type { Endpoint, Family, Millis } from '@shoal/base'
import { type Counters, newCounters } from './counters.ts'
import type { EngineEvent, EngineInit, EngineMode, EngineSizes, OperationId } from './engine-event.ts'
import { addressOf } from './id/address.ts'
import { compareDistance, idKey, isSameId, type NodeId, nodeIdBytes, randomNodeIdNear } from './id/node-id.ts'
import { Items } from './item/items.ts'
import type { ItemOrder } from './item/own-items.ts'
import { KrpcParser } from './krpc/parse.ts'
import { limitsFor } from './limits.ts'
import { type AnnounceOptions, Lookup, type LookupQuery, type LookupSummary } from './lookup/lookup.ts'
import { type LookupAim, Lookups } from './lookup/lookups.ts'
import { NetworkSize, type NetworkSizeEstimate } from './lookup/network-size.ts'
import { ScrapeTally } from './lookup/scrape-tally.ts'
import type { Contact } from './routing/contact.ts'
import { EntryPoints } from './routing/entry-points.ts'
import type { Network } from './routing/network-policy.ts'
import { K, RoutingTable } from './routing/routing-table.ts'
import { Upkeep } from './routing/upkeep.ts'
import { ExtensionResponder } from './rpc/extension-responder.ts'
import { Outbox, type Transmit } from './rpc/outbox.ts'
import type { Purpose } from './rpc/purpose.ts'
import { Replies } from './rpc/replies.ts'
import { Requester } from './rpc/requester.ts'
import { Responder } from './rpc/responder.ts'
import { Visitors } from './rpc/visitors.ts'
import { Self } from './self.ts'
import { InfoHashSampler } from './storage/info-hash-sampler.ts'
import { ItemStore } from './storage/item-store.ts'
import { PeerStore } from './storage/peer-store.ts'
import { TokenIssuer } from './storage/token-issuer.ts'

/** Contacts that a lookup begins with: twice as many as it needs, in case some are dead. */
const SEEDS = 2 * K
/** Peers stored here that a lookup of our own begins with. */
const OWN_PEERS_MAX = 200
/** A sister with few nodes is told of some with every answer; one walk in a while is enough. */
const INTRODUCTION_INTERVAL_MS: Millis = 5_000
/** Enough to find eight that are still there. */
const WARM_PINGS_MAX = 32

export class DhtEngine {
  readonly #init: EngineInit
  readonly #self: Self
  readonly #table: RoutingTable
  readonly #parser = new KrpcParser()
  readonly #outbox = new Outbox()
  readonly #requester: Requester
  readonly #responder: Responder
  readonly #visitors: Visitors
  readonly #replies: Replies
  readonly #lookups: Lookups
  readonly #peers: PeerStore
  readonly #itemStore: ItemStore
  /** BEP 44: finds and puts items. */
  readonly items: Items
  readonly #upkeep: Upkeep
  readonly #entryPoints: EntryPoints
  readonly #counters: Counters = newCounters()
  readonly #networkSize = new NetworkSize()
  /** BOUNDED: by what one input can cause, since the driver drains it. */
  readonly #events: EngineEvent[] = []
  #nextOperation: OperationId = 1
  #toldMode: EngineMode
  /** No more nodes from our sister before that. */
  #introducedUntil: Millis = 0

  constructor(init: EngineInit) {
    const { random, now, network, nodeId, family } = init
    const limits = limitsFor(network, init.limits)
    const self = new Self(init)
    const outbox = this.#outbox
    const counters = this.#counters
    const table = new RoutingTable(nodeId, self.policy)
    const requester = new Requester({ self, random, inFlightMax: limits.queriesInFlightMax, outbox, counters, table })
    const peers = new PeerStore(limits, random.uint32())
    const tokens = new TokenIssuer(random, now)
    const itemStore = new ItemStore(limits, random)
    const sampler = new InfoHashSampler(peers, random)
    const stores = { items: itemStore, peers, sampler, crypto: init.crypto }
    const extensions = new ExtensionResponder({ self, ...stores, tokens, outbox, counters, limits }, now)
    const upkeep = new Upkeep({ table, random, network }, now)
    const entryPoints = new EntryPoints(family)
    const responder = new Responder({ self, table, tokens, peers, extensions, outbox, counters, limits }, now)
    const visitors = new Visitors({ self, table, responder, requester, upkeep, entryPoints, counters })
    const emit = (event: EngineEvent): void => void this.#events.push(event)
    const lookups = new Lookups({
      ask: (at, to, query) => requester.ask(at, to, query),
      emit,
      onStored: (at, event) => this.items.handleStored(at, event),
      acceptsPeer: (peer, teller) => self.policy.acceptsPeer(peer, teller),
      onWalked: (at, lookup) => this.#handleWalked(at, lookup),
      storeOwn: (at, lookup) => this.#storeOwn(at, lookup),
      storeOwnItem: (at, lookup, order) => this.#belongsHere(lookup) && this.items.store(at, order, self.nodeId),
    })
    this.#init = init
    this.#self = self
    this.#toldMode = self.mode
    this.#table = table
    this.#requester = requester
    this.#responder = responder
    this.#visitors = visitors
    this.#lookups = lookups
    this.#peers = peers
    this.#itemStore = itemStore
    this.items = new Items({
      crypto: init.crypto,
      random,
      stored: itemStore,
      start: (at, query, aim) => this.#start(at, query.method, { target: query.target, query, aim }),
    })
    this.#upkeep = upkeep
    this.#entryPoints = entryPoints
    this.#replies = new Replies(
      {
        self,
        table,
        requester,
        lookups,
        upkeep,
        entryPoints,
        visitors,
        counters,
        emit,
        onMoved: (at) => this.#moved(at),
      },
      now,
    )
  }

  get nodeId(): NodeId {
    return this.#self.nodeId
  }

  get family(): Family {
    return this.#init.family
  }

  get mode(): EngineMode {
    return this.#self.mode
  }

  get network(): Network {
    return this.#self.network
  }

  get counters(): Counters {
    return this.#counters
  }

  /** Our address as others see it, once enough of them agree. */
  get externalAddress(): Endpoint | undefined {
    return this.#self.votes.elected
  }

  get sizes(): EngineSizes {
    return {
      contacts: this.#table.size,
      buckets: this.#table.depth,
      infoHashes: this.#peers.infoHashes,
      peers: this.#peers.size,
      items: this.#itemStore.size,
      itemBytes: this.#itemStore.bytes,
      ownItems: this.items.own,
      inFlight: this.#requester.inFlight,
      lookups: this.#lookups.size,
    }
  }

  /** How many nodes the network seems to have. */
  get networkSize(): NetworkSizeEstimate | undefined {
    return this.#networkSize.estimate
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
    this.#self.setNetwork(now, network)
    this.#table.setRules(this.#self.policy)
    this.#requester.setNetwork(network)
    const limits = limitsFor(network, this.#init.limits)
    this.#responder.setLimits(now, limits)
    this.#itemStore.setLimits(limits)
    this.#upkeep.setNetwork(now, network)
    this.#takeBetterId()
  }

  /** The address that the socket is bound to. */
  setBound(address: Endpoint): void {
    this.#self.bound = address
    this.#takeBetterId()
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
    // Without contacts there is nobody who could reach us.
    const mode = this.#table.size === 0 ? undefined : this.#self.reachability?.pollTimeout()
    if (query === undefined && upkeep === undefined) return mode
    return Math.min(
      query ?? Number.POSITIVE_INFINITY,
      upkeep ?? Number.POSITIVE_INFINITY,
      mode ?? Number.POSITIVE_INFINITY,
    )
  }

  handleDatagram(now: Millis, from: Endpoint, bytes: Uint8Array): void {
    this.#counters.received++
    this.#counters.bytesReceived += bytes.length
    const message = this.#parser.parse(bytes)
    if (message.kind === 'rejected') {
      this.#counters.rejected[message.reason]++
      return
    }
    this.#replies.heardSomething(now)
    if (message.kind === 'response') this.#replies.handleResponse(now, from, { bytes, message })
    else if (message.kind === 'error') this.#replies.handleError(now, from, { bytes, message })
    else {
      this.#visitors.handleQuery(now, from, { bytes, message })
      if (this.#self.reachability !== undefined) this.#tellMode()
    }
  }

  handleTimeout(now: Millis): void {
    for (let due = this.#requester.takeDue(now); due !== undefined; due = this.#requester.takeDue(now)) {
      this.#replies.handleDue(now, due)
    }
    const chore = this.#upkeep.handleTimeout(now)
    if (chore !== undefined) {
      this.#requester.ask(now, chore.contact.address, { query: chore.query, purpose: { kind: 'upkeep' } })
    }
    this.#peers.expire(now)
    this.#itemStore.expire(now)
    this.items.handleTimeout(now)
    this.#self.reachability?.handleTimeout(now)
    this.#tellMode()
  }

  /** BEP 43: says so where `mode: 'auto'` has come to another conclusion. */
  #tellMode(): void {
    const { mode } = this.#self
    if (mode === this.#toldMode) return
    this.#toldMode = mode
    this.#events.push({ kind: 'mode', mode })
  }

  /** Others see us at another host: what hung on the old one is made anew (BEP 42). */
  #moved(now: Millis): void {
    const address = this.#self.votes.elected
    if (address === undefined) return
    this.#events.push({ kind: 'address', address })
    this.#self.reachability?.moved(now)
    this.#tellMode()
    const nodeId = this.#takeBetterId()
    if (nodeId === undefined) return
    // Whoever has us by our old id would hand that out, and whoever asks for it would wait for us in vain.
    for (const { address } of this.#table.contacts()) {
      this.#requester.ask(now, address, { query: { method: 'ping' }, purpose: { kind: 'upkeep' } })
    }
    this.#start(now, 'find_node', { target: nodeId, announce: undefined })
  }

  #takeBetterId(): NodeId | undefined {
    const nodeId = this.#self.betterId(this.#init.random)
    if (nodeId === undefined) return undefined
    this.#self.nodeId = nodeId
    this.#table.rehome(nodeId)
    this.#events.push({ kind: 'id', nodeId })
    return nodeId
  }

  /** Walks to our own id, from these addresses too; they stay known for when the table runs low. */
  bootstrap(now: Millis, nodes: readonly Endpoint[]): OperationId {
    this.#entryPoints.add(nodes)
    return this.#start(now, 'find_node', { target: this.#self.nodeId, announce: undefined })
  }

  /** Asks those whom we knew when we ran last, quickest first, and walks to our own id by them. */
  warm(now: Millis, known: readonly Endpoint[]): OperationId {
    for (const node of known.slice(0, WARM_PINGS_MAX)) {
      const address = addressOf(node, this.#init.family)
      if (address === undefined || !this.#self.policy.acceptsNode(address)) continue
      this.#requester.ask(now, address, { query: { method: 'ping' }, purpose: { kind: 'upkeep' } })
    }
    return this.#start(now, 'find_node', { target: this.#self.nodeId, announce: undefined, known })
  }

  /** BEP 32: tells of the engine of the other family, each of the other. */
  setSister(sister: DhtEngine): void {
    this.#self.sister = sister.#table
  }

  /** Nodes that our sister in the other family was told of: where we know few, a walk begins with them. */
  introduce(now: Millis, nodes: readonly Endpoint[]): void {
    if (this.#table.size >= K || now < this.#introducedUntil) return
    this.#introducedUntil = now + INTRODUCTION_INTERVAL_MS
    this.#start(now, 'find_node', { target: this.#self.nodeId, announce: undefined, known: nodes })
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

  /** BEP 44: puts the item where the walk of `items.beginPut` has ended. */
  storeItem(now: Millis, operation: OperationId, order: ItemOrder): void {
    this.#lookups.store(now, operation, order)
  }

  /** BEP 33: ends in `scraped`. */
  scrape(now: Millis, target: NodeId): OperationId {
    const { sha1 } = this.#init.crypto
    const tally = new ScrapeTally(sha1)
    const own = this.#peers.filters(now, idKey(nodeIdBytes(target), 0), sha1)
    if (own !== undefined) tally.offer(own)
    return this.#start(now, 'get_peers', {
      target,
      query: { method: 'get_peers', target, isScrape: true },
      aim: { tally },
    })
  }

  /** BEP 51: asks one node. Ends in `sampled` or `no-pong`. */
  sample(now: Millis, to: Endpoint, target: NodeId): OperationId {
    const operation = this.#nextOperation++
    const address = addressOf(to, this.#init.family)
    const purpose: Purpose = { kind: 'sample', operation }
    const query = { query: { method: 'sample_infohashes', target }, purpose } as const
    if (address === undefined || this.#requester.ask(now, address, query) !== 'sent') {
      this.#events.push({ kind: 'no-pong', operation, why: 'busy', code: 0 })
    }
    return operation
  }

  /** Forgets a ping, sample or lookup, of which no event comes any more; of a lookup, how far it came. */
  cancel(now: Millis, operation: OperationId): LookupSummary | undefined {
    this.#requester.cancel(
      (purpose) => (purpose.kind === 'ping' || purpose.kind === 'sample') && purpose.operation === operation,
    )
    return this.#lookups.cancel(now, operation)
  }

  #start(
    now: Millis,
    method: LookupQuery['method'],
    {
      target,
      announce,
      known = [],
      query = { method, target },
      aim,
    }: {
      target: NodeId
      announce?: AnnounceOptions | undefined
      known?: readonly Endpoint[]
      query?: LookupQuery
      aim?: LookupAim
    },
  ): OperationId {
    const operation = this.#nextOperation++
    const { policy, nodeId: ownId, network } = this.#self
    // On a private network nobody has reason to hide anything.
    const usual = network === 'private' ? undefined : this.#networkSize.usual(idKey(nodeIdBytes(target), 0))
    const lookup = new Lookup({ query, announce, ownId, rules: policy, usual, startedAt: now })
    const nearest = this.#table.closest(target, SEEDS)
    for (const node of known) {
      const address = addressOf(node, this.#init.family)
      if (address !== undefined && this.#self.policy.acceptsNode(address)) lookup.addCandidate(undefined, address)
    }
    for (const { id, address } of nearest) lookup.addCandidate(id, address)
    if (nearest.length < K || this.#table.isBlindTo(target)) {
      for (const { id, address } of this.#table.contacts()) lookup.addCandidate(id, address)
      for (const address of this.#entryPoints.fallbacks(this.#table.size > 0)) lookup.addCandidate(undefined, address)
    }
    if (aim !== undefined) {
      this.#lookups.start(now, operation, { lookup, aim })
      return operation
    }
    const from = this.#self.address
    const peers = method === 'get_peers' ? this.#peers.sample(now, idKey(nodeIdBytes(target), 0), OWN_PEERS_MAX) : []
    this.#lookups.start(now, operation, { lookup, aim: { told: from === undefined ? undefined : { from, peers } } })
    return operation
  }

  #handleWalked(now: Millis, lookup: Lookup): void {
    const { nodeId } = this.#self
    this.#networkSize.add(idKey(nodeIdBytes(lookup.target), 0), lookup.density())
    if (!isSameId(lookup.target, nodeId)) return
    // Whoever is met on the way to ourselves is close to us: without a look farther out a whole half might never hear of the other.
    for (const bits of this.#table.poorRegions()) {
      const target = randomNodeIdNear(nodeId, bits, true, this.#init.random)
      this.#start(now, 'find_node', { target, announce: undefined })
    }
  }

  /** Where we ourselves belong to the closest nodes, as in a small network, the announcement is stored here too. */
  #storeOwn(now: Millis, lookup: Lookup): void {
    const self = this.#self.address
    const announce = lookup.announce
    if (self === undefined || announce === undefined || !this.#belongsHere(lookup)) return
    const port = announce.isPortImplied ? self.port : announce.port
    const address = addressOf({ host: self.host, port }, this.#init.family)
    if (address === undefined || !this.#self.policy.acceptsPeer(address, self)) return
    this.#peers.announce(now, idKey(nodeIdBytes(lookup.target), 0), address.key, announce.isSeed)
  }

  #belongsHere(lookup: Lookup): boolean {
    if (this.#self.mode === 'client') return false
    const farthest = lookup.closest()[K - 1]?.id
    return farthest === undefined || compareDistance(lookup.target, this.#self.nodeId, farthest) <= 0
  }
}
