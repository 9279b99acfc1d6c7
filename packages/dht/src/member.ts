/**
 * One place where a node listens: an engine with its socket, its way into the network of its family, and those who wait
 * for what they asked of it. The face has one for each family, or for each address that was named.
 */

import type { Endpoint, Family, RandomSource } from '@shoal/base'
import { DhtEngine } from './core/engine.ts'
import type { AnnounceResult, EngineEvent, EngineInit, NodeEvent, OperationId } from './core/engine-event.ts'
import type { NodeId } from './core/id/node-id.ts'
import type { AnnounceOptions, LookupSummary } from './core/lookup/lookup.ts'
import { K } from './core/routing/routing-table.ts'
import type { Seat } from './items.ts'
import { type Acquaintance, Bootstrapper } from './node/bootstrapper.ts'
import type { SavedNode } from './node/state-file.ts'
import { UdpDriver } from './node/udp-driver.ts'
import { EMPTY_SUMMARY, type Operation, Operations, type Pong } from './operations.ts'
import type { Place } from './places.ts'

export interface MemberInit {
  readonly place: Place
  readonly engine: Omit<EngineInit, 'family' | 'now'>
  readonly random: RandomSource
  /** What the engine tells of itself; walks to the network are the member's own. */
  readonly onEvent: (event: Exclude<NodeEvent, { kind: 'alone' | 'acquainted' }>) => void
  /** An attempt to bootstrap is over; `isDone` where there is no need of another. */
  readonly onAttempt: () => void
}

export class Member {
  readonly place: Place
  readonly engine: DhtEngine
  readonly driver: UdpDriver
  readonly #init: MemberInit
  readonly #operations: Operations
  #bootstrapper: Bootstrapper | undefined
  #endpoint: Endpoint | undefined
  #isAttempted = false
  #isDone = false

  constructor(init: MemberInit) {
    const { family } = init.place
    this.#init = init
    this.place = init.place
    this.engine = new DhtEngine({ ...init.engine, family, now: UdpDriver.now() })
    this.driver = new UdpDriver(this.engine, { host: init.place.host, onEvent: (event) => this.#handleEvent(event) })
    this.#operations = new Operations((id) => this.engine.cancel(UdpDriver.now(), id))
  }

  get family(): Family {
    return this.place.family
  }

  /** Where it listens; `undefined` until it does. */
  get endpoint(): Endpoint | undefined {
    return this.#endpoint
  }

  get hasContacts(): boolean {
    return this.engine.sizes.contacts > 0
  }

  /** The first attempt to bootstrap is over, whatever came of it. */
  get isAttempted(): boolean {
    return this.#isAttempted
  }

  /** Its table holds contacts, or there is nobody to begin with. */
  get isDone(): boolean {
    return this.#isDone
  }

  async open(port: number): Promise<Endpoint> {
    this.#endpoint = await this.driver.open(port)
    return this.#endpoint
  }

  /** For what is asked of several members together. */
  get seat(): Seat {
    return { engine: this.engine, operations: this.#operations, run: (input) => this.driver.run(input) }
  }

  /** Starts something in the engine, and waits for its end. */
  start<T>(
    input: (engine: DhtEngine, now: number) => OperationId,
    operation: (settle: (result: T) => void, fail: (error: unknown) => void) => Operation,
    { signal, left }: { signal?: AbortSignal | undefined; left?: AbortSignal } = {},
  ): Promise<T> {
    return new Promise((settle, fail) => {
      const id = this.driver.run((now) => input(this.engine, now))
      this.#operations.add(id, operation(settle, fail), signal)
      left?.addEventListener('abort', () => this.#operations.abort(id), { once: true })
    })
  }

  lookup(
    target: NodeId,
    queue: Extract<Operation, { kind: 'lookup' }>['queue'],
    signals: { signal: AbortSignal | undefined; left: AbortSignal },
  ): Promise<LookupSummary> {
    if (signals.left.aborted) return Promise.resolve(EMPTY_SUMMARY)
    return this.start(
      (engine, now) => engine.lookup(now, target),
      (settle, fail) => ({ kind: 'lookup', queue, settle, fail }),
      signals,
    )
  }

  announce(target: NodeId, announce: AnnounceOptions, signal: AbortSignal | undefined): Promise<AnnounceResult> {
    return this.start(
      (engine, now) => engine.lookup(now, target, announce),
      (settle, fail) => ({ kind: 'announce', settle, fail }),
      { signal },
    )
  }

  ping(node: Endpoint, signal: AbortSignal | undefined): Promise<Pong> {
    return this.start(
      (engine, now) => engine.ping(now, node),
      (settle, fail) => ({ kind: 'ping', node, settle, fail }),
      { signal },
    )
  }

  /** Asks those first whom it knew when it ran last: who is still there answers within a round trip. */
  warm(saved: SavedNode | undefined): void {
    if (saved === undefined || saved.contacts.length === 0) return
    void this.#walk((engine, now) => engine.warm(now, saved.contacts)).then(() => this.#attempted(this.hasContacts))
  }

  bootstrap(resolve: () => Promise<readonly Endpoint[]>, isAlone: boolean): void {
    this.#bootstrapper = new Bootstrapper({
      family: this.family,
      isAlone,
      hasWay: () => !isAlone || this.engine.hasEntryPoints,
      random: this.#init.random,
      resolve,
      walk: async (nodes) => {
        // Without any, the walk begins with contacts remembered.
        if (nodes.length > 0 || this.engine.hasEntryPoints)
          await this.#walk((engine, now) => engine.bootstrap(now, nodes))
        return this.#acquaintance()
      },
    })
    this.#runBootstrapper()
  }

  /** Private networks are small, and nobody there lies: one contact is enough. */
  #acquaintance(): Acquaintance {
    const { network, sizes } = this.engine
    if (sizes.contacts === 0) return 'nobody'
    return network === 'private' || sizes.contacts >= K ? 'enough' : 'few'
  }

  /** Ends what is under way, so that nobody waits any more. */
  stop(): void {
    this.#bootstrapper?.close()
    this.#operations.close()
  }

  #walk(input: (engine: DhtEngine, now: number) => OperationId): Promise<void> {
    const walk = this.start<void>(input, (settle, fail) => ({ kind: 'walk', settle, fail }))
    return walk.catch(() => {
      // Closed on the way: the bootstrapper knows.
    })
  }

  #runBootstrapper(): void {
    void this.#bootstrapper?.run((isDone) => this.#attempted(isDone))
  }

  #attempted(isDone: boolean): void {
    this.#isAttempted = true
    if (isDone) this.#isDone = true
    this.#init.onAttempt()
  }

  #handleEvent(event: EngineEvent): void {
    switch (event.kind) {
      case 'alone':
        this.#runBootstrapper()
        break
      case 'acquainted':
        this.#attempted(true)
        break
      case 'address':
      case 'id':
      case 'mode':
      case 'sister-nodes':
        this.#init.onEvent(event)
        break
      default:
        this.#operations.handleEvent(event)
    }
  }
}
