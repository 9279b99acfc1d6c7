/** What the application asks of the node, and the answers. Each command has a request id, and gets one result. */

import type { Endpoint, Millis } from '@shoal/base'
import type { ReadSet } from '../crdt/change-set.ts'
import type { WireRecord } from '../records/record.ts'
import type { WrittenValue } from '../records/write.ts'
import type { FunctionReturnMessage, RecordMessage } from '../wire/message.ts'
import type { SignerId } from './effects.ts'

export interface Author {
  readonly signer: SignerId
  readonly address: string
}

export type Command =
  | {
      readonly kind: 'put'
      /** As on the wire. */
      readonly key: string
      readonly value: WrittenValue
      readonly author: Author
      /** A deletion, whose value is null. */
      readonly isDeletion?: boolean
      /** How long the record is to last. */
      readonly ttl?: Millis | undefined
      /** Refused where anybody holds the key already. */
      readonly onlyIfFree?: boolean
      /** A claim of a frozen name in place of the author's own earlier one, which came too late for the servers. */
      readonly claimAnew?: boolean
      readonly to?: readonly string[]
      /** How many servers must confirm before the result: a number, or all that are connected. */
      readonly confirm: number | 'all'
      readonly timeout: Millis
    }
  | {
      readonly kind: 'crdt-put'
      readonly key: string
      readonly type: string
      /** The author's own; those that are stored already are left out. */
      readonly changes: readonly unknown[]
      readonly author: Author
      readonly to?: readonly string[]
      readonly confirm: number | 'all'
      readonly timeout: Millis
    }
  | {
      readonly kind: 'crdt-get'
      readonly key: string
      readonly type: string
      /** Hashes of the sets that are merged already. */
      readonly known: ReadonlySet<string>
      readonly to?: readonly string[]
      readonly timeout: Millis
    }
  | {
      readonly kind: 'get'
      readonly key: string
      readonly to?: readonly string[]
      readonly timeout: Millis
    }
  | { readonly kind: 'query'; readonly prefix: string; readonly to?: readonly string[]; readonly timeout: Millis }
  | {
      readonly kind: 'subscribe'
      readonly key: string
      readonly to?: readonly string[]
      /** This key alone, not everything that begins with it: also of claims that nobody is shown. */
      readonly exact?: boolean
    }
  /** Of a client: everything that begins with it, as its servers have it. */
  | { readonly kind: 'sync-prefix'; readonly prefix: string; readonly timeout: Millis }
  | { readonly kind: 'function'; readonly name: string; readonly args: unknown; readonly timeout: Millis }
  | { readonly kind: 'connect'; readonly endpoint: Endpoint }
  /** A record from a backup: verified and stored as one that comes by sync, and told to nobody. */
  | { readonly kind: 'import'; readonly record: WireRecord }

export type CommandResult =
  | {
      readonly kind: 'put'
      readonly message: RecordMessage
      /** Servers it was sent to, and those that said they have stored it. */
      readonly sent: number
      readonly confirmed: number
      /** Servers that refused it for good. */
      readonly refused: number
      /** It is sent to servers that connect. */
      readonly isWaiting: boolean
    }
  /** What is not known yet. `complete`: every connected server has given all that it has. */
  | {
      readonly kind: 'crdt-get'
      readonly sets: readonly ReadSet[]
      /** Of a document that tool-db wrote here before. */
      readonly unsigned: readonly unknown[]
      readonly complete: boolean
    }
  /** `complete`: the record is here, or every connected server said that it has none. */
  | { readonly kind: 'get'; readonly record: WireRecord | undefined; readonly complete: boolean }
  | { readonly kind: 'query'; readonly keys: readonly string[]; readonly complete: boolean }
  | { readonly kind: 'subscribe' }
  /** `servers`: have nothing under the prefix that is not here, by now. `complete`: that is all that were connected. */
  | { readonly kind: 'sync-prefix'; readonly stored: number; readonly servers: number; readonly complete: boolean }
  | { readonly kind: 'function'; readonly code: FunctionReturnMessage['code']; readonly value: unknown }
  | { readonly kind: 'connect' }
  /** `isNew`: not held before, and not older than what is held. */
  | { readonly kind: 'import'; readonly isNew: boolean }
  /** Stored nothing, did nothing: `code` is a refusal's, `error` an effect's. */
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly error?: unknown }

export type RefusalCode =
  | import('../records/record-code.ts').RecordCode
  | 'TOO_LARGE'
  /** This author has as much under the key as is kept. */
  | 'CRDT_AUTHOR_FULL'
  /** As many others as are kept have written there. */
  | 'CRDT_AUTHORS_FULL'
  | 'TOO_BUSY'
  | 'NAME_TAKEN'
  | 'STORE_FAILED'
  | 'SIGN_FAILED'
  | 'CLOSED'
