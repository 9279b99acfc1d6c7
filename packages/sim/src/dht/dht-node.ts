/**
 * A whole DHT node as a machine: the engine, and around it what its face does in the real program: it finds the way into the network and never
 * gives up, begins with those it knew when it ran last, lets lookups wait for the first attempt, and keeps what came of each.
 */

import {
  type Backoff,
  backoffDelay,
  type Endpoint,
  MINUTE,
  type Millis,
  parseIp,
  type RandomSource,
  randomBelow,
  SECOND,
} from '@shoal/base'
import { nodeItemCrypto } from '@shoal/dht'
import {
  type AnnounceOptions,
  DhtEngine,
  type DhtLimits,
  type EngineEvent,
  type EngineMode,
  type EngineSnapshot,
  K,
  type LookupSummary,
  limitsFor,
  type Network,
  type NodeId,
  type OperationId,
  secureNodeId,
  type Transmit,
} from '@shoal/dht/core'
import type { Environment, Machine, Program } from '../world/machine.ts'

/** As the bootstrapper of `@shoal/dht` has it. */
const BOOTSTRAP_BACKOFF: Backoff = { first: SECOND / 2, most: 60 * SECOND }
const BACKOFF_WHILE_FEW: Backoff = { first: 30 * SECOND, most: 5 * MINUTE }

export interface DhtNodeOptions {
  /** Addresses to begin with; asked for at each attempt. */
  readonly bootstrap: () => readonly Endpoint[]
  readonly mode?: EngineMode | 'auto'
  readonly network?: Network
  /** secure: follows from the address (BEP 42); random: anything, and kept, as older programs have it. */
  readonly id?: 'secure' | 'random' | NodeId
  readonly limits?: Partial<DhtLimits>
}

/** What came of a lookup so far, by the node's own clock. */
export interface LookupRecord {
  /** When it was asked for: lookups wait until there is somebody to ask. */
  readonly startedAt: Millis
  firstPeerAt: Millis | undefined
  /** `host:port` of each, with the time it came. BOUNDED: by the engine. */
  readonly peers: Map<string, Millis>
  doneAt: Millis | undefined
  summary: LookupSummary | undefined
  /** How many nodes took the announcement, where it was one. */
  announcedTo: number
}

export interface LookupOptions {
  readonly announce?: AnnounceOptions
  readonly onDone?: (record: LookupRecord) => void
}

export class DhtNode implements Machine<EngineEvent> {
  readonly engine: DhtEngine
  readonly #options: DhtNodeOptions
  readonly #random: RandomSource
  readonly #saved: EngineSnapshot | undefined
  /** BOUNDED: by the lookups under way. */
  readonly #lookups = new Map<OperationId, { record: LookupRecord; onDone: LookupOptions['onDone'] }>()
  /** Of those asked for before the first attempt to bootstrap was over. BOUNDED: by the scenario. */
  readonly #waiting: ((now: Millis) => void)[] = []
  #hasAttempted = false
  #walk: OperationId | undefined
  #warmWalk: OperationId | undefined
  #failures = 0
  /** How often there were contacts, and too few. */
  #pauses = 0
  #retryAt: Millis = Number.POSITIVE_INFINITY
  #now: Millis

  constructor(environment: Environment, options: DhtNodeOptions) {
    const { now, bound, random } = environment
    const { id = 'secure', mode = 'server', network = 'mainline', limits = {} } = options
    const saved = environment.saved as EngineSnapshot | undefined
    const drawn = secureNodeId(parseIp(bound.host) ?? new Uint8Array(4), random)
    this.#options = options
    this.#random = random
    this.#saved = saved
    this.#now = now
    this.engine = new DhtEngine({
      family: 'ipv4',
      nodeId: typeof id === 'object' ? id : (saved?.id ?? (id === 'secure' ? drawn : randomId(random))),
      keepsId: id !== 'secure',
      random,
      crypto: nodeItemCrypto,
      mode,
      network,
      limits,
      now,
    })
    this.engine.setBound(bound)
  }

  /** Finds the way into the network. */
  start(now: Millis): void {
    this.#now = now
    const contacts = this.#saved?.contacts ?? []
    if (contacts.length > 0) this.#warmWalk = this.engine.warm(now, contacts)
    this.#bootstrap(now)
  }

  lookup(now: Millis, target: NodeId, { announce, onDone }: LookupOptions = {}): LookupRecord {
    this.#now = now
    const record: LookupRecord = {
      startedAt: now,
      firstPeerAt: undefined,
      peers: new Map(),
      doneAt: undefined,
      summary: undefined,
      announcedTo: 0,
    }
    const begin = (at: Millis): void =>
      void this.#lookups.set(this.engine.lookup(at, target, announce), { record, onDone })
    if (this.#hasAttempted) begin(now)
    else this.#waiting.push(begin)
    return record
  }

  /** Those in force, given or by default. */
  get limits(): DhtLimits {
    return limitsFor(this.#options.network ?? 'mainline', this.#options.limits ?? {})
  }

  save(): EngineSnapshot {
    return this.engine.snapshot()
  }

  handleDatagram(now: Millis, from: Endpoint, bytes: Uint8Array): void {
    this.#now = now
    this.engine.handleDatagram(now, from, bytes)
  }

  handleTimeout(now: Millis): void {
    this.#now = now
    this.engine.handleTimeout(now)
    if (now >= this.#retryAt) this.#bootstrap(now)
  }

  pollTransmit(): Transmit | undefined {
    return this.engine.pollTransmit()
  }

  pollTimeout(): Millis | undefined {
    const engine = this.engine.pollTimeout()
    if (this.#retryAt === Number.POSITIVE_INFINITY) return engine
    return engine === undefined ? this.#retryAt : Math.min(engine, this.#retryAt)
  }

  pollEvent(): EngineEvent | undefined {
    const event = this.engine.pollEvent()
    if (event !== undefined) this.#handleEvent(event)
    return event
  }

  #handleEvent(event: EngineEvent): void {
    if (event.kind === 'alone') {
      const isBackingOff = this.#retryAt < Number.POSITIVE_INFINITY && this.#failures > 0
      if (this.#walk === undefined && !isBackingOff) this.#bootstrap(this.#now)
    } else if (event.kind === 'acquainted') {
      this.#attempted()
    } else if (event.kind === 'peer') {
      const record = this.#lookups.get(event.operation)?.record
      if (record === undefined) return
      record.firstPeerAt ??= this.#now
      record.peers.set(`${event.peer.host}:${event.peer.port}`, this.#now)
    } else if (event.kind === 'lookup-done') this.#finish(event)
  }

  #finish({ operation, summary, announced }: Extract<EngineEvent, { kind: 'lookup-done' }>): void {
    if (operation === this.#warmWalk && this.engine.sizes.contacts > 0) this.#attempted()
    if (operation === this.#walk) {
      this.#walk = undefined
      this.#attempted()
      this.#planRetry(this.engine.sizes.contacts)
      return
    }
    const lookup = this.#lookups.get(operation)
    if (lookup === undefined) return
    this.#lookups.delete(operation)
    const { record, onDone } = lookup
    record.doneAt = this.#now
    record.summary = summary
    record.announcedTo = announced.nodes
    onDone?.(record)
  }

  #planRetry(contacts: number): void {
    if (contacts === 0) this.#retryAt = this.#now + backoffDelay(BOOTSTRAP_BACKOFF, ++this.#failures, this.#random)
    else {
      this.#failures = 0
      if (this.engine.network === 'private' || contacts >= K) return
      this.#retryAt = this.#now + backoffDelay(BACKOFF_WHILE_FEW, ++this.#pauses, this.#random)
    }
  }

  #bootstrap(now: Millis): void {
    this.#retryAt = Number.POSITIVE_INFINITY
    const nodes = this.#options.bootstrap()
    // The first node of a network has nobody to ask.
    if (nodes.length > 0) this.#walk = this.engine.bootstrap(now, nodes)
    else this.#attempted()
  }

  /** As the face has it: whoever asked before has waited for this. */
  #attempted(): void {
    this.#hasAttempted = true
    for (const begin of this.#waiting.splice(0)) begin(this.#now)
  }
}

export function dhtProgram(options: DhtNodeOptions): Program<DhtNode> {
  return {
    create: (environment) => new DhtNode(environment, options),
    handleStart: (node, now) => node.start(now),
    save: (node) => node.save(),
  }
}

/** Not one that its address may have, as programs without BEP 42 choose it. */
function randomId(random: RandomSource): NodeId {
  return secureNodeId(
    Uint8Array.from({ length: 4 }, () => randomBelow(random, 256)),
    random,
  )
}
