/** What a node tells its face. */

import type { Endpoint } from '@shoal/base'
import type { WireRecord } from '../records/record.ts'
import type { Message, RecordMessage } from '../wire/message.ts'
import type { CertificateCode } from './certificate-code.ts'
import type { CommandResult } from './commands.ts'
import type { PeerInfo } from './peer-info.ts'

export type NodeEvent =
  /** Once per session with a peer, however many sockets; again after a reconnection. */
  | { readonly kind: 'connected'; readonly peer: PeerInfo }
  | { readonly kind: 'disconnected'; readonly peer: PeerInfo }
  /** A message of a connected peer, before it is acted upon. */
  | { readonly kind: 'message'; readonly message: Message; readonly clientId: string }
  /** A record of somebody else was verified in full. */
  | { readonly kind: 'verified'; readonly message: RecordMessage }
  /** A listener's turn. */
  | { readonly kind: 'notify'; readonly listener: number; readonly record: WireRecord }
  | { readonly kind: 'result'; readonly request: number; readonly result: CommandResult }
  | { readonly kind: 'name-conflict'; readonly conflict: NameConflict }
  /** Our key, or another peer's, is used by two running processes at once. */
  | { readonly kind: 'cloned-identity'; readonly address: string; readonly remote: Endpoint; readonly ours: boolean }
  | { readonly kind: 'misbehaved'; readonly remote: Endpoint; readonly reason: string }
  /** Of a server that is alone: stored here, but more waits for other servers than is kept, so none that comes is sent this one. */
  | { readonly kind: 'unsent'; readonly key: string }
  /** A server refused what had been done as far as this side could tell. */
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** A connection that we dialled did not come about, since one side wants it encrypted and the other can't or won't. */
  | { readonly kind: 'encryption-refused'; readonly refusal: EncryptionRefusal }
  /** A server that we dialled is certified no more, or not yet. */
  | { readonly kind: 'certificate-refused'; readonly refusal: CertificateRefusal }
  /** Our own certificate is missing, or counts no more: nobody takes us for a server of the topic. */
  | { readonly kind: 'uncertified'; readonly why: Uncertified }
  /** Another server dialled us from outside, or could not; or somebody came in from there. */
  | { readonly kind: 'dialled-back'; readonly reached: boolean }
  /** A stored record was not as its author signed it: it is kept aside, and asked for again. */
  | { readonly kind: 'record-damaged'; readonly about: { readonly key: string; readonly damage: Damage } }
  /** A tenth of what is stored was checked, or another one. */
  | { readonly kind: 'scrubbing'; readonly about: { readonly checked: number; readonly total: number } }
  /** All that is stored was checked, or too much of it was damaged to go on. */
  | { readonly kind: 'scrubbed'; readonly about: ScrubReport }
  /** The servers that we know have changed. */
  | { readonly kind: 'servers-changed' }

/** unreadable: no record at all, or another than was stored; content: not what its author hashed; signature: not its author's. */
export type Damage = 'unreadable' | 'content' | 'signature'

export interface ScrubReport {
  /** Records; several of one name count once. */
  readonly checked: number
  /** Of them set aside. */
  readonly damaged: number
  /** False where so much was damaged that the rest was left alone. */
  readonly complete: boolean
}

export interface Refusal {
  /** A record stays stored here, and is sent to nobody else. */
  readonly kind: 'subscription' | 'put'
  readonly key: string
  /** The server's word. */
  readonly code: string
  /** Of the record that was put. */
  readonly time?: number
  readonly peerId: string
}

export interface EncryptionRefusal {
  readonly host: string
  readonly port: number
  readonly code: string
  /** Says what to do. */
  readonly message: string
}

export interface CertificateRefusal {
  readonly host: string
  readonly port: number
  readonly code: CertificateCode
  /** Says what to do. */
  readonly message: string
}

export interface Uncertified {
  readonly code: CertificateCode | 'CERTIFICATE_MISSING'
  /** Says what to do. */
  readonly message: string
}

/** Two authors claimed one frozen name; names are tool-db's. */
export interface NameConflict {
  /** The key, `==name`. */
  readonly username: string
  readonly winner: 'local' | 'remote'
  readonly localTimestamp: number
  readonly remoteTimestamp: number
  readonly localAddress: string
  readonly remoteAddress: string
}
