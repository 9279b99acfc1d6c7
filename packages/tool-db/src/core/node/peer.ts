/** A peer that is connected: what it proved, and what it may be sent. */

import type { SignedEndpoint } from '@shoal/peer'
import type { Session } from './session.ts'

export type Feature = 'proof' | 'ack' | 'page' | 'prefix' | 'push'

/** Ours, in the order we send them. */
export const FEATURES: readonly Feature[] = ['proof', 'ack', 'page', 'prefix', 'push']

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
}

export function has(peer: Peer, feature: Feature): boolean {
  return peer.features.has(feature)
}

/** What the outside is told of a peer, once for all of its sockets. */
export interface PeerInfo {
  readonly peerId: string
  readonly clientId: string
  readonly host: string
  readonly port: number
  readonly server: boolean
  readonly inbound: boolean
  readonly proven: boolean
}

/** Inbound: the signed endpoint of a server, else the remote address. */
export function infoOf(peer: Peer): PeerInfo {
  const { session, signed, isServer } = peer
  const inbound = session.direction === 'inbound'
  const place = inbound ? ((isServer ? signed : undefined) ?? session.remote) : (session.dialled ?? session.remote)
  return {
    peerId: peer.peerId,
    clientId: peer.clientId,
    host: place.host,
    port: place.port,
    server: isServer,
    inbound,
    proven: peer.proven,
  }
}
