/** Who this node is at the moment: its id, whether it serves, and the rules of the network it is in. */

import type { Endpoint, Family } from '@shoal/base'
import type { EngineMode } from './engine-event.ts'
import type { NodeId } from './id/node-id.ts'
import { AddressVotes } from './routing/address-votes.ts'
import { type Network, type NetworkPolicy, networkPolicy } from './routing/network-policy.ts'

export interface SelfInit {
  readonly family: Family
  readonly nodeId: NodeId
  readonly mode: EngineMode
  readonly network: Network
}

export class Self {
  readonly family: Family
  readonly votes: AddressVotes
  nodeId: NodeId
  mode: EngineMode
  /** The address that the socket is bound to. */
  bound: Endpoint | undefined
  #network: Network
  #policy: NetworkPolicy

  constructor({ family, nodeId, mode, network }: SelfInit) {
    this.family = family
    this.nodeId = nodeId
    this.mode = mode
    this.votes = new AddressVotes(network)
    this.#network = network
    this.#policy = networkPolicy(network)
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

  setNetwork(network: Network): void {
    this.#network = network
    this.#policy = networkPolicy(network)
    this.votes.setNetwork(network)
  }
}
