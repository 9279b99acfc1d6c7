/** Which servers an invite names: this one and those that have proved themselves, where others are most likely to reach them. */

import { createHash } from 'node:crypto'
import { type Hash, HOUR, MINUTE, type Millis, parseIp, ShoalError, scopeOf, UsageError } from '@shoal/base'
import { dialTarget, formatInvite, INVITE_ENDPOINTS_MAX, type SignedEndpoint, type Topic } from '@shoal/peer'
import type { PeerInfo } from '@shoal/tool-db'

export interface InviteOptions {
  /** How long it may be used; 30 days. */
  readonly validFor?: Millis
  /** How many servers it names at most, 1 to 8; 4. */
  readonly count?: number
}

/** Nobody is known yet whom an invite could name. */
export class NoServersError extends ShoalError {
  constructor() {
    super('SHOAL_NO_SERVERS', 'no server of the topic is known yet that an invite could name: connect to one first')
  }
}

const VALID_FOR_MS: Millis = 30 * 24 * HOUR
const VALID_FOR_MAX_MS: Millis = 10 * 365 * 24 * HOUR
const COUNT = 4

export interface Acquaintance {
  readonly topic: Topic
  /** Signed endpoints that are known; their signatures hold. */
  readonly servers: readonly SignedEndpoint[]
  readonly peers: readonly PeerInfo[]
  readonly own: string | undefined
}

export function writeInvite({ topic, servers, peers, own }: Acquaintance, options: InviteOptions): string {
  const { validFor = VALID_FOR_MS, count = COUNT } = options
  if (!Number.isInteger(count) || count < 1 || count > INVITE_ENDPOINTS_MAX) {
    throw new UsageError(`an invite names 1 to ${INVITE_ENDPOINTS_MAX} servers, not ${String(count)}`)
  }
  if (!(validFor >= MINUTE && validFor <= VALID_FOR_MAX_MS)) {
    throw new UsageError(`an invite holds from a minute to ten years, not ${String(validFor)} ms`)
  }
  const proven = new Set(peers.filter((peer) => peer.server && peer.proven).map(({ peerId }) => peerId))
  const known = servers.filter(({ address }) => address === own || proven.has(address)).filter(leadsAnywhere)
  const endpoints = known.filter(leadsFarthest(known)).slice(0, count)
  if (endpoints.length === 0) throw new NoServersError()
  return formatInvite({ topic, validUntil: Date.now() + validFor, endpoints }, sha256)
}

function leadsAnywhere(server: SignedEndpoint): boolean {
  return reachOf(server) > 0
}

/** Where some can be dialled by everybody, those of one network or one machine are no use to most who are invited. */
function leadsFarthest(servers: readonly SignedEndpoint[]): (server: SignedEndpoint) => boolean {
  const most = Math.max(...servers.map(reachOf))
  return (server) => reachOf(server) === most
}

function reachOf(server: SignedEndpoint): number {
  const ip = parseIp(dialTarget(server).host)
  // A name is most likely meant for everybody.
  return ip === undefined ? 3 : { martian: 0, loopback: 1, private: 2, global: 3 }[scopeOf(ip)]
}

const sha256: Hash = (input) => new Uint8Array(createHash('sha256').update(input).digest())
