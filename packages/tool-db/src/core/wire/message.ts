/**
 * The messages of tool-db 2.x, and the three that only shoal peers send each other (`noise`, `proof`, `ack`), as they stand after
 * the edge has checked them. Field names are the wire's.
 */

import type { Hello, RosterText, SignedEndpoint } from '@shoal/peer'
import type { WireRecord } from '../records/record.ts'

interface Base {
  readonly id: string
  /** Who has had this message already, by client id. */
  readonly to: readonly string[]
}

export interface PingMessage extends Base {
  readonly type: 'ping'
  readonly clientId: string
  readonly isServer: boolean
  readonly peer: SignedEndpoint
  readonly shoal?: Hello
}

export interface PongMessage extends Base {
  readonly type: 'pong'
  readonly clientId: string
  readonly isServer: boolean
  readonly servers: readonly SignedEndpoint[]
  readonly shoal?: Hello
  /** Of a topic with an owner: what the owner has published, in a message of its own. */
  readonly roster?: RosterText
}

export interface ProofMessage extends Base {
  readonly type: 'proof'
  /** `host:port` as it was dialled. */
  readonly endpoint: string
  readonly sig: string
}

/** Three of them make a Noise handshake; the second and third carry `pong` and `ping`, sealed. */
export interface NoiseMessage extends Base {
  readonly type: 'noise'
  /** Hex. */
  readonly data: string
}

/** Feature `dialback`: dial this port at the address that I come from, and say by an `ack` whether it opened. */
export interface DialBackMessage extends Base {
  readonly type: 'dialback'
  readonly port: number
}

export interface AckMessage extends Base {
  readonly type: 'ack'
  readonly code: string
}

export interface PutMessage<T = unknown> extends Base {
  readonly type: 'put'
  readonly data: WireRecord<T>
}

/** A signed set of changes. */
export interface CrdtPutMessage<T = unknown> extends Base {
  readonly type: 'crdtPut'
  readonly data: WireRecord<T>
}

export type RecordMessage<T = unknown> = PutMessage<T> | CrdtPutMessage<T>

export interface GetMessage extends Base {
  readonly type: 'get'
  readonly key: string
}

export interface CrdtGetMessage extends Base {
  readonly type: 'crdtGet'
  readonly key: string
  /** Feature `crdt`: beginnings of the hashes of sets that need not come again. */
  readonly known?: readonly string[]
  /** Feature `crdt`: go on behind this place. */
  readonly after?: string
}

/** Feature `crdt`: the answer to a `crdtGet`, signed set by signed set. */
export interface CrdtSetsMessage extends Base {
  readonly type: 'crdtSets'
  readonly sets: readonly WireRecord[]
  /** Where to go on, if there are more. */
  readonly next?: string
}

/** Feature `sync`: what I have, in ranges; the answer says what you have. */
export interface SyncAskMessage extends Base {
  readonly type: 'syncAsk'
  /** Base64; both fingerprint with it. */
  readonly salt: string
  /** Base64 of a step of a reconciliation. */
  readonly data: string
  /** Of the records whose keys begin with this alone: the only way in which clients may ask. */
  readonly prefix?: string
}

/** Feature `sync`: the answer to a `syncAsk`, under its id. */
export interface SyncTellMessage extends Base {
  readonly type: 'syncTell'
  readonly data: string
}

/** Feature `sync`: send me these records. */
export interface SyncWantMessage extends Base {
  readonly type: 'syncWant'
  /** Base64: items, or a range of them. */
  readonly data: string
  /** As in the comparison that it follows from. */
  readonly prefix?: string
}

/** Feature `sync`: the answer to a `syncWant`, under its id: as many of the records as fit. */
export interface SyncRecordsMessage extends Base {
  readonly type: 'syncRecords'
  readonly records: readonly WireRecord[]
  /** Of the items that were asked for, so many were looked for: those that are not among the records are gone. */
  readonly looked?: number
  /** Base64 of the place from which the range goes on; absent at its end. */
  readonly next?: string
}

export type SyncPartMessage = SyncAskMessage | SyncTellMessage | SyncWantMessage | SyncRecordsMessage

export interface QueryMessage extends Base {
  readonly type: 'query'
  readonly key: string
  /** Feature `page`: only keys behind this one. */
  readonly after?: string
  readonly limit?: number
}

export interface QueryAckMessage extends Base {
  readonly type: 'queryAck'
  readonly keys: readonly string[]
  /** Feature `page`: there are keys behind the last one. */
  readonly more?: boolean
}

export interface SubscribeMessage extends Base {
  readonly type: 'subscribe'
  readonly key: string
  /** Feature `prefix`: everything that begins with `key`. */
  readonly prefix?: boolean
}

export interface FunctionMessage extends Base {
  readonly type: 'function'
  readonly function: string
  readonly args: unknown
}

export interface FunctionReturnMessage extends Base {
  readonly type: 'functionReturn'
  readonly code: 'OK' | 'ERR' | 'NOT_FOUND'
  readonly return: unknown
}

export type Message =
  | PingMessage
  | PongMessage
  | ProofMessage
  | NoiseMessage
  | AckMessage
  | DialBackMessage
  | PutMessage
  | CrdtPutMessage
  | CrdtGetMessage
  | CrdtSetsMessage
  | SyncPartMessage
  | GetMessage
  | QueryMessage
  | QueryAckMessage
  | SubscribeMessage
  | FunctionMessage
  | FunctionReturnMessage

export type MessageType = Message['type']
