/**
 * Who may be a contact or a peer. On Mainline strangers must not point us at loopback or private addresses, nor
 * crowd us from one address; a private network lifts both rules.
 */

import type { AddressScope, Endpoint } from '@shoal/base'
import { scopeOfHost } from '../id/address.ts'

export type Network = 'mainline' | 'private'

export interface NetworkPolicy {
  readonly onePerHost: boolean
  acceptsNode(node: Endpoint): boolean
  /** Whether a peer told by `teller` may be passed on. */
  acceptsPeer(peer: Endpoint, teller: Endpoint): boolean
}

/** How far a scope reaches: a teller may name peers of its own reach or farther. */
const REACH: { readonly [scope in AddressScope]: number } = { martian: -1, loopback: 0, private: 1, global: 2 }

export function networkPolicy(network: Network): NetworkPolicy {
  if (network === 'private') {
    return {
      onePerHost: false,
      acceptsNode: (node) => node.port > 0 && scopeOfHost(node.host) !== 'martian',
      acceptsPeer: (peer) => peer.port > 0 && scopeOfHost(peer.host) !== 'martian',
    }
  }
  return {
    onePerHost: true,
    acceptsNode: (node) => node.port > 0 && scopeOfHost(node.host) === 'global',
    acceptsPeer: (peer, teller) => {
      const reach = REACH[scopeOfHost(peer.host)]
      return peer.port > 0 && reach >= 0 && reach >= REACH[scopeOfHost(teller.host)]
    },
  }
}
