/** The database of `@shoal/tool-db` with discovery joined to it: `discovery: true` is all that a program has to say. */

import type { DiscoveryOptions } from '@shoal/discovery'
import type { Swarm } from '@shoal/peer'
import { type AllOptions, ToolDb as Database } from '@shoal/tool-db'
import type { MappingOptions } from './announcing.ts'
import { JoinedSwarm } from './joined-swarm.ts'

export interface JoinedOptions extends Omit<AllOptions, 'discovery'> {
  /**
   * `true` looks for servers of the topic on the BitTorrent DHT, and announces this one if it is a server; options say
   * how; an object that finds peers in another way is taken as it is, and stays its owner's to close.
   */
  readonly discovery: boolean | DiscoveryOptions | Swarm
  /**
   * Whether a server behind a NAT asks the router for its port (UPnP, NAT-PMP): `true` unless told otherwise. Never asked on a
   * private network, or where this machine has a public address.
   */
  readonly mapping: boolean | MappingOptions
}

export class ToolDb extends Database {
  /** What finds the servers of the topic, where the database has its own. */
  readonly swarm: JoinedSwarm | undefined
  #isWatched = false

  /** Throws UsageError for options that can't be meant. */
  constructor(options: Partial<JoinedOptions> = {}) {
    const { discovery = false, mapping = true, ...others } = options
    const swarm = isSwarm(discovery) ? undefined : ownSwarm(discovery, others, mapping)
    const finder = isSwarm(discovery) ? discovery : swarm
    try {
      super({ ...others, ...(finder === undefined ? {} : { discovery: finder }) })
    } catch (error) {
      // The DHT node is running already, and nobody else could end it.
      void swarm?.close()
      throw error
    }
    this.swarm = swarm
    this.on('dialled-back', ({ reached }: { reached: boolean }) => swarm?.handleDialBack(reached))
    swarm?.listening.catch((error: unknown) => {
      // A DHT port that is taken must not go unnoticed by a program that never looks at `ready`.
      if (!this.#isWatched && !this.isClosing) void Promise.reject(error)
    })
  }

  /** Resolves when store, network and DHT node are open; rejects with why they can't be. */
  override get ready(): Promise<void> {
    this.#isWatched = true
    return Promise.all([super.ready, this.swarm?.listening]).then(() => undefined)
  }

  override async close(): Promise<void> {
    await super.close()
    await this.swarm?.close()
  }
}

function ownSwarm(
  discovery: boolean | DiscoveryOptions,
  options: Partial<AllOptions>,
  mapping: boolean | MappingOptions,
): JoinedSwarm | undefined {
  if (discovery === false) return undefined
  return new JoinedSwarm({
    discovery: discovery === true ? {} : discovery,
    isServer: options.server === true,
    isHostGiven: options.host !== undefined,
    mapping,
    bind: options.bind === '0.0.0.0' || options.bind === '::' ? undefined : options.bind,
  })
}

function isSwarm(discovery: boolean | DiscoveryOptions | Swarm): discovery is Swarm {
  return typeof discovery === 'object' && discovery !== null && 'join' in discovery
}
