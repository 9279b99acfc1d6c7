/** The types of tool-db by their names there, so that programs written for it compile. */

import type { SignedEndpoint } from '@shoal/peer'
import type { WireRecord } from '../core/records/record.ts'
import type * as wire from '../core/wire/message.ts'

/** What a key holds, or a function takes, is the program's to know: as in tool-db nothing is assumed where nothing is said. */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type AnyValue = any

export type GenericObject = { [key: string]: AnyValue }
export type AllowedFunctionArguments<A = GenericObject> = A
export type AllowedFunctionReturn<R = unknown> = R
export type FunctionCodes = 'OK' | 'ERR' | 'NOT_FOUND'

export interface FunctionReturnBase {
  readonly code: FunctionCodes
}

export interface FunctionReturnOk<R> extends FunctionReturnBase {
  readonly code: 'OK'
  readonly return: AllowedFunctionReturn<R>
}

export interface FunctionReturnErr extends FunctionReturnBase {
  readonly code: 'ERR'
  readonly return: string
}

export interface FunctionReturnNotFound extends FunctionReturnBase {
  readonly code: 'NOT_FOUND'
  readonly return: string
}

export type FunctionReturn<R = AnyValue> = FunctionReturnOk<R> | FunctionReturnErr | FunctionReturnNotFound

/** Departs from tool-db in that the nonce may be a text: that is what a bound record has there. */
export type VerificationData<T = AnyValue> = WireRecord<T>

/** A server's signed endpoint. */
export type Peer = SignedEndpoint

export type MessageType = wire.Message['type']

export interface BaseMessage {
  readonly type: MessageType
  readonly id: string
  /** Who has had this message already, by client id. */
  readonly to: readonly string[]
}

export type ToolDbMessageHandler = (message: wire.Message, remotePeerId: string) => void

export type PutMessage<T = AnyValue> = wire.PutMessage<T>
export type CrdtPutMessage<T = AnyValue> = wire.CrdtPutMessage<T>
export type CrdtGetMessage<_T = AnyValue> = wire.CrdtGetMessage
