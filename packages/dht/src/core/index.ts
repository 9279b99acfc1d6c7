/** For those who drive engines themselves: simulators, other runtimes, other sockets. */
export type { Counters } from './counters.ts'
export { DhtEngine } from './engine.ts'
export type {
  AnnounceResult,
  EngineEvent,
  EngineInit,
  EngineMode,
  EngineSizes,
  EngineSnapshot,
  KnownContact,
  NodeEvent,
  OperationEvent,
  OperationId,
} from './engine-event.ts'
export {
  commonPrefixLength,
  compareDistance,
  distanceShare,
  isSameId,
  NodeId,
  nodeIdBytes,
  randomNodeId,
  randomNodeIdNear,
  readNodeId,
} from './id/node-id.ts'
export { isSecureId, secureNodeId } from './id/secure-id.ts'
export {
  type Item,
  type ItemCrypto,
  immutableTarget,
  mutableTarget,
  type Signed,
  signedMessage,
} from './item/item.ts'
export type { Items } from './item/items.ts'
export type { ItemOrder } from './item/own-items.ts'
export { type DhtLimits, limitsFor } from './limits.ts'
export type { AnnounceOptions, LookupSummary } from './lookup/lookup.ts'
export type { NetworkSizeEstimate } from './lookup/network-size.ts'
export type { ScrapeTally } from './lookup/scrape-tally.ts'
export type { Contact } from './routing/contact.ts'
export type { Network } from './routing/network-policy.ts'
export { K } from './routing/routing-table.ts'
export type { Transmit } from './rpc/outbox.ts'
export { ITEM_LIFETIME_MS } from './storage/item-store.ts'
export { PEER_LIFETIME_MS } from './storage/peer-store.ts'
