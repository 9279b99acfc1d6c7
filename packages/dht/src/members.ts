/** The places where a node listens, together: bound on one port, led into the network, introduced to each other. */

import { ClosedError, type Endpoint, type Family, type RandomSource } from '@shoal/base'
import type { NodeEvent } from './core/engine-event.ts'
import type { NodeId } from './core/id/node-id.ts'
import type { Network } from './core/routing/network-policy.ts'
import type { Gate } from './gate.ts'
import type { Seat } from './items.ts'
import { Member } from './member.ts'
import { nodeItemCrypto } from './node/ed25519.ts'
import { listenAll } from './node/listen.ts'
import { Memory } from './node/memory.ts'
import { networkOf, Resolver } from './node/resolver.ts'
import { type DhtOptions, PUBLIC_ROUTERS } from './options.ts'
import { idsFor, isAnyHost, placesOf } from './places.ts'

export interface MembersInit {
  readonly options: DhtOptions
  readonly random: RandomSource
  /** The id that was asked for. */
  readonly nodeId: NodeId | undefined
  /** Nodes to begin with; `undefined` where none were named. */
  readonly bootstrap: readonly Endpoint[] | undefined
  /** Told when the first attempt to bootstrap is over, and when the node is ready. */
  readonly gate: Gate
  readonly onEvent: (family: Family, event: Extract<NodeEvent, { kind: 'address' | 'id' | 'mode' }>) => void
  readonly onWarning: (sentence: string) => void
}

export class Members {
  readonly #init: MembersInit
  readonly #memory: Memory
  /** Those that could not be bound and need not be are taken out. BOUNDED: by the options. */
  #all: readonly Member[]
  #resolver: Resolver | undefined
  #isClosed = false

  /** Throws a UsageError for wrong places, and a StateFileError for a state file of a later version. */
  constructor(init: MembersInit) {
    const { options, random, nodeId, onWarning } = init
    const places = placesOf(options)
    const ids = idsFor(places, nodeId, random)
    this.#init = init
    this.#memory = new Memory({ path: options.stateFile, random, onWarning })
    this.#all = places.map((place, i) => this.#newMember(place, ids[i] as NodeId))
  }

  get all(): readonly Member[] {
    return this.#all
  }

  get first(): Member {
    return this.#all[0] as Member
  }

  /** Times that the state file could not be written. */
  get stateFileErrors(): number {
    return this.#memory.failures
  }

  /** The places that lead anywhere; all of them while none does. */
  get useful(): readonly Member[] {
    const useful = this.#all.filter(({ hasContacts }) => hasContacts)
    return useful.length > 0 ? useful : this.#all
  }

  /** BEP 45: one thing is not asked from several addresses at once. */
  get onePerFamily(): readonly Member[] {
    const { useful } = this
    return useful.filter(({ family }, i) => useful.findIndex((other) => other.family === family) === i)
  }

  get seats(): readonly Seat[] {
    return this.onePerFamily.map(({ seat }) => seat)
  }

  of(family: Family): Member | undefined {
    return this.#all.find((member) => member.family === family)
  }

  /** Binds the sockets and sets out into the network. Rejects with PortTakenError or BindError. */
  async open(port: number): Promise<void> {
    this.#all = await listenAll(this.#all, port)
    if (this.#isClosed) throw new ClosedError('the DHT node was closed')
    for (const { family, engine } of this.#all) {
      const sister = this.#sisterOf(family)
      if (sister !== undefined) engine.setSister(sister.engine)
    }
    this.#bootstrap()
  }

  /** Ends what is under way, so that nobody waits any more. */
  stop(): void {
    this.#isClosed = true
    this.#resolver?.close()
    this.#memory.stop()
    // What never listened has learned nothing that is worth keeping.
    if (this.#resolver !== undefined) this.#memory.save(this.#all)
    for (const member of this.#all) member.stop()
  }

  async closeSockets(): Promise<void> {
    await Promise.all(this.#all.map(({ driver }) => driver.close()))
  }

  #newMember(place: Member['place'], fresh: NodeId): Member {
    const { options, nodeId, random } = this.#init
    const { mode = 'auto', network = 'mainline', limits = {} } = options
    return new Member({
      place,
      random,
      engine: {
        nodeId: nodeId === undefined ? (this.#memory.of(place)?.id ?? fresh) : fresh,
        keepsId: nodeId !== undefined,
        random,
        crypto: nodeItemCrypto,
        mode,
        network,
        limits,
      },
      onEvent: (event) => this.#handleEvent(place.family, event),
      onAttempt: () => this.#handleAttempt(),
    })
  }

  #sisterOf(family: Family): Member | undefined {
    return this.#all.find((other) => other.family !== family)
  }

  #bootstrap(): void {
    const { bootstrap: given } = this.#init
    const members = this.#all
    const hosts = members.map(({ endpoint, place }) => endpoint?.host ?? place.host).filter((host) => !isAnyHost(host))
    const saved = members.flatMap(({ place }) => this.#memory.of(place)?.contacts ?? []).map(({ host }) => host)
    // Bound to loopback or a private address, the public routers are out of reach anyway.
    const nodes = given ?? (networkOf(hosts) === 'private' ? [] : PUBLIC_ROUTERS)
    const families = [...new Set(members.map(({ family }) => family))]
    if (saved.length > 0) this.#setNetwork([...hosts, ...saved])
    this.#resolver = new Resolver(nodes, families, (resolved) => {
      if (given === undefined) for (const { engine } of members) engine.keepOut(resolved)
      this.#setNetwork([...hosts, ...saved, ...resolved.map(({ host }) => host)], nodes === PUBLIC_ROUTERS)
    })
    const resolve = (): Promise<readonly Endpoint[]> => this.#resolver?.resolve() ?? Promise.resolve([])
    for (const member of members) {
      member.warm(this.#memory.of(member.place))
      member.bootstrap(resolve, nodes.length === 0)
    }
    this.#memory.start(() => this.#all)
  }

  /** `isPublic`: by the public routers, whatever their names resolve to: behind a captive portal that is the portal's own address. */
  #setNetwork(hosts: readonly string[], isPublic = false): void {
    const network: Network = this.#init.options.network ?? (isPublic ? 'mainline' : networkOf(hosts))
    for (const { engine, driver } of this.#all) {
      if (network !== engine.network) driver.run((now) => engine.setNetwork(now, network))
    }
  }

  /** Ready as soon as one family is; without any contact only when none has anybody to begin with. */
  #handleAttempt(): void {
    const { gate } = this.#init
    const isReady = this.#all.some(({ hasContacts }) => hasContacts)
    if (isReady || this.#all.every(({ isAttempted }) => isAttempted)) gate.attempted()
    if (isReady || this.#all.every(({ isDone }) => isDone)) gate.becomeReady()
  }

  #handleEvent(family: Family, event: Exclude<NodeEvent, { kind: 'alone' | 'acquainted' }>): void {
    if (event.kind !== 'sister-nodes') {
      this.#init.onEvent(family, event)
      return
    }
    const sister = this.#sisterOf(family)
    sister?.driver.run((now) => sister.engine.introduce(now, event.nodes))
  }
}
