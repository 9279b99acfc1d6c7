export type { BencodeInput, BencodeValue } from './core/bencode/value.ts'
export type { Counters } from './core/counters.ts'
export type { AnnounceResult, EngineMode, EngineSizes } from './core/engine-event.ts'
export type { DhtLimits } from './core/limits.ts'
export type { LookupSummary } from './core/lookup/lookup.ts'
export type { NetworkSizeEstimate } from './core/lookup/network-size.ts'
export type { Network } from './core/routing/network-policy.ts'
export { type Bound, Dht, type DhtContact, type DhtEvents, type DhtLookup, type Listening } from './dht.ts'
export { BindError, BusyError, NoAnswerError, PortTakenError, RefusedError, StateFileError } from './errors.ts'
export { CasMismatchError, NotStoredError, SaltTooBigError, SeqTooOldError, ValueTooBigError } from './item-errors.ts'
export type { GetOptions, GetResult, PutOptions, PutResult, SampleResult, ScrapeResult } from './items.ts'
export { type ItemKey, type ItemSigner, nodeItemCrypto } from './node/ed25519.ts'
export {
  isKeptFields,
  type KeptFields,
  type KeptFile,
  type KeptRead,
  readKeptFile,
  writeKeptFile,
} from './node/kept-file.ts'
export type { DhtPeer, Pong } from './operations.ts'
export { type AnnounceOptions, type DhtOptions, type OperationOptions, PUBLIC_ROUTERS } from './options.ts'
export type { DhtStats, PlaceStats } from './stats.ts'
export { createTestnet, type Testnet } from './testnet.ts'
