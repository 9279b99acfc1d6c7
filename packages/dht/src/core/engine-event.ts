/** What an engine tells its driver, and what it is made of. */

import type { Endpoint, Family, Millis, RandomSource } from '@shoal/base'
import type { NodeAddress } from './id/address.ts'
import type { NodeId } from './id/node-id.ts'
import type { Item, ItemCrypto } from './item/item.ts'
import type { ItemOrder } from './item/own-items.ts'
import type { DhtLimits } from './limits.ts'
import type { LookupSummary } from './lookup/lookup.ts'
import type { ScrapeTally } from './lookup/scrape-tally.ts'
import type { Network } from './routing/network-policy.ts'

/** A server answers queries; a client says `ro: 1` in its own and answers none (BEP 43). */
export type EngineMode = 'server' | 'client'

export interface EngineInit {
  readonly family: Family
  readonly nodeId: NodeId
  readonly random: RandomSource
  readonly crypto: ItemCrypto
  /** The id stays, whatever our address is (BEP 42 is then not kept). */
  readonly keepsId?: boolean
  /** `auto`: a server on a private network, elsewhere a client until strangers reach us (BEP 43). */
  readonly mode: EngineMode | 'auto'
  readonly network: Network
  /** What is given here holds on any network; the rest are the network's defaults. */
  readonly limits: Partial<DhtLimits>
  readonly now: Millis
}

/** How many nodes took an announcement, and how many were asked in vain. */
export interface AnnounceResult {
  readonly nodes: number
  readonly failed: number
}

/** A contact as it is remembered from run to run. */
export interface KnownContact extends Endpoint {
  readonly id: NodeId
  readonly roundTripMs: Millis | undefined
}

/** What an engine remembers from run to run. */
export interface EngineSnapshot {
  readonly id: NodeId
  readonly externalAddress: Endpoint | undefined
  /** Quickest first. */
  readonly contacts: readonly KnownContact[]
}

/** How much of what there is right now. */
export interface EngineSizes {
  readonly contacts: number
  readonly buckets: number
  readonly infoHashes: number
  readonly peers: number
  /** Items of BEP 44, and the bytes that they take. */
  readonly items: number
  readonly itemBytes: number
  /** Peers and items that had to make room for others, so far. */
  readonly peersDisplaced: number
  readonly itemsDisplaced: number
  /** Items that we put, and put again. */
  readonly ownItems: number
  readonly inFlight: number
  readonly lookups: number
}

/** The name of something asked of an engine; its events carry it. */
export type OperationId = number

/** What becomes of something asked of an engine. */
export type OperationEvent =
  | { readonly kind: 'peer'; readonly operation: OperationId; readonly peer: Endpoint; readonly from: Endpoint }
  | {
      readonly kind: 'lookup-done'
      readonly operation: OperationId
      readonly summary: LookupSummary
      readonly announced: AnnounceResult
    }
  | { readonly kind: 'pong'; readonly operation: OperationId; readonly id: NodeId; readonly ms: Millis }
  | {
      readonly kind: 'no-pong'
      readonly operation: OperationId
      readonly why: 'timed-out' | 'refused' | 'busy'
      /** The KRPC error code where the node refused. */
      readonly code: number
    }
  /** BEP 44: the walk is over. Of a put, the item to store is now awaited. */
  | {
      readonly kind: 'item-found'
      readonly operation: OperationId
      readonly item: Item | undefined
      /** How many nodes sent exactly this. */
      readonly copies: number
      readonly summary: LookupSummary
    }
  | {
      readonly kind: 'item-stored'
      readonly operation: OperationId
      readonly order: ItemOrder
      /** How many nodes hold it, ourselves included, and how many did not take it. */
      readonly nodes: number
      readonly failed: number
      /** Of the latter, those that refused because of `cas` (301) and `seq` (302). */
      readonly cas: number
      readonly seq: number
      /** The newest item that the walk had found. */
      readonly best: Item | undefined
    }
  /** BEP 33. */
  | {
      readonly kind: 'scraped'
      readonly operation: OperationId
      readonly tally: ScrapeTally
      readonly summary: LookupSummary
    }
  /** BEP 51; `num` is the number of info hashes that the node has in all. */
  | {
      readonly kind: 'sampled'
      readonly operation: OperationId
      readonly samples: readonly NodeId[]
      readonly num: number
      readonly interval: number
      readonly nodes: readonly { readonly id: NodeId; readonly address: NodeAddress }[]
    }

/** What the owner of an engine has to know or to do. */
export type NodeEvent =
  /** The table lost its last contact: time to bootstrap again. */
  | { readonly kind: 'alone' }
  /** The table holds as many contacts as a lookup needs. */
  | { readonly kind: 'acquainted' }
  /** Others see us at another address than before. */
  | { readonly kind: 'address'; readonly address: Endpoint }
  /** Our id follows our address (BEP 42). */
  | { readonly kind: 'id'; readonly nodeId: NodeId }
  | { readonly kind: 'mode'; readonly mode: EngineMode }
  /** Nodes of the other address family, for an engine there that has few (BEP 32). */
  | { readonly kind: 'sister-nodes'; readonly nodes: readonly Endpoint[] }

export type EngineEvent = OperationEvent | NodeEvent
