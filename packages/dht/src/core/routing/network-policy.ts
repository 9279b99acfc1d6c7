/**
 * Who may be a contact or a peer, and who is preferred. On Mainline strangers must not point us at loopback or private
 * addresses, crowd us from one address or prefix, or choose their ids (BEP 42); a private network lifts all of it.
 */

import { type AddressScope, type Endpoint, fromLatin1, mappedIpv4, parseIp } from '@shoal/base'
import { type NodeAddress, scopeOfHost } from '../id/address.ts'
import type { NodeId } from '../id/node-id.ts'
import { isSecureId } from '../id/secure-id.ts'

export type Network = 'mainline' | 'private'

/** What the table and the lookups ask of newcomers. */
export interface NodeRules {
  /** One contact a host, and few of a prefix (/24 of IPv4, /64 of IPv6). */
  readonly onePerHost: boolean
  /** BEP 42: whether the id is one that this address may have. Others are served all the same, and come second. */
  isSecure(id: NodeId, address: NodeAddress): boolean
}

export interface NetworkPolicy extends NodeRules {
  acceptsNode(node: Endpoint): boolean
  /** Whether a peer told by `teller` may be passed on. */
  acceptsPeer(peer: Endpoint, teller: Endpoint): boolean
}

/** How far a scope reaches: a teller may name peers of its own reach or farther. */
const REACH: { readonly [scope in AddressScope]: number } = { martian: -1, loopback: 0, private: 1, global: 2 }

const PRIVATE: NetworkPolicy = {
  onePerHost: false,
  isSecure: () => true,
  acceptsNode: (node) => node.port > 0 && scopeOfHost(node.host) !== 'martian',
  acceptsPeer: (peer) => peer.port > 0 && scopeOfHost(peer.host) !== 'martian',
}

const MAINLINE: NetworkPolicy = {
  onePerHost: true,
  isSecure: (id, { key }) => isSecureId(id, fromLatin1(key.slice(0, -2))),
  acceptsNode: (node) => node.port > 0 && isGlobal(node.host),
  acceptsPeer: (peer, teller) => {
    const reach = REACH[scopeOfHost(peer.host)]
    return peer.port > 0 && reach >= 0 && reach >= REACH[scopeOfHost(teller.host)]
  },
}

export function networkPolicy(network: Network): NetworkPolicy {
  return network === 'private' ? PRIVATE : MAINLINE
}

/** What one owner is likely to hold as a whole, one character a byte: the /24 of an IPv4 address, the /64 of an IPv6 one. */
export function prefixOf({ key }: NodeAddress): string {
  return key.length === 6 ? key.slice(0, 3) : key.slice(0, 8)
}

/** An IPv4 address in IPv6 clothes belongs to the other network (BEP 32), and no socket of ours can send to it. */
function isGlobal(host: string): boolean {
  if (scopeOfHost(host) !== 'global') return false
  return !host.startsWith('::ffff:') || mappedIpv4(parseIp(host) ?? new Uint8Array(0)) === undefined
}
