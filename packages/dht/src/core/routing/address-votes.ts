/**
 * Our own address as others see it (BEP 42: the `ip` field of answers). One node may lie, so an address counts once
 * enough distinct prefixes say the same, and more of them than say anything else.
 */

import { type Endpoint, familyOf } from '@shoal/base'
import { addressOf, addressOfKey, type NodeAddress, scopeOfHost } from '../id/address.ts'
import { type Network, prefixOf } from './network-policy.ts'

const VOTES_MAX = 32
const QUORUM: { readonly [network in Network]: number } = { mainline: 3, private: 1 }

export class AddressVotes {
  /** What each voter said last: its name to our compact address. BOUNDED: VOTES_MAX, oldest out. */
  readonly #votes = new Map<string, string>()
  #network: Network
  #elected: Endpoint | undefined
  /** The vote that elected it, compact. */
  #winner: string | undefined

  constructor(network: Network) {
    this.#network = network
  }

  get elected(): Endpoint | undefined {
    return this.#elected
  }

  setNetwork(network: Network): void {
    this.#network = network
    this.#votes.clear()
    this.#elected = undefined
    this.#winner = undefined
  }

  /** `ours` is our compact address, one character a byte. True where another host is elected by it. */
  vote(voter: NodeAddress, ours: string): boolean {
    // On a private network many nodes share a host, so there every endpoint has a vote.
    // Whoever has one IPv6 address has a whole /64 of them, and a /24 of IPv4 is cheap to rent.
    const name = this.#network === 'mainline' ? prefixOf(voter) : voter.key
    if (this.#votes.get(name) === ours && this.#elected !== undefined) return false
    if (ours !== this.#winner) {
      const { host: ourHost, port } = addressOfKey(ours)
      const scope = scopeOfHost(ourHost)
      if (port === 0 || scope === 'martian' || (this.#network === 'mainline' && scope !== 'global')) return false
    }
    this.#votes.delete(name)
    this.#votes.set(name, ours)
    if (this.#votes.size > VOTES_MAX) {
      for (const oldest of this.#votes.keys()) {
        this.#votes.delete(oldest)
        break
      }
    }
    // One more for the winner changes nothing, whosever vote went for it.
    if (ours === this.#winner) return false
    const before = this.#elected?.host
    this.#count()
    return this.#elected?.host !== before
  }

  /** Hosts are voted on first and ports within the winner: behind some NATs each node sees another port. */
  #count(): void {
    const hosts = new Map<string, Map<number, number>>()
    for (const vote of this.#votes.values()) {
      const { host, port } = addressOfKey(vote)
      const ports = hosts.get(host) ?? new Map<number, number>()
      ports.set(port, (ports.get(port) ?? 0) + 1)
      hosts.set(host, ports)
    }
    let best: { host: string; ports: Map<number, number>; votes: number } | undefined
    for (const [host, ports] of hosts) {
      const votes = [...ports.values()].reduce((sum, count) => sum + count, 0)
      // What was elected holds until another has more.
      const isBetter = best === undefined || votes > best.votes
      if (isBetter || (votes === best?.votes && host === this.#elected?.host)) best = { host, ports, votes }
    }
    if (best === undefined || best.votes < QUORUM[this.#network]) return
    const [port] = [...best.ports].reduce((a, b) => (b[1] > a[1] ? b : a))
    this.#elected = { host: best.host, port }
    this.#winner = addressOf(this.#elected, familyOf(best.host))?.key
  }
}
