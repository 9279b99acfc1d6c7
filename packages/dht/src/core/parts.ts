/** What an engine is made of, and how its parts hang together. */

import type { Millis } from '@shoal/base'
import { type Counters, newCounters } from './counters.ts'
import type { EngineEvent, EngineInit, OperationId } from './engine-event.ts'
import { SIZES } from './id/address.ts'
import { Items } from './item/items.ts'
import { limitsFor } from './limits.ts'
import { Lookups } from './lookup/lookups.ts'
import { NetworkSize } from './lookup/network-size.ts'
import { Walks } from './lookup/walks.ts'
import { EntryPoints } from './routing/entry-points.ts'
import { RoutingTable } from './routing/routing-table.ts'
import { Upkeep } from './routing/upkeep.ts'
import { ExtensionResponder } from './rpc/extension-responder.ts'
import { Outbox } from './rpc/outbox.ts'
import { Replies } from './rpc/replies.ts'
import { Requester } from './rpc/requester.ts'
import { Responder } from './rpc/responder.ts'
import { Visitors } from './rpc/visitors.ts'
import { Self } from './self.ts'
import { InfoHashSampler } from './storage/info-hash-sampler.ts'
import { ItemStore } from './storage/item-store.ts'
import { PeerStore } from './storage/peer-store.ts'
import { TokenIssuer } from './storage/token-issuer.ts'

export interface Parts {
  /** Who we are, whom we know, what others stored here. */
  readonly self: Self
  readonly table: RoutingTable
  readonly entryPoints: EntryPoints
  readonly upkeep: Upkeep
  readonly peers: PeerStore
  readonly itemStore: ItemStore
  /** The asking half: queries, what their answers mean, and the walks made of them. */
  readonly requester: Requester
  readonly replies: Replies
  readonly lookups: Lookups
  readonly walks: Walks
  readonly items: Items
  readonly networkSize: NetworkSize
  /** The answering half. */
  readonly visitors: Visitors
  readonly responder: Responder
  readonly outbox: Outbox
  readonly counters: Counters
}

export interface PartsHooks {
  readonly emit: (event: EngineEvent) => void
  readonly nextOperation: () => OperationId
  /** Others see us at another host than before. */
  readonly onMoved: (now: Millis) => void
}

export function newParts(init: EngineInit, { emit, nextOperation, onMoved }: PartsHooks): Parts {
  const { random, now, network, nodeId, family, crypto } = init
  const limits = limitsFor(network, init.limits)
  const self = new Self(init)
  const outbox = new Outbox()
  const counters = newCounters()
  const networkSize = new NetworkSize()
  const table = new RoutingTable(nodeId, self.policy)
  const requester = new Requester({ self, random, inFlightMax: limits.queriesInFlightMax, outbox, counters, table })
  const peers = new PeerStore({ limits, random, peerBytes: SIZES[family].compact })
  const tokens = new TokenIssuer(random, now)
  const itemStore = new ItemStore(limits, random)
  const sampler = new InfoHashSampler(peers, random)
  const stores = { items: itemStore, peers, sampler, crypto }
  const extensions = new ExtensionResponder({ self, ...stores, tokens, outbox, counters, limits }, now)
  const upkeep = new Upkeep({ table, random, network }, now)
  const entryPoints = new EntryPoints(family)
  const responder = new Responder({ self, table, tokens, peers, extensions, outbox, counters, limits }, now)
  const visitors = new Visitors({ self, table, responder, requester, upkeep, entryPoints, counters })
  // A walk that ends may begin others, and an item that is put again begins one: these three know each other.
  const lookups: Lookups = new Lookups({
    ask: (at, to, query) => requester.ask(at, to, query),
    emit,
    onStored: (at, event) => items.handleStored(at, event),
    acceptsPeer: (peer, teller) => self.policy.acceptsPeer(peer, teller),
    onWalked: (at, lookup) => walks.handleWalked(at, lookup),
    storeOwn: (at, lookup) => walks.storeOwn(at, lookup),
    storeOwnItem: (at, lookup, order) => walks.belongsHere(lookup) && items.store(at, order, self.nodeId),
  })
  const walks = new Walks({ engine: init, self, table, entryPoints, peers, networkSize, lookups, nextOperation })
  const items = new Items({
    crypto,
    random,
    stored: itemStore,
    start: (at, query, aim) => walks.item(at, query, aim),
  })
  const replies = new Replies(
    { self, table, requester, lookups, upkeep, entryPoints, visitors, counters, emit, onMoved },
    now,
  )
  return {
    self,
    table,
    entryPoints,
    upkeep,
    peers,
    itemStore,
    requester,
    replies,
    lookups,
    walks,
    items,
    networkSize,
    visitors,
    responder,
    outbox,
    counters,
  }
}
