/** A world of DHT nodes: bootstrap nodes that all know, and a population that joins by them. */

import type { Endpoint, Millis } from '@shoal/base'
import { type NodeId, readNodeId } from '@shoal/dht/core'
import type { Host } from '../world/host.ts'
import { type HostInit, World, type WorldInit } from '../world/world.ts'
import { type DhtNode, type DhtNodeOptions, dhtProgram } from './dht-node.ts'

export type DhtHost = Host<DhtNode>

export interface DhtWorldInit extends WorldInit {
  readonly bootstrapNodes?: number
}

export interface NodeInit extends Partial<Omit<DhtNodeOptions, 'bootstrap'>>, Omit<HostInit<DhtNode>, 'program'> {
  readonly bootstrap?: () => readonly Endpoint[]
}

export class DhtWorld {
  readonly world: World
  /** Everybody begins with these. */
  readonly bootstrapHosts: readonly DhtHost[]
  /** All but the bootstrap nodes. BOUNDED: by the scenario. */
  readonly nodes: DhtHost[] = []

  constructor({ bootstrapNodes = 1, ...init }: DhtWorldInit) {
    this.world = new World(init)
    this.bootstrapHosts = Array.from({ length: bootstrapNodes }, (_, i) => this.#add({ name: `bootstrap-${i}` }))
    for (const host of this.bootstrapHosts) this.world.start(host)
  }

  get now(): Millis {
    return this.world.now
  }

  /** Builds a node, which does not run yet. */
  add(init: NodeInit = {}): DhtHost {
    const host = this.#add(init)
    this.nodes.push(host)
    return host
  }

  /** Starts each of the hosts, evenly spread over this time. */
  startOver(ms: Millis, hosts: readonly DhtHost[]): void {
    for (const [i, host] of hosts.entries()) {
      this.world.at(this.now + (ms * i) / hosts.length, () => this.world.start(host))
    }
  }

  /** The endpoints of the bootstrap nodes. */
  entrance(): readonly Endpoint[] {
    return this.bootstrapHosts.map(({ endpoint }) => endpoint)
  }

  /** An info hash that nobody else has; the same for the same name. */
  infoHash(name: string): NodeId {
    return readNodeId(this.world.random(`info hash ${name}`).bytes(20))
  }

  #add(init: NodeInit): DhtHost {
    const { mode, network, id, limits, bootstrap, ...host } = init
    const options: DhtNodeOptions = {
      bootstrap: () => (bootstrap ?? (() => this.entrance()))().filter((node) => node !== added.endpoint),
      ...(mode === undefined ? {} : { mode }),
      ...(network === undefined ? {} : { network }),
      ...(id === undefined ? {} : { id }),
      ...(limits === undefined ? {} : { limits }),
    }
    const added: DhtHost = this.world.addHost({ ...host, program: dhtProgram(options) })
    return added
  }
}
