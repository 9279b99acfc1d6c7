/**
 * What a database is given when it is told to discover: a `Discovery` with a DHT node of its own, seen through. It also
 * answers the question that neither of the two can answer alone: under which addresses do others reach us?
 */

import { EventEmitter } from 'node:events'
import { type Endpoint, formatEndpoint } from '@shoal/base'
import { Dht, type Listening } from '@shoal/dht'
import { checkDiscoveryOptions, Discovery, type DiscoveryOptions, type DiscoverySources } from '@shoal/discovery'
import type { Candidate, DialOutcome, Swarm, SwarmJoinOptions, SwarmSession } from '@shoal/peer'
import { addressTowardsAny } from './own-address.ts'

export interface JoinedSwarmEvents {
  /** A place worth a dial; again each time it is to be dialled again. */
  candidate: [candidate: Candidate]
  /** What became of a dial, or of a connection. */
  outcome: [endpoint: Endpoint, outcome: DialOutcome]
  /** An announce on the DHT is over; `nodes` stored it. */
  announced: [nodes: number]
  /** A look-up is over; `answered` is false where nobody could be asked. */
  searched: [answered: boolean]
  /** Something is not as it should be, and is gone on without. */
  warning: [sentence: string]
}

export interface JoinedSwarmInit {
  readonly discovery: DiscoveryOptions
  /** Whether this peer is a server: its DHT node then serves too. */
  readonly isServer: boolean
  /** The one address that sockets are bound to; all without it. */
  readonly bind: string | undefined
}

export class JoinedSwarm extends EventEmitter<JoinedSwarmEvents> implements Swarm {
  readonly #discovery: Discovery
  readonly #ownDht: Dht | undefined
  readonly #localHost: string | undefined

  /** Throws UsageError for options that make no sense. */
  constructor(init: JoinedSwarmInit) {
    super()
    checkDiscoveryOptions(init.discovery)
    const { sources = { dht: true }, ...others } = init.discovery
    this.#ownDht = ownDht(sources.dht, init)
    const dht = this.#ownDht ?? sources.dht
    try {
      this.#discovery = new Discovery({ ...others, sources: { ...sources, ...(dht === undefined ? {} : { dht }) } })
    } catch (error) {
      // The DHT node is running already, and nobody else could end it.
      void this.#ownDht?.close()
      throw error
    }
    this.#discovery.on('warning', (sentence) => this.emit('warning', sentence))
    this.#ownDht?.on('warning', (sentence) => this.emit('warning', sentence))
    this.#localHost = init.bind ?? addressTowardsAny(knownPlaces(sources))
  }

  /** Where our own DHT node listens; `undefined` where there is none. */
  get listening(): Promise<Listening | undefined> {
    return this.#ownDht?.listening ?? Promise.resolve(undefined)
  }

  /** Whether there are look-ups to wait for. */
  get hasDht(): boolean {
    return this.#discovery.dht !== undefined
  }

  join(topic: string, options: SwarmJoinOptions = {}): SwarmSession {
    const session = this.#discovery.join(topic, options)
    session.on('announced', ({ source, nodes }) => {
      if (source === 'dht') this.emit('announced', nodes)
    })
    session.on('searched', ({ source, answered }) => {
      if (source !== 'cache') this.emit('searched', answered)
    })
    return {
      report: (endpoint, outcome) => {
        session.report(endpoint, outcome)
        this.emit('outcome', endpoint, outcome)
      },
      leave: () => session.leave(),
      [Symbol.asyncIterator]: () => this.#seenThrough(session[Symbol.asyncIterator]()),
    }
  }

  /** Best first: as others see us from outside, then as our packets towards them say. */
  externalHosts(): readonly string[] {
    const { ipv4, ipv6 } = this.#ownDht?.externalAddresses ?? {}
    const hosts = [ipv4?.host, ipv6?.host, ...this.#discovery.externalHosts(), this.#localHost]
    return [...new Set(hosts.filter((host) => host !== undefined))]
  }

  async close(): Promise<void> {
    await this.#discovery.close()
    await this.#ownDht?.close()
  }

  #seenThrough(candidates: AsyncIterator<Candidate>): AsyncIterator<Candidate> {
    return {
      next: async () => {
        const result = await candidates.next()
        if (result.done !== true) this.emit('candidate', result.value)
        return result
      },
      return: async () => (await candidates.return?.()) ?? { done: true, value: undefined },
    }
  }
}

/** A node made here starts at once, while the store opens; one that was given stays its owner's. */
function ownDht(dht: DiscoverySources['dht'], init: JoinedSwarmInit): Dht | undefined {
  if (dht === undefined || dht === false) return undefined
  if (dht !== true && 'lookup' in dht) return undefined
  return new Dht({
    mode: init.isServer ? 'auto' : 'client',
    ...(init.bind === undefined ? {} : { host: init.bind }),
    ...(init.discovery.signal === undefined ? {} : { signal: init.discovery.signal }),
    ...(dht === true ? {} : dht),
  })
}

function knownPlaces(sources: DiscoverySources): readonly string[] {
  const bootstrap = typeof sources.dht === 'object' && 'bootstrap' in sources.dht ? (sources.dht.bootstrap ?? []) : []
  const given = (sources.static ?? []).map((place) => (typeof place === 'string' ? place : formatEndpoint(place)))
  return [...bootstrap, ...given]
}
