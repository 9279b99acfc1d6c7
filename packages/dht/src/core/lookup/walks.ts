/** The walks of a node: whom each one begins with, what it knows beforehand, and what its end means to the node itself. */

import { type Endpoint, fromLatin1, type Millis } from '@shoal/base'
import type { EngineInit, OperationId } from '../engine-event.ts'
import { addressOf } from '../id/address.ts'
import { compareDistance, idKey, isSameId, type NodeId, nodeIdBytes, randomNodeIdNear } from '../id/node-id.ts'
import type { EntryPoints } from '../routing/entry-points.ts'
import { K, type RoutingTable } from '../routing/routing-table.ts'
import type { Self } from '../self.ts'
import type { PeerStore } from '../storage/peer-store.ts'
import { type AnnounceOptions, type KnownCandidate, Lookup, type LookupQuery } from './lookup.ts'
import type { LookupAim, Lookups } from './lookups.ts'
import type { NetworkSize } from './network-size.ts'
import { ReturnVisits } from './return-visits.ts'
import { ScrapeTally } from './scrape-tally.ts'

/** Contacts that a lookup begins with: twice as many as it needs, in case some are dead. */
const SEEDS = 2 * K
/** Those that it goes on with where all of the former are. */
const RESERVE = 8 * K
/** Peers stored here that a lookup of our own begins with. */
const OWN_PEERS_MAX = 200
/** A sister with few nodes is told of some with every answer; one walk in a while is enough. */
const INTRODUCTION_INTERVAL_MS: Millis = 5_000

export interface WalksInit {
  readonly engine: EngineInit
  readonly self: Self
  readonly table: RoutingTable
  readonly entryPoints: EntryPoints
  readonly peers: PeerStore
  readonly networkSize: NetworkSize
  readonly lookups: Lookups
  readonly nextOperation: () => OperationId
}

/** A node whose id may be known from before. */
export type KnownNode = Endpoint & { readonly id?: NodeId }

interface Walk {
  readonly query: LookupQuery
  readonly announce?: AnnounceOptions | undefined
  /** Nodes to ask beside our contacts. */
  readonly known?: readonly KnownNode[]
  readonly aim?: LookupAim
}

export class Walks {
  readonly #init: WalksInit
  readonly #visits = new ReturnVisits()
  /** No more nodes from our sister before that. */
  #introducedUntil: Millis = 0

  constructor(init: WalksInit) {
    this.#init = init
  }

  /** To our own id: fills the buckets around us. */
  home(now: Millis, known: readonly KnownNode[] = []): OperationId {
    return this.#begin(now, { query: { method: 'find_node', target: this.#init.self.nodeId }, known })
  }

  /** The same, where we know few, with nodes that our sister in the other family was told of (BEP 32). */
  introduced(now: Millis, nodes: readonly Endpoint[]): void {
    if (this.#init.table.size >= K || now < this.#introducedUntil) return
    this.#introducedUntil = now + INTRODUCTION_INTERVAL_MS
    this.home(now, nodes)
  }

  /** To the peers of an info hash; with `announce` to tell of one more. The peers stored here come first. */
  peers(now: Millis, target: NodeId, announce: AnnounceOptions | undefined): OperationId {
    const from = this.#init.self.address
    const peers = this.#init.peers.sample(now, target, OWN_PEERS_MAX)
    const told = from === undefined ? undefined : { from, peers }
    return this.#begin(now, { query: { method: 'get_peers', target }, announce, aim: { told } })
  }

  /** BEP 33. */
  scrape(now: Millis, target: NodeId): OperationId {
    const { engine, peers } = this.#init
    const { sha1 } = engine.crypto
    const tally = new ScrapeTally(sha1)
    const own = peers.filters(now, target, sha1)
    if (own !== undefined) tally.offer(own)
    return this.#begin(now, { query: { method: 'get_peers', target, isScrape: true }, aim: { tally } })
  }

  /** BEP 44. `isAgain`: of a target that is asked about often, a few of those that answered last are asked, where they are known. */
  item(now: Millis, query: LookupQuery, { isAgain = false, ...aim }: LookupAim & { isAgain?: boolean }): OperationId {
    const known = isAgain ? this.#visits.take(now, query.target) : undefined
    return known === undefined ? this.#begin(now, { query, aim }) : this.#visit(now, known, { query, aim })
  }

  #visit(
    now: Millis,
    known: readonly KnownCandidate[],
    { query, aim }: { query: LookupQuery; aim: LookupAim },
  ): OperationId {
    const { policy: rules, nodeId: ownId } = this.#init.self
    const reserve = (): readonly KnownCandidate[] => []
    const init = { query, ownId, rules, reserve, usual: undefined, startedAt: now, announce: undefined, isVisit: true }
    const lookup = new Lookup(init)
    for (const { id, address } of known) lookup.addCandidate(id, address)
    const operation = this.#init.nextOperation()
    this.#init.lookups.start(now, operation, { lookup, aim })
    return operation
  }

  #begin(now: Millis, { query, announce, known = [], aim = {} }: Walk): OperationId {
    const { self, table, entryPoints, networkSize, engine, lookups } = this.#init
    const { target } = query
    const { policy, nodeId: ownId, network } = self
    // On a private network nobody has reason to hide anything.
    const usual = network === 'private' ? undefined : networkSize.usual(keyOf(target))
    const reserve = () => table.closest(target, RESERVE)
    const lookup = new Lookup({ query, announce, ownId, rules: policy, reserve, usual, startedAt: now })
    const nearest = table.closest(target, SEEDS)
    for (const node of known) {
      const address = addressOf(node, engine.family)
      if (address !== undefined && policy.acceptsNode(address)) lookup.addCandidate(node.id, address)
    }
    for (const { id, address } of nearest) lookup.addCandidate(id, address)
    if (nearest.length < K || table.isBlindTo(target)) {
      for (const { id, address } of table.contacts()) lookup.addCandidate(id, address)
      for (const address of entryPoints.fallbacks(table.size > 0)) {
        lookup.addCandidate(entryPoints.idOf(address), address)
      }
    }
    const operation = this.#init.nextOperation()
    lookups.start(now, operation, { lookup, aim })
    return operation
  }

  /** A walk has come to its end. */
  handleWalked(now: Millis, lookup: Lookup): void {
    const { self, table, networkSize, engine } = this.#init
    if (lookup.isVisit) {
      this.#visits.handleVisited(now, lookup)
      return
    }
    this.#visits.handleWalked(now, lookup)
    networkSize.add(keyOf(lookup.target), lookup.density())
    if (!isSameId(lookup.target, self.nodeId)) return
    // Whoever is met on the way to ourselves is close to us: without a look farther out a whole half might never hear of the other.
    for (const bits of table.poorRegions()) {
      const target = randomNodeIdNear(self.nodeId, bits, true, engine.random)
      this.#begin(now, { query: { method: 'find_node', target } })
    }
  }

  /** Where we ourselves belong to the closest nodes, as in a small network, the announcement is stored here too. */
  storeOwn(now: Millis, lookup: Lookup): void {
    const { self, peers, engine } = this.#init
    const { address: own, policy } = self
    const { announce } = lookup
    if (own === undefined || announce === undefined || !this.belongsHere(lookup)) return
    const port = announce.isPortImplied ? own.port : announce.port
    const address = addressOf({ host: own.host, port }, engine.family)
    if (address === undefined || !policy.acceptsPeer(address, own)) return
    peers.announce(now, lookup.target, { peer: fromLatin1(address.key), isSeed: announce.isSeed === true })
  }

  /** Whether we are one of the closest nodes to the target ourselves. */
  belongsHere(lookup: Lookup): boolean {
    const { self } = this.#init
    if (self.mode === 'client') return false
    const farthest = lookup.closest()[K - 1]?.id
    return farthest === undefined || compareDistance(lookup.target, self.nodeId, farthest) <= 0
  }
}

function keyOf(id: NodeId): string {
  return idKey(nodeIdBytes(id), 0)
}
