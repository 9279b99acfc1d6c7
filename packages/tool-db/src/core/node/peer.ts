/** What a connected peer may be sent, and what the outside is told of it. */

import type { PeerInfo } from './peer-info.ts'
import type { Peer } from './session.ts'

export type Feature = 'proof' | 'ack' | 'page' | 'prefix' | 'push' | 'crdt' | 'batch' | 'dialback' | 'sync'

/** Ours, in the order we send them. */
export const FEATURES: readonly Feature[] = ['proof', 'ack', 'page', 'prefix', 'push', 'crdt', 'batch', 'dialback']

/** Refusals that say "not now": what was refused may be taken later. */
const PASSING: ReadonlySet<string> = new Set(['RATE_LIMITED', 'STORE_FAILED', 'TOO_BUSY'])

export function isPassing(code: string): boolean {
  return PASSING.has(code)
}

export function has(peer: Peer, feature: Feature): boolean {
  return peer.features.has(feature)
}

/** Messages share frames in clear; what is sealed does so anyway, and what carries only text may be a program of somebody else's. */
export function takesBatches(peer: Peer): boolean {
  return has(peer, 'batch') && peer.session.handshakeHash === '' && !peer.session.isTextOnly
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
    encrypted: session.handshakeHash !== '',
    certified: peer.certificate !== undefined,
  }
}
