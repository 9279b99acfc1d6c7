/**
 * What the owner of a topic publishes about its servers, as the value of one mutable item on the DHT (BEP 44): where they
 * are, and whose certificates count no more. The item is signed by the owner's key, so anybody may put it again.
 */

import { sha1 } from '@noble/hashes/legacy.js'
import { sha256 } from '@noble/hashes/sha2.js'
import {
  concatBytes,
  type Endpoint,
  formatIp,
  fromHex,
  isPort,
  type Millis,
  parseIp,
  SECOND,
  toHex,
  utf8,
} from '@shoal/base'
import type { Certificate } from './certificate.ts'
import { lengthPrefixed } from './length-prefixed.ts'
import type { OwnedTopic } from './owned-topic.ts'
import { type Parsed, parsed, rejected } from './parsed.ts'

/** BEP 44 allows 1,000 bytes, four of them for the length in front of a text of bytes. */
export const ROSTER_BYTES_MAX = 996
const VERSION = 1
/** Of the SHA-256 of a peer's address: who finds another key with the same has broken more than this. */
const PEER_BYTES = 16
const TIME_BYTES = 4
const REVOCATION_BYTES = PEER_BYTES + TIME_BYTES
const REVOCATIONS_MAX = 255
const PORT_BYTES = 2
const HEAD_BYTES = 2
const IP_BYTES: Readonly<Record<number, 4 | 16>> = { 4: 4, 6: 16 }

export interface RosterServer {
  /** `rosterPeer` of its address. */
  readonly peer: string
  readonly endpoint: Endpoint
}

export interface Revocation {
  readonly peer: string
  /** Certificates of this peer that were signed until then count no more; later ones do. */
  readonly at: Millis
}

export interface TopicRoster {
  readonly servers: readonly RosterServer[]
  readonly revocations: readonly Revocation[]
}

export const EMPTY_ROSTER: TopicRoster = { servers: [], revocations: [] }

/** A peer as rosters name it. */
export function rosterPeer(peerId: string): string {
  return toHex(sha256(utf8(peerId)).subarray(0, PEER_BYTES))
}

/** One owner's key may serve several topics: each has an item of its own. */
export function rosterSalt(topic: OwnedTopic): Uint8Array {
  return sha1(lengthPrefixed(['shoal roster 1', topic.publicId]))
}

/** The item's target (BEP 44): SHA-1 over key and salt. */
export function rosterTarget(topic: OwnedTopic): Uint8Array {
  return sha1(concatBytes(fromHex(topic.owner) as Uint8Array, rosterSalt(topic)))
}

export function isRevoked(
  { revocations }: TopicRoster,
  { peerId, from }: Pick<Certificate, 'peerId' | 'from'>,
): boolean {
  if (revocations.length === 0) return false
  const peer = rosterPeer(peerId)
  return revocations.some((revocation) => revocation.peer === peer && from <= revocation.at)
}

/** `undefined` where it would not fit into an item. */
export function encodeRoster({ servers, revocations }: TopicRoster): Uint8Array | undefined {
  if (revocations.length > REVOCATIONS_MAX) return undefined
  const parts: Uint8Array[] = [Uint8Array.of(VERSION, revocations.length)]
  for (const { peer, at } of revocations)
    parts.push(fromHex(peer) as Uint8Array, uint(Math.floor(at / SECOND), TIME_BYTES))
  for (const { peer, endpoint } of servers) {
    const ip = parseIp(endpoint.host)
    if (ip === undefined) return undefined
    parts.push(Uint8Array.of(ip.length === 4 ? 4 : 6), fromHex(peer) as Uint8Array, ip, uint(endpoint.port, PORT_BYTES))
  }
  const bytes = concatBytes(...parts)
  return bytes.length <= ROSTER_BYTES_MAX ? bytes : undefined
}

export function parseRoster(bytes: Uint8Array): Parsed<TopicRoster> {
  const [version, count] = bytes
  if (bytes.length > ROSTER_BYTES_MAX || count === undefined) return rejected('roster-size')
  if (version !== VERSION) return rejected('roster-version')
  let at = HEAD_BYTES
  const take = (length: number): Uint8Array => bytes.subarray(at, (at += length))
  if (at + count * REVOCATION_BYTES > bytes.length) return rejected('roster-size')
  const revocations: Revocation[] = []
  for (let i = 0; i < count; i++) {
    const peer = toHex(take(PEER_BYTES))
    // A revocation that is told in whole seconds covers the whole of its second.
    revocations.push({ peer, at: number(take(TIME_BYTES)) * SECOND + SECOND - 1 })
  }
  const servers: RosterServer[] = []
  while (at < bytes.length) {
    const ipBytes = IP_BYTES[take(1)[0] as number]
    if (ipBytes === undefined) return rejected('roster-family')
    if (at + PEER_BYTES + ipBytes + PORT_BYTES > bytes.length) return rejected('roster-size')
    const peer = toHex(take(PEER_BYTES))
    const host = formatIp(take(ipBytes))
    const port = number(take(PORT_BYTES))
    if (!isPort(port)) return rejected('roster-port')
    servers.push({ peer, endpoint: { host, port } })
  }
  return parsed({ servers, revocations })
}

function uint(value: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Math.floor(value / 256 ** (length - 1 - i)) & 0xff)
}

function number(bytes: Uint8Array): number {
  return bytes.reduce((value, byte) => value * 256 + byte, 0)
}
