/**
 * What a database is given when it is told to discover: a `Discovery` with a DHT node of its own, seen through. It also
 * answers the question that neither of the two can answer alone: under which addresses do others reach us?
 */

import { EventEmitter } from 'node:events'
import { type Endpoint, formatEndpoint } from '@shoal/base'
import { Dht, type Listening } from '@shoal/dht'
import {
  checkDiscoveryOptions,
  Discovery,
  type DiscoveryOptions,
  type DiscoverySources,
  type JoinOptions,
  type Mapped,
  type Session,
  type WakeReason,
} from '@shoal/discovery'
import type { Candidate, CandidateSource, DialOutcome, Swarm, SwarmJoinOptions, SwarmSession, Topic } from '@shoal/peer'
import { Announcing, type MappingOptions } from './announcing.ts'
import { addressTowardsAny, hasPublicAddress, isLoopback } from './own-address.ts'
import type { Reach } from './reach.ts'

export interface JoinedSwarmEvents {
  /** A place worth a dial; again each time it is to be dialled again. */
  candidate: [candidate: Candidate]
  /** What became of a dial, or of a connection. */
  outcome: [endpoint: Endpoint, outcome: DialOutcome]
  /** An announce on the DHT is over; `nodes` stored it. */
  announced: [nodes: number]
  /** A look-up is over; `answered` is false where nobody could be asked. */
  searched: [answered: boolean, source: CandidateSource]
  /** Something is not as it should be, and is gone on without. */
  warning: [sentence: string]
  /** Whether others can reach this server, as far as is known: only then it announces itself. */
  reach: [reach: Reach]
  /** This machine has slept, or has other addresses: everything is looked up and announced anew. */
  woken: [reason: WakeReason]
  /** The router has opened our port, or has renewed it. */
  mapped: [mapped: Mapped, renewed: boolean]
}

export interface JoinedSwarmInit {
  readonly discovery: DiscoveryOptions
  /** Whether this peer is a server: its DHT node then serves too. */
  readonly isServer: boolean
  /** The one address that sockets are bound to; all without it. */
  readonly bind: string | undefined
  /** Whether the operator has said where others reach it. */
  readonly isHostGiven: boolean
  /** Where to begin besides. */
  readonly invite: string | undefined
  /** Whether the router may be asked for the port, and how. */
  readonly mapping: boolean | MappingOptions
}

/** Who hears of a server that others can't reach from outside: everybody but the DHT. */
const NEAR: readonly CandidateSource[] = ['lan', 'pex', 'cache', 'invite', 'static']

export class JoinedSwarm extends EventEmitter<JoinedSwarmEvents> implements Swarm {
  readonly #discovery: Discovery
  readonly #ownDht: Dht | undefined
  #localHost: string | undefined
  readonly #init: JoinedSwarmInit
  /** UNBOUNDED: one a topic that our own user serves. */
  readonly #announcing = new Set<Announcing>()
  readonly #asked: readonly CandidateSource[]

  /** Throws UsageError for options that make no sense. */
  constructor(init: JoinedSwarmInit) {
    super()
    this.#init = init
    checkDiscoveryOptions(init.discovery)
    const { sources: given = { dht: true, lan: !isLoopback(init.bind) }, ...others } = init.discovery
    const sources = init.invite === undefined ? given : { ...given, invite: init.invite }
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
    this.#discovery.on('woken', (reason) => {
      this.#localHost = init.bind ?? addressTowardsAny(knownPlaces(sources))
      this.emit('woken', reason)
    })
    this.#ownDht?.on('warning', (sentence) => this.emit('warning', sentence))
    this.#asked = [
      ...(dht === undefined || dht === false ? [] : ['dht' as const]),
      ...(sources.lan ? ['lan' as const] : []),
      ...(sources.invite === undefined ? [] : ['invite' as const]),
    ]
    this.#localHost = init.bind ?? addressTowardsAny(knownPlaces(sources))
  }

  /** Where our own DHT node listens; `undefined` where there is none. */
  get listening(): Promise<Listening | undefined> {
    return this.#ownDht?.listening ?? Promise.resolve(undefined)
  }

  /** The sources whose first look-up is worth a wait. */
  get asked(): readonly CandidateSource[] {
    return this.#asked
  }

  join(topic: string | Topic, options: SwarmJoinOptions = {}): SwarmSession {
    const { port } = options
    const dht = this.#ownDht
    // Without a DHT of our own nobody but those whom the sources tell hears of us.
    if (port === undefined || dht === undefined) return this.#asSession(this.#joinDiscovery(topic, options))
    // The local network is told of the port in any case: nobody there needs to come in from outside.
    const session = this.#joinDiscovery(topic, { port, announceTo: NEAR })
    let announcing: Announcing | undefined
    let isLeft = false
    // Of the two that have a say each must agree: whether others can reach it, and whether it is to be found at all.
    const told = { reach: false, isWanted: true }
    const announce = (): void => void session.announceTo(told.isWanted ? (told.reach ? undefined : NEAR) : [])
    const onReach = (on: boolean): void => {
      told.reach = on
      announce()
    }
    session.on('searched', ({ source, answered }) => {
      if (source === 'dht' && answered) announcing?.handleSearched(session.stats().places > 0)
    })
    // Whether its network is a private one, a node knows when it listens.
    const begun = dht.listening.then(
      () => {
        if (!isLeft) announcing = this.#watchReach(onReach, { port, isPrivateNetwork: dht.network === 'private' })
      },
      () => undefined, // Whoever waits for the database to be ready hears of it.
    )
    return this.#asSession({
      [Symbol.asyncIterator]: () => session[Symbol.asyncIterator](),
      report: (endpoint, outcome) => session.report(endpoint, outcome),
      watchRoster: (listener) => session.watchRoster(listener),
      offerRoster: (roster) => session.offerRoster(roster),
      announce: (on) => {
        told.isWanted = on
        announce()
      },
      leave: async () => {
        isLeft = true
        await Promise.all([begun, session.leave()])
        if (announcing === undefined) return
        this.#announcing.delete(announcing)
        await announcing.close()
      },
    })
  }

  #joinDiscovery(topic: string | Topic, options: JoinOptions): Session {
    const session = this.#discovery.join(topic, options)
    session.on('announced', ({ source, nodes }) => {
      if (source === 'dht') this.emit('announced', nodes)
    })
    session.on('searched', ({ source, answered }) => {
      if (source !== 'cache') this.emit('searched', answered, source)
    })
    return session
  }

  #watchReach(announce: (on: boolean) => void, about: { port: number; isPrivateNetwork: boolean }): Announcing {
    const { isHostGiven, mapping } = this.#init
    const announcing = new Announcing({
      ...about,
      isGiven: isHostGiven,
      hasPublicAddress: hasPublicAddress(this.#localHost),
      mapping,
      announce,
      onReach: (reach) => this.emit('reach', reach),
      onMapped: (mapped, renewed) => this.emit('mapped', mapped, renewed),
    })
    this.#announcing.add(announcing)
    return announcing
  }

  #asSession(session: SwarmSession): SwarmSession {
    return {
      report: (endpoint, outcome) => {
        session.report(endpoint, outcome)
        this.emit('outcome', endpoint, outcome)
      },
      watchRoster: (listener) => session.watchRoster?.(listener),
      offerRoster: (roster) => session.offerRoster?.(roster),
      announce: (on) => session.announce?.(on),
      leave: () => session.leave(),
      [Symbol.asyncIterator]: () => this.#seenThrough(session[Symbol.asyncIterator]()),
    }
  }

  /** Best first: as others see us from outside, then as our packets towards them say. */
  externalHosts(): readonly string[] {
    const { ipv4, ipv6 } = this.#ownDht?.externalAddresses ?? {}
    const mapped = [...this.#announcing].map(({ externalHost }) => externalHost)
    const hosts = [ipv4?.host, ipv6?.host, ...this.#discovery.externalHosts(), ...mapped, this.#localHost]
    return [...new Set(hosts.filter((host) => host !== undefined))]
  }

  /** Another server dialled this one from outside, or could not. */
  handleDialBack(reached: boolean): void {
    for (const announcing of this.#announcing) announcing.handleDialBack(reached ? 'reached' : 'not-reached')
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
