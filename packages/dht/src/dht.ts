/** The face of a DHT node: promises and async iterators over the engine, its socket and its way into the network. */

import { lookup as resolveName } from 'node:dns/promises'
import {
  AsyncQueue,
  ClosedError,
  type Endpoint,
  type Family,
  type Millis,
  parseIp,
  type RandomSource,
  systemRandom,
  toHex,
} from '@shoal/base'
import type { Counters } from './core/counters.ts'
import { DhtEngine } from './core/engine.ts'
import type { AnnounceResult, EngineEvent, EngineMode, EngineSizes } from './core/engine-event.ts'
import { type NodeId, nodeIdBytes, randomNodeId } from './core/id/node-id.ts'
import type { LookupSummary } from './core/lookup/lookup.ts'
import type { Network } from './core/routing/network-policy.ts'
import { NoAnswerError } from './errors.ts'
import { Bootstrapper, networkOf } from './node/bootstrapper.ts'
import { nodeItemCrypto } from './node/ed25519.ts'
import { UdpDriver } from './node/udp-driver.ts'
import { abortError, type DhtPeer, EMPTY_SUMMARY, Operations, type Pong } from './operations.ts'
import {
  type AnnounceOptions,
  checkChoices,
  type DhtOptions,
  type OperationOptions,
  PUBLIC_ROUTERS,
  parseAnnouncedPort,
  parseId,
  parseListenPort,
  parseNode,
} from './options.ts'

const FAMILY: Family = 'ipv4'
const ANY_HOST = '0.0.0.0'
/** Peers that wait for a slow reader of a lookup; then the oldest go. */
const LOOKUP_QUEUE_MAX = 4_000

/** Peers as they arrive, each once; it ends when the closest nodes have been asked, or the node is closed. */
export interface DhtLookup extends AsyncIterable<DhtPeer> {
  /** How the lookup went; rejects only where its signal aborts, or the node never listened. */
  readonly summary: Promise<LookupSummary>
}

export interface DhtContact extends Endpoint {
  /** 40 hex digits. */
  readonly id: string
  readonly family: Family
}

export interface Listening {
  readonly ipv4?: { readonly address: string; readonly port: number }
}

export interface DhtStats extends EngineSizes, Counters {
  readonly nodeId: string
  readonly mode: EngineMode
  readonly network: Network
  readonly externalAddress: Endpoint | undefined
  /** The smoothed round trip over all nodes. */
  readonly roundTripMs: Millis | undefined
  /** Datagrams that could not be handed to the system, and errors that it reported later. */
  readonly sendErrors: number
}

interface Deferred {
  readonly promise: Promise<void>
  resolve(): void
  reject(error: unknown): void
}

export class Dht {
  /** The socket is bound. Rejects where it cannot be (PortTakenError, BindError). */
  readonly listening: Promise<Listening>
  /** The table holds contacts that answered; at once where `bootstrap` is empty. Pending while nobody answers. */
  readonly ready: Promise<void>
  readonly #random: RandomSource = systemRandom()
  readonly #options: DhtOptions
  readonly #given: readonly Endpoint[] | undefined
  readonly #engine: DhtEngine
  readonly #driver: UdpDriver
  readonly #operations: Operations
  readonly #ready: Deferred = deferred()
  /** The first attempt to bootstrap is over, whatever came of it. */
  readonly #attempted: Deferred = deferred()
  readonly #closeOnSignal = (): void => void this.close()
  #bootstrapper: Bootstrapper | undefined
  #closing: Promise<void> | undefined

  constructor(options: DhtOptions = {}) {
    checkChoices(options)
    const port = parseListenPort(options.port)
    const nodeId = options.nodeId === undefined ? randomNodeId(this.#random) : parseId(options.nodeId, 'the node id')
    this.#options = options
    this.#given = options.bootstrap?.map((node) => parseNode(node, 'a bootstrap node'))
    this.#engine = new DhtEngine({
      family: FAMILY,
      nodeId,
      random: this.#random,
      crypto: nodeItemCrypto,
      mode: options.mode ?? 'auto',
      keepsId: options.nodeId !== undefined,
      network: options.network ?? 'mainline',
      limits: options.limits ?? {},
      now: UdpDriver.now(),
    })
    this.#driver = new UdpDriver(this.#engine, {
      host: options.host ?? ANY_HOST,
      port,
      onEvent: (event) => this.#handleEvent(event),
    })
    this.#operations = new Operations((id) => this.#engine.cancel(UdpDriver.now(), id))
    this.ready = this.#ready.promise
    this.listening = this.#open()
    // Nobody has to wait for these, so their rejections must not end the process.
    for (const promise of [this.listening, this.ready, this.#attempted.promise]) promise.catch(() => {})
    options.signal?.addEventListener('abort', this.#closeOnSignal, { once: true })
    if (options.signal?.aborted) this.#closeOnSignal()
  }

  /** 40 hex digits. */
  get nodeId(): string {
    return toHex(nodeIdBytes(this.#engine.nodeId))
  }

  get network(): Network {
    return this.#engine.network
  }

  /** Our address as other nodes see it, once enough of them agree. */
  get externalAddress(): Endpoint | undefined {
    return this.#engine.externalAddress
  }

  /** Peers of an info hash (20 bytes or 40 hex digits). Leaving the iteration early stops the lookup. */
  lookup(infoHash: Uint8Array | string, options: OperationOptions = {}): DhtLookup {
    const target = parseId(infoHash, 'an info hash')
    const left = new AbortController()
    const queue = new AsyncQueue<DhtPeer>({ limit: LOOKUP_QUEUE_MAX, onReturn: () => left.abort() })
    const summary = this.#lookup(target, queue, { signal: options.signal, left: left.signal })
    summary.then(
      () => queue.end(),
      (error: unknown) => queue.fail(error),
    )
    return { summary, [Symbol.asyncIterator]: () => queue }
  }

  async #lookup(
    target: NodeId,
    queue: AsyncQueue<DhtPeer>,
    { signal, left }: { signal: AbortSignal | undefined; left: AbortSignal },
  ): Promise<LookupSummary> {
    try {
      await this.#whenAttempted(signal)
    } catch (error) {
      if (this.#closing === undefined || signal?.aborted) throw error
      return EMPTY_SUMMARY
    }
    if (left.aborted) return EMPTY_SUMMARY
    return new Promise((settle, fail) => {
      const id = this.#driver.run((now) => this.#engine.lookup(now, target))
      this.#operations.add(id, { kind: 'lookup', queue, settle, fail }, signal)
      left.addEventListener('abort', () => this.#operations.abort(id), { once: true })
    })
  }

  /** Tells the closest nodes that we have a peer for an info hash; how many took it. */
  async announce(infoHash: Uint8Array | string, options: AnnounceOptions = {}): Promise<AnnounceResult> {
    const target = parseId(infoHash, 'an info hash')
    const port = parseAnnouncedPort(options)
    await this.#whenAttempted(options.signal)
    return new Promise((settle, fail) => {
      const announce = { port, isPortImplied: port === 0, isSeed: options.seed === true }
      const id = this.#driver.run((now) => this.#engine.lookup(now, target, announce))
      this.#operations.add(id, { kind: 'announce', settle, fail }, options.signal)
    })
  }

  /** Asks one node whether it is there. Rejects with NoAnswerError, RefusedError or BusyError where it is not. */
  async ping(node: Endpoint | string, options: OperationOptions = {}): Promise<Pong> {
    const { host, port } = parseNode(node, 'a node')
    await this.listening
    this.#throwIfOver(options.signal)
    const address = parseIp(host) === undefined ? await resolve(host, port) : host
    this.#throwIfOver(options.signal)
    return new Promise((settle, fail) => {
      const endpoint = { host: address, port }
      const id = this.#driver.run((now) => this.#engine.ping(now, endpoint))
      this.#operations.add(id, { kind: 'ping', node: endpoint, settle, fail }, options.signal)
    })
  }

  /** Makes a node a contact, if it answers and there is room; says nothing where it does not. */
  addNode(node: Endpoint | string): void {
    this.ping(parseNode(node, 'a node')).catch(() => {
      // A node that is not there is no contact; the caller who wants to know pings it.
    })
  }

  contacts(): DhtContact[] {
    return Array.from(this.#engine.contacts(), ({ id, address }) => ({
      id: toHex(nodeIdBytes(id)),
      host: address.host,
      port: address.port,
      family: FAMILY,
    }))
  }

  stats(): DhtStats {
    const { counters, sizes, mode, network, externalAddress, roundTrip } = this.#engine
    const { sendErrors } = this.#driver
    const numbers = { ...structuredClone(counters), ...sizes, sendErrors, roundTripMs: roundTrip }
    return { nodeId: this.nodeId, mode, network, externalAddress, ...numbers }
  }

  /** Ends everything that is under way and frees the port; nothing of it keeps the process alive then. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#options.signal?.removeEventListener('abort', this.#closeOnSignal)
    this.#bootstrapper?.close()
    const error = new ClosedError('the DHT node was closed')
    this.#ready.reject(error)
    this.#attempted.reject(error)
    this.#operations.close()
    await this.#driver.close()
    // A bind that was under way finds the node closed, and lets go by itself.
    await this.listening.catch(() => {})
    await this.#driver.close()
  }

  async #open(): Promise<Listening> {
    try {
      const { host, port } = await this.#driver.open()
      if (this.#closing !== undefined) throw new ClosedError('the DHT node was closed')
      this.#bootstrap(host)
      return { ipv4: { address: host, port } }
    } catch (error) {
      this.#ready.reject(error)
      this.#attempted.reject(error)
      throw error
    }
  }

  #bootstrap(boundHost: string): void {
    const hosts = boundHost === ANY_HOST ? [] : [boundHost]
    // Bound to loopback or a private address, the public routers are out of reach anyway.
    const nodes = this.#given ?? (networkOf(hosts) === 'private' ? [] : PUBLIC_ROUTERS)
    this.#bootstrapper = new Bootstrapper({
      family: FAMILY,
      nodes,
      random: this.#random,
      onResolved: (resolved) => {
        if (this.#given === undefined) this.#engine.keepOut(resolved)
        const network = this.#options.network ?? networkOf([...hosts, ...resolved.map(({ host }) => host)])
        if (network !== this.#engine.network) this.#driver.run((now) => this.#engine.setNetwork(now, network))
      },
      walk: async (resolved) => {
        await new Promise<void>((settle, fail) => {
          const id = this.#driver.run((now) => this.#engine.bootstrap(now, resolved))
          this.#operations.add(id, { kind: 'walk', settle, fail }, undefined)
        }).catch(() => {
          // Closed on the way: the bootstrapper knows.
        })
        return this.#engine.sizes.contacts
      },
    })
    this.#runBootstrapper()
  }

  #runBootstrapper(): void {
    void this.#bootstrapper?.run((isDone) => {
      this.#attempted.resolve()
      if (isDone) this.#ready.resolve()
    })
  }

  #handleEvent(event: EngineEvent): void {
    switch (event.kind) {
      case 'alone':
        this.#runBootstrapper()
        break
      case 'address':
      case 'id':
      case 'mode':
      case 'sister-nodes':
        break
      default:
        this.#operations.handleEvent(event)
    }
  }

  /** Lookups wait for the first attempt to bootstrap: before that there is nobody to ask. */
  async #whenAttempted(signal: AbortSignal | undefined): Promise<void> {
    this.#throwIfOver(signal)
    let onAbort: (() => void) | undefined
    const aborted = new Promise<never>((_resolve, reject) => {
      onAbort = () => reject(abortError(signal))
      signal?.addEventListener('abort', onAbort, { once: true })
    })
    try {
      await Promise.race([this.#attempted.promise, aborted])
    } finally {
      if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort)
    }
    this.#throwIfOver(signal)
  }

  #throwIfOver(signal: AbortSignal | undefined): void {
    if (this.#closing !== undefined) throw new ClosedError('the DHT node was closed')
    if (signal?.aborted) throw abortError(signal)
  }
}

async function resolve(host: string, port: number): Promise<string> {
  try {
    return (await resolveName(host, { family: 4 })).address
  } catch (cause) {
    throw new NoAnswerError({ host, port }, { cause })
  }
}

function deferred(): Deferred {
  let settle: Omit<Deferred, 'promise'> = { resolve: () => {}, reject: () => {} }
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject }
  })
  return { promise, resolve: () => settle.resolve(), reject: (error) => settle.reject(error) }
}
