/**
 * Who this node is at the moment: its id, which follows its address (BEP 42), whether it serves (BEP 43), the rules of the
 * network it is in, and the table of its sister in the other address family (BEP 32).
 */

import { type Endpoint, type Family, type Millis, parseIp, type RandomSource, scopeOf } from '@shoal/base'
import type { EngineMode } from './engine-event.ts'
import type { NodeId } from './id/node-id.ts'
import { isSecureId, secureNodeId } from './id/secure-id.ts'
import { Reachability } from './reachability.ts'
import { AddressVotes } from './routing/address-votes.ts'
import { Callers } from './routing/callers.ts'
import { type Network, type NetworkPolicy, networkPolicy } from './routing/network-policy.ts'
import type { RoutingTable } from './routing/routing-table.ts'

export interface SelfInit {
  readonly family: Family
  readonly nodeId: NodeId
  readonly keepsId?: boolean
  readonly mode: EngineMode | 'auto'
  readonly network: Network
  readonly now: Millis
}

export class Self {
  readonly family: Family
  readonly votes: AddressVotes
  nodeId: NodeId
  /** The address that the socket is bound to. */
  bound: Endpoint | undefined
  sister: RoutingTable | undefined
  readonly #given: EngineMode | 'auto'
  readonly #keepsId: boolean
  #network: Network
  #policy: NetworkPolicy
  #reachability: Reachability | undefined
  #callers: Callers | undefined

  constructor({ family, nodeId, keepsId = false, mode, network, now }: SelfInit) {
    this.family = family
    this.nodeId = nodeId
    this.#given = mode
    this.#keepsId = keepsId
    this.votes = new AddressVotes(network)
    this.#network = network
    this.#policy = networkPolicy(network)
    this.#reachability = this.#newReachability(now)
    this.#callers = newCallers(network, now)
  }

  get mode(): EngineMode {
    if (this.#reachability !== undefined) return this.#reachability.mode
    // A private network has no outside that could be out of reach.
    return this.#given === 'auto' ? 'server' : this.#given
  }

  /** What `mode: 'auto'` has found out; `undefined` where there is nothing to find out. */
  get reachability(): Reachability | undefined {
    return this.#reachability
  }

  /** `undefined` on a private network: there are no NATs in it. */
  get callers(): Callers | undefined {
    return this.#callers
  }

  get network(): Network {
    return this.#network
  }

  get policy(): NetworkPolicy {
    return this.#policy
  }

  /** Our own address as well as we know it: as others see it, else as it is bound. */
  get address(): Endpoint | undefined {
    return this.votes.elected ?? this.bound
  }

  setNetwork(now: Millis, network: Network): void {
    this.#network = network
    this.#policy = networkPolicy(network)
    this.votes.setNetwork(network)
    this.#reachability = this.#newReachability(now)
    this.#callers = newCallers(network, now)
  }

  /** BEP 42: the id that we should have by our address, where it is another than we have. */
  betterId(random: RandomSource): NodeId | undefined {
    const host = this.address?.host
    const bytes = host === undefined ? undefined : parseIp(host)
    if (bytes === undefined || this.#keepsId || this.#network === 'private') return undefined
    // Bound to all addresses, or behind a NAT: only others can tell.
    if (this.votes.elected === undefined && scopeOf(bytes) !== 'global') return undefined
    return isSecureId(this.nodeId, bytes) ? undefined : secureNodeId(bytes, random)
  }

  #newReachability(now: Millis): Reachability | undefined {
    return this.#given === 'auto' && this.#network === 'mainline' ? new Reachability(now) : undefined
  }
}

function newCallers(network: Network, now: Millis): Callers | undefined {
  return network === 'mainline' ? new Callers(now) : undefined
}
