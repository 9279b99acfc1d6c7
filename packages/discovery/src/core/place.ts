/**
 * What a source claims ("a server of the topic is at this endpoint"), and the policy that makes it a place worth
 * remembering: one canonical text an endpoint, an address that somebody can have, and no way for strangers to
 * point us at an internal port.
 */

import {
  type AddressScope,
  type Endpoint,
  type Family,
  formatEndpoint,
  formatIp,
  isPort,
  mappedIpv4,
  parseIp,
  scopeOf,
} from '@shoal/base'
import type { CandidateSource } from '@shoal/peer'

/** One claim of one source. It is remote input: any text, any number. */
export interface Sighting {
  readonly host: string
  readonly port: number
  readonly source: CandidateSource
  /** The address of the node or peer that told us; a literal. What we were given by hand has none. */
  readonly from?: string
}

/** A sighting that passed: canonical, of a family, in a scope that its source may speak of. */
export interface Place extends Endpoint {
  readonly family: Family
  readonly source: CandidateSource
  /** `host:port` in the one text that every spelling of this endpoint shares. */
  readonly key: string
  /** What one owner of addresses can fill at no cost: a /24 of IPv4, a /48 of IPv6, one address of a network of one's own. */
  readonly prefix: string
  readonly scope: AddressScope
}

export type SightingRejection = 'malformed' | 'port' | 'martian' | 'scope'

export type CheckedSighting =
  | { readonly ok: true; readonly value: Place }
  | { readonly ok: false; readonly reason: SightingRejection }

/** How near a scope is: whoever speaks from a nearer one may speak of the farther ones. */
const DISTANCE: Record<AddressScope, number> = { loopback: 0, private: 1, global: 2, martian: 3 }

/** Sources whose word is our own user's, the chosen owner's, our own link's or our own memory's: they may name internal addresses. */
const TRUSTED: Record<CandidateSource, boolean> = {
  static: true,
  invite: true,
  roster: true,
  lan: true,
  cache: true,
  pex: false,
  dht: false,
}

export function checkSighting(sighting: Sighting): CheckedSighting {
  const bytes = canonicalBytes(sighting.host)
  if (bytes === undefined) return { ok: false, reason: 'malformed' }
  if (!isPort(sighting.port)) return { ok: false, reason: 'port' }
  const scope = scopeOf(bytes)
  if (scope === 'martian') return { ok: false, reason: 'martian' }
  if (scope !== 'global' && !mayName(sighting, scope)) return { ok: false, reason: 'scope' }
  const endpoint = { host: formatIp(bytes), port: sighting.port }
  return {
    ok: true,
    value: {
      ...endpoint,
      family: bytes.length === 4 ? 'ipv4' : 'ipv6',
      source: sighting.source,
      key: formatEndpoint(endpoint),
      prefix: prefixOf(bytes, scope),
      scope,
    },
  }
}

/** The key of an endpoint that somebody reports on: the canonical text of a literal, a name as it stands. */
export function endpointKey(endpoint: Endpoint): string {
  const bytes = canonicalBytes(endpoint.host)
  const host = bytes === undefined ? endpoint.host.toLowerCase() : formatIp(bytes)
  return formatEndpoint({ host, port: endpoint.port })
}

function mayName(sighting: Sighting, scope: AddressScope): boolean {
  if (TRUSTED[sighting.source]) return true
  const teller = sighting.from === undefined ? undefined : canonicalBytes(sighting.from)
  return teller !== undefined && DISTANCE[scopeOf(teller)] <= DISTANCE[scope]
}

/** IPv4-mapped IPv6 is IPv4 in another spelling: one endpoint must not count as two. */
function canonicalBytes(host: unknown): Uint8Array | undefined {
  if (typeof host !== 'string') return undefined
  const bytes = parseIp(host)
  return bytes === undefined ? undefined : (mappedIpv4(bytes) ?? bytes)
}

function prefixOf(bytes: Uint8Array, scope: AddressScope): string {
  // An own network has no stranger who could fill it, and often a single prefix: its addresses count one by one.
  if (scope !== 'global') return formatIp(bytes)
  return bytes.length === 4
    ? `${bytes[0]}.${bytes[1]}.${bytes[2]}.0/24`
    : `${formatIp(Uint8Array.from(bytes, (byte, i) => (i < 6 ? byte : 0)))}/48`
}
