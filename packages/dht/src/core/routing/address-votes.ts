/**
 * Our own address as others see it (BEP 42: the `ip` field of answers). One node may lie, so an address counts once
 * enough distinct prefixes say the same, and more of them than say anything else.
 */

import { assert, type Endpoint } from '@shoal/base'
import { addressOfKey, type NodeAddress, scopeOfHost } from '../id/address.ts'
import { type Network, prefixOf } from './network-policy.ts'

const VOTES_MAX = 32
const QUORUM: { readonly [network in Network]: number } = { mainline: 3, private: 1 }

export class AddressVotes {
  /** What each voter said last, by its name. BOUNDED: VOTES_MAX, oldest out. */
  readonly #votes = new Map<string, NodeAddress>()
  #network: Network
  #elected: Endpoint | undefined
  /** The vote that elected it, compact. */
  #winner: string | undefined
  /** The host holds, but there were votes for other ports of it: behind some NATs each node sees another, and nobody asks for it often. */
  #isPortStale = false

  constructor(network: Network) {
    this.#network = network
  }

  get elected(): Endpoint | undefined {
    if (this.#isPortStale && this.#elected !== undefined) this.#elect(this.#elected.host)
    return this.#elected
  }

  setNetwork(network: Network): void {
    this.#network = network
    this.#votes.clear()
    this.#elected = undefined
    this.#winner = undefined
    this.#isPortStale = false
  }

  /** `ours` is our compact address, one character a byte. True where another host is elected by it. */
  vote(voter: NodeAddress, ours: string): boolean {
    // On a private network many nodes share a host, so there every endpoint has a vote.
    // Whoever has one IPv6 address has a whole /64 of them, and a /24 of IPv4 is cheap to rent.
    const name = this.#network === 'mainline' ? prefixOf(voter) : voter.key
    if (this.#votes.get(name)?.key === ours && this.#elected !== undefined) return false
    const vote = addressOfKey(ours)
    if (ours !== this.#winner) {
      const scope = scopeOfHost(vote.host)
      if (vote.port === 0 || scope === 'martian' || (this.#network === 'mainline' && scope !== 'global')) return false
    }
    this.#votes.delete(name)
    this.#votes.set(name, vote)
    if (this.#votes.size > VOTES_MAX) {
      for (const oldest of this.#votes.keys()) {
        this.#votes.delete(oldest)
        break
      }
    }
    // One more for the winner changes nothing, whosever vote went for it.
    if (ours === this.#winner) return false
    const before = this.#elected?.host
    if (vote.host === before) {
      this.#isPortStale = true
      return false
    }
    this.#count()
    return this.#elected?.host !== before
  }

  /** Hosts are voted on first and ports within the winner. */
  #count(): void {
    const hosts = new Map<string, number>()
    for (const { host } of this.#votes.values()) hosts.set(host, (hosts.get(host) ?? 0) + 1)
    let best: { host: string; votes: number } | undefined
    for (const [host, votes] of hosts) {
      // What was elected holds until another has more.
      const isBetter = best === undefined || votes > best.votes
      if (isBetter || (votes === best?.votes && host === this.#elected?.host)) best = { host, votes }
    }
    if (best === undefined || best.votes < QUORUM[this.#network]) return
    this.#elect(best.host)
  }

  #elect(host: string): void {
    const { port, key } = this.#mostVoted(host)
    this.#elected = { host, port }
    this.#winner = key
    this.#isPortStale = false
  }

  /** Of the votes for a host, which has some, the one whose port has the most; of equals the first. */
  #mostVoted(host: string): NodeAddress {
    const ports = new Map<number, number>()
    let best: { vote: NodeAddress; votes: number } | undefined
    for (const vote of this.#votes.values()) {
      if (vote.host !== host) continue
      ports.set(vote.port, (ports.get(vote.port) ?? 0) + 1)
    }
    for (const vote of this.#votes.values()) {
      if (vote.host !== host) continue
      const votes = ports.get(vote.port) ?? 0
      if (best === undefined || votes > best.votes) best = { vote, votes }
    }
    assert(best !== undefined, 'whoever is elected has votes')
    return best.vote
  }
}
