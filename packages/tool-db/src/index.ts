export { ClosedError, ShoalError, UsageError } from '@shoal/base'
export type { Candidate, DialOutcome, SignedEndpoint, Swarm, SwarmJoinOptions, SwarmSession } from '@shoal/peer'
export { exportRecords } from './backup/export.ts'
export { ImportError, type ImportOutcome, importRecords } from './backup/import.ts'
export type {
  AllowedFunctionArguments,
  AllowedFunctionReturn,
  BaseMessage,
  CrdtGetMessage,
  CrdtPutMessage,
  FunctionCodes,
  FunctionReturn,
  FunctionReturnBase,
  FunctionReturnErr,
  FunctionReturnNotFound,
  FunctionReturnOk,
  GenericObject,
  MessageType,
  Peer,
  PutMessage,
  ToolDbMessageHandler,
  VerificationData,
} from './compat/api-types.ts'
export { catchReturn } from './compat/catch-return.ts'
export {
  arrayBufferToHex,
  arrayBufferToString,
  base64ToUint8,
  fromBase64,
  hexToArrayBuffer,
  hexToString,
  hexToUint8,
  stringToArrayBuffer,
  toBase64,
  uint8ToBase64,
} from './compat/encoding.ts'
export { generateGroupKey } from './compat/group-key.ts'
export { sha1, sha256 } from './compat/hashes.ts'
export { getPeerSignature, verifyPeer } from './compat/peer-signature.ts'
export { proofOfWork } from './compat/proof-of-work.ts'
export { randomAnimal } from './compat/random-animal.ts'
export { textRandom } from './compat/text-random.ts'
export { uniq } from './compat/uniq.ts'
export { VerifyResult } from './compat/verify-result.ts'
export { BaseCrdt, CRDT_COUNTER, CRDT_LIST, CRDT_MAP } from './core/crdt/base-crdt.ts'
export type {
  AddCounterChange,
  ChangeCounterBase,
  ChangeListBase,
  ChangeMapBase,
  CounterChanges,
  CounterOperations,
  DelListChange,
  DelMapChange,
  InsListChange,
  ListChanges,
  ListOperations,
  MapChanges,
  MapOperations,
  SetMapChange,
  SubCounterChange,
} from './core/crdt/change.ts'
export { CounterCrdt } from './core/crdt/counter-crdt.ts'
export { ListCrdt } from './core/crdt/list-crdt.ts'
export { MapCrdt } from './core/crdt/map-crdt.ts'
export type { RefusalCode } from './core/node/commands.ts'
export type { CertificateRefusal, EncryptionRefusal, ScrubReport, Uncertified } from './core/node/events.ts'
export { DEFAULT_LIMITS, type NodeLimits } from './core/node/limits.ts'
export type { PeerInfo } from './core/node/peer-info.ts'
export type { WireRecord } from './core/records/record.ts'
export type { RecordCode } from './core/records/record-code.ts'
export type {
  FunctionMessage,
  FunctionReturnMessage,
  GetMessage,
  Message,
  Message as ToolDbMessage,
  PingMessage,
  PongMessage,
  QueryAckMessage,
  QueryMessage,
  SubscribeMessage,
} from './core/wire/message.ts'
export {
  NameTakenError,
  NoSuchUserError,
  NotConfirmedError,
  PrefixTooLargeError,
  PutRefusedError,
  ReadError,
} from './errors.ts'
export { ToolDbNetworkAdapter } from './network/network-adapter.ts'
export { DialError, ListenError } from './network/network-error.ts'
export type { AllOptions, GivenOptions, ToolDbOptions } from './options.ts'
export type { FoundRecord, GetOutcome, SyncOutcome } from './outcomes.ts'
export type { PutOptions, PutOutcome } from './put-outcome.ts'
export type { CustomVerification, ServerFunction } from './runtime/application.ts'
export { LevelDbStore } from './store/leveldb.ts'
export { MemoryStore } from './store/memory.ts'
export { ToolDbStorageAdapter } from './store/storage-adapter.ts'
export type { Store, StoreCondition, StoreHealth } from './store/store.ts'
export { StoreError } from './store/store-error.ts'
export { ToolDb } from './tool-db.ts'
export { AccountError } from './users/account-error.ts'
export { ToolDbEcdsaUser } from './users/ecdsa-user.ts'
export { ToolDbUserAdapter } from './users/user-adapter.ts'
