/**
 * How many nodes strangers can reach.
 *
 * - R. Jimenez, F. Osmani, B. Knutsson: "Connectivity Properties of Mainline BitTorrent DHT Nodes", IEEE P2P 2009: of 3.6 million nodes
 *   a third had good connectivity; 10.6% behaved as behind a firewall, 31.3% as behind a port-restricted or symmetric NAT, 2.7% as
 *   behind a full cone.
 * - G. Halkes, J. Pouwelse: "UDP NAT and Firewall Puncturing in the Wild", 2010: 64% of peers are behind a NAT or firewall where hole
 *   punching should work.
 * - S. Crosby, D. Wallach: "An Analysis of BitTorrent's Two Kademlia-Based DHTs", 2007, as cited by the former: 20% dead nodes in
 *   the answers, a minute for a lookup.
 *
 * Derived: how the 31.3% divide into the two kinds (halves); the fifth that the former leaves open stands as restricted; a firewall
 * without translation behaves to strangers like a port-restricted NAT.
 */

import type { RandomSource } from '@shoal/base'
import type { NatKind } from '../network/nat.ts'
import { weighted } from '../random/distributions.ts'

const KINDS: readonly NatKind[] = ['none', 'full-cone', 'restricted', 'port-restricted', 'symmetric', 'udp-blocked']
/** Nodes that can take part at all, so none of the last kind; it is there for hosts that look in vain. */
const MAINLINE_SHARES: readonly number[] = [0.333, 0.027, 0.221, 0.2625, 0.1565, 0]

export function drawNatKind(random: RandomSource): NatKind {
  return KINDS[weighted(MAINLINE_SHARES, random)] as NatKind
}

/** Of those that are behind one. */
export function drawGuardedKind(random: RandomSource): NatKind {
  return KINDS[weighted([0, ...MAINLINE_SHARES.slice(1)], random)] as NatKind
}

/**
 * Nodes without good connectivity, who do not say so (most programs of that time knew no `ro`): sooner or later each is a dead contact wherever
 * it is taken into a table.
 */
export const GUARDED_SHARE = 0.667

/**
 * Nodes whose programs take whoever answers into their tables, as most did and do: more than a third of their contacts are dead. Ours wait
 * until a NAT must have forgotten them, and have hardly any. Derived: so many that of all contacts a fifth or a little more are dead, as
 * Crosby and Wallach saw.
 */
export const CREDULOUS_SHARE = 0.97
