/** One channel and how far its two ends have come. Which message may come when is said here, and nowhere else. */

import type { Endpoint, Millis } from '@shoal/base'
import type { Certificate, Hello, NoiseHandshake, SignedEndpoint } from '@shoal/peer'
import type { MessageType, PingMessage, PongMessage } from '../wire/message.ts'
import type { Allowance } from './allowance.ts'
import type { Conduct } from './conduct.ts'
import type { Timer } from './kernel.ts'
import type { TokenBucket } from './token-bucket.ts'

/** The first message of a Noise handshake that we began. */
export interface Offer {
  readonly noise: NoiseHandshake
  /** Hex. */
  readonly data: string
  /** Nothing else is said in clear; otherwise it goes along with a ping that plain peers understand. */
  readonly isBare: boolean
}

export type SessionState =
  /** Inbound, nothing heard yet; or outbound, our signed endpoint still being made. */
  | { readonly kind: 'opened' }
  /** Outbound: our ping is out. */
  | { readonly kind: 'pinged'; readonly ours: Hello; readonly offer: Offer | undefined }
  /** Inbound: the ping's signed endpoint is being verified. */
  | { readonly kind: 'checking' }
  /** Inbound: the second message of a Noise handshake is out, our pong inside it, and the third is owed. */
  | {
      readonly kind: 'answered'
      readonly noise: NoiseHandshake
      readonly ours: Hello
      readonly claimed: string | undefined
    }
  /** Inbound: our pong is out, and a shoal peer owes its proof. */
  | { readonly kind: 'ponged'; readonly ping: PingMessage; readonly theirs: Hello; readonly ours: Hello }
  /** Outbound: our proof is out or being signed, and theirs is owed. */
  | { readonly kind: 'proving'; readonly pong: PongMessage; readonly theirs: Hello; readonly ours: Hello }
  /** A proof has come and is being judged; what comes behind it waits. */
  | { readonly kind: 'judging'; readonly theirs: Hello; readonly waiting: HeldFrame[] }
  | { readonly kind: 'connected'; readonly peer: Peer }
  | { readonly kind: 'closed' }

/** A frame that came while a proof was judged. BOUNDED: by number and size, for sessions that we dialled only. */
export type HeldFrame = string | Uint8Array
const WAITING_FRAMES_MAX = 64
const WAITING_SIZE_MAX = 1_048_576

/** True where the frame waits: whom we dialled may speak as soon as his proof is out, before we have judged it. */
export function mayWait(session: Session, frame: HeldFrame): boolean {
  const { state } = session
  if (state.kind !== 'judging' || session.direction === 'inbound') return false
  let size = frame.length
  for (const held of state.waiting) size += held.length
  if (state.waiting.length >= WAITING_FRAMES_MAX || size > WAITING_SIZE_MAX) return false
  state.waiting.push(frame)
  return true
}

export interface Session {
  readonly channel: number
  /** The other end as the socket sees it. */
  readonly remote: Endpoint
  /** Of its address, for what all of it may do together; none for loopback and private networks. */
  readonly prefix: string | undefined
  readonly direction: 'inbound' | 'outbound'
  /** Outbound: the endpoint as it was dialled. */
  readonly dialled: Endpoint | undefined
  /** It carries no bytes, so it can't be encrypted. */
  readonly isTextOnly: boolean
  readonly openedAt: Millis
  readonly conduct: Conduct
  readonly messages: TokenBucket
  readonly bytes: TokenBucket
  /** Signed endpoints of others that it may have us verify. */
  readonly endpoints: TokenBucket
  /** Of what it asked for. */
  readonly answers: Allowance
  state: SessionState
  /** Of the channel's Noise handshake, in hex; empty while it is not encrypted. */
  handshakeHash: string
  heardAt: Millis
  framesHeard: number
  /** Of the handshake first, then of the keep-alive. */
  timer: Timer | undefined
  /** As of which state of the directory the other side was told of servers. */
  serversTold: number | undefined
  /** Records of this peer that wait for their verification. */
  unverified: number
  unverifiedSize: number
  relayedGets: number
  functions: number
}

/** A peer that is connected: what it proved, and what it says of itself. */
export interface Peer {
  readonly session: Session
  /** The whole address; of a plain server that named none, its client id. */
  readonly peerId: string
  readonly clientId: string
  /** Of the running process; plain peers have none. */
  readonly instance: string | undefined
  readonly proven: boolean
  readonly isServer: boolean
  /** Named by both sides. */
  readonly features: ReadonlySet<string>
  /** Where a server says it can be reached; its signature holds. */
  readonly signed: SignedEndpoint | undefined
  /** By which the owner of the topic has made it a server; it held when the peer came. */
  readonly certificate: Certificate | undefined
}

/** Messages taken in each state before `connected`, where everything is. Total, so that a new state must say. */
const TAKEN: Readonly<Record<SessionState['kind'], 'all' | ReadonlySet<MessageType>>> = {
  opened: new Set<MessageType>(['ping', 'noise']),
  pinged: new Set<MessageType>(['pong', 'noise', 'ack']),
  checking: new Set(),
  answered: new Set<MessageType>(['noise']),
  ponged: new Set<MessageType>(['proof']),
  proving: new Set<MessageType>(['proof', 'ack']),
  judging: new Set(),
  connected: 'all',
  closed: new Set(),
}

/** Whom a session may soon be with, as far as that is said. */
export function claimedAddress(session: Session): string | undefined {
  const { state } = session
  if (state.kind === 'answered') return state.claimed
  return state.kind === 'ponged' || state.kind === 'proving' || state.kind === 'judging'
    ? state.theirs.address
    : undefined
}

export function mayCome(session: Session, type: MessageType): boolean {
  const { kind } = session.state
  // The dialler says ping, the dialled pong: an inbound `opened` waits for one, an outbound one for nothing.
  if (kind === 'opened' && session.direction === 'outbound') return false
  const taken = TAKEN[kind]
  return taken === 'all' || taken.has(type)
}
