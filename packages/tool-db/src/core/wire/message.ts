/**
 * The messages of tool-db 2.x, and the three that only shoal peers send each other (`noise`, `proof`, `ack`), as they stand after
 * the edge has checked them. Field names are the wire's.
 */

import type { Hello, SignedEndpoint } from '@shoal/peer'
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

export interface AckMessage extends Base {
  readonly type: 'ack'
  readonly code: string
}

export interface PutMessage<T = unknown> extends Base {
  readonly type: 'put'
  readonly data: WireRecord<T>
}

/** CRDTs are parsed for their shape and refused until they have a machine of their own. */
export interface CrdtPutMessage extends Base {
  readonly type: 'crdtPut'
}

export interface GetMessage extends Base {
  readonly type: 'get' | 'crdtGet'
  readonly key: string
}

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
  | PutMessage
  | CrdtPutMessage
  | GetMessage
  | QueryMessage
  | QueryAckMessage
  | SubscribeMessage
  | FunctionMessage
  | FunctionReturnMessage

export type MessageType = Message['type']
