/** The face of a DHT node: promises and async iterators over its engines, their sockets and their way into the network. */

import { lookup as resolveName } from 'node:dns/promises'
import { EventEmitter } from 'node:events'
import {
  AsyncQueue,
  type Endpoint,
  type Family,
  familyOf,
  parseIp,
  type RandomSource,
  systemRandom,
  toHex,
} from '@shoal/base'
import { whenAborted } from './abort.ts'
import type { AnnounceResult, EngineMode, NodeEvent } from './core/engine-event.ts'
import { type NodeId, nodeIdBytes } from './core/id/node-id.ts'
import type { LookupSummary } from './core/lookup/lookup.ts'
import type { Network } from './core/routing/network-policy.ts'
import { NoAnswerError } from './errors.ts'
import { Gate } from './gate.ts'
import {
  forgetItem,
  type GetOptions,
  type GetResult,
  getItem,
  type PutOptions,
  type PutResult,
  planGet,
  planPut,
  putItem,
  type SampleResult,
  type ScrapeResult,
  sampleNode,
  scrapeHash,
} from './items.ts'
import type { Member } from './member.ts'
import { Members } from './members.ts'
import { type DhtPeer, EMPTY_SUMMARY, type Pong } from './operations.ts'
import {
  type AnnounceOptions,
  checkChoices,
  checkOptions,
  type DhtOptions,
  type OperationOptions,
  parseAnnouncedPort,
  parseId,
  parseListenPort,
  parseNode,
} from './options.ts'
import { type DhtStats, statsOf, sumOf } from './stats.ts'

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

export interface Bound {
  readonly address: string
  readonly port: number
}

/** The first address of each family that the node listens on; `places` of `stats()` has all. */
export type Listening = { readonly [family in Family]?: Bound }

export interface DhtEvents {
  /** With `mode: 'auto'`: strangers reach us, or do no more. */
  mode: [mode: EngineMode, family: Family]
  /** Others see us at another address. */
  address: [address: Endpoint, family: Family]
  /** Our id followed our address (BEP 42). */
  nodeId: [nodeId: string, family: Family]
  /** Something that the node can live with, in a sentence. */
  warning: [sentence: string]
}

export class Dht extends EventEmitter<DhtEvents> {
  /** The sockets are bound. Rejects where they cannot be (PortTakenError, BindError). */
  readonly listening: Promise<Listening>
  /** The table holds contacts that answered; at once where `bootstrap` is empty. Pending while nobody answers. */
  readonly ready: Promise<void>
  readonly #random: RandomSource = systemRandom()
  readonly #members: Members
  readonly #gate = new Gate()
  readonly #ignoreSignal: () => void
  #closing: Promise<void> | undefined

  /** Throws a UsageError for wrong options, and a StateFileError for a state file of a later version. */
  constructor(options: DhtOptions = {}) {
    super()
    checkChoices(options)
    const port = parseListenPort(options.port)
    this.#members = new Members({
      options,
      random: this.#random,
      nodeId: options.nodeId === undefined ? undefined : parseId(options.nodeId, 'the node id'),
      bootstrap: options.bootstrap?.map((node) => parseNode(node, 'a bootstrap node')),
      gate: this.#gate,
      onEvent: (family, event) => this.#handleEvent(family, event),
      onWarning: (sentence) => void this.emit('warning', sentence),
    })
    this.ready = this.#gate.ready
    this.listening = this.#open(port)
    // Nobody has to wait for it, so its rejection must not end the process.
    this.listening.catch(() => {})
    this.#ignoreSignal = whenAborted(options.signal, () => void this.close())
    if (options.signal?.aborted) void this.close()
  }

  /** 40 hex digits; of the first place where the node listens. */
  get nodeId(): string {
    return hexOf(this.#members.first.engine.nodeId)
  }

  get network(): Network {
    return this.#members.first.engine.network
  }

  /** Our address as other nodes see it, once enough of them agree; IPv4 before IPv6. */
  get externalAddress(): Endpoint | undefined {
    const { ipv4, ipv6 } = this.externalAddresses
    return ipv4 ?? ipv6
  }

  /** The same of each family. */
  get externalAddresses(): { readonly [family in Family]?: Endpoint } {
    const addresses: { [family in Family]?: Endpoint } = {}
    for (const { family, engine } of this.#members.all) {
      const address = engine.externalAddress
      if (address !== undefined) addresses[family] ??= address
    }
    return addresses
  }

  /** Peers of an info hash (20 bytes or 40 hex digits). Leaving the iteration early stops the lookup. */
  lookup(infoHash: Uint8Array | string, options: OperationOptions = {}): DhtLookup {
    const target = parseId(infoHash, 'an info hash')
    checkOptions(options, 'the options of lookup')
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
    signals: { signal: AbortSignal | undefined; left: AbortSignal },
  ): Promise<LookupSummary> {
    try {
      await this.#gate.whenAttempted(signals.signal)
    } catch (error) {
      if (this.#closing === undefined || signals.signal?.aborted) throw error
      return EMPTY_SUMMARY
    }
    const lookups = this.#members.onePerFamily.map((member) => member.lookup(target, queue, signals))
    const summaries = await Promise.all(lookups)
    return { ...sumOf(summaries), ms: Math.max(...summaries.map(({ ms }) => ms)) }
  }

  /** Tells the closest nodes that we have a peer for an info hash; how many took it, over all addresses of ours. */
  async announce(infoHash: Uint8Array | string, options: AnnounceOptions = {}): Promise<AnnounceResult> {
    const target = parseId(infoHash, 'an info hash')
    checkOptions(options, 'the options of announce')
    parseAnnouncedPort(options, 0)
    await this.#gate.whenAttempted(options.signal)
    const isSeed = options.seed === true
    const { useful } = this.#members
    const families = [...new Set(useful.map(({ family }) => family))]
    const results = await Promise.all(
      families.map(async (family) => {
        const all: AnnounceResult[] = []
        // BEP 45: from one address after the other, so that the same nodes are not asked by all at once.
        for (const member of useful) {
          if (member.family !== family) continue
          const announce = { ...parseAnnouncedPort(options, member.endpoint?.port ?? 0), isSeed }
          all.push(await member.announce(target, announce, options.signal))
        }
        return all
      }),
    )
    return sumOf(results.flat())
  }

  /**
   * Puts an item (BEP 44) at the closest nodes, and again about every hour. Rejects with ValueTooBigError, SaltTooBigError,
   * CasMismatchError, SeqTooOldError or NotStoredError.
   */
  async put(options: PutOptions): Promise<PutResult> {
    checkOptions(options, 'the options of put')
    const plan = planPut(options)
    await this.#gate.whenAttempted(options.signal)
    return putItem(this.#members.seats, plan, (work) => this.#gate.whileOpen(work, options.signal))
  }

  /** Stops putting again what was put under a target; false where nothing was. Nodes drop it within two hours. */
  forget(target: Uint8Array | string): boolean {
    const seats = this.#members.all.map(({ seat }) => seat)
    return forgetItem(seats, parseId(target, 'a target'))
  }

  /** The item under a target (20 bytes or 40 hex digits), verified; of a mutable one the newest. */
  async get(target: Uint8Array | string, options: GetOptions = {}): Promise<GetResult | undefined> {
    checkOptions(options, 'the options of get')
    const plan = planGet(parseId(target, 'a target'), options)
    await this.#gate.whenAttempted(options.signal)
    return getItem(this.#members.seats, plan, options)
  }

  /** About how many seeds and other peers an info hash has (BEP 33). */
  async scrape(infoHash: Uint8Array | string, options: OperationOptions = {}): Promise<ScrapeResult> {
    const target = parseId(infoHash, 'an info hash')
    checkOptions(options, 'the options of scrape')
    await this.#gate.whenAttempted(options.signal)
    return scrapeHash(this.#members.seats, target, options.signal)
  }

  /**
   * Some info hashes that a node stores peers of (BEP 51), and nodes close to the target (a random one without it).
   * Rejects with NoAnswerError, RefusedError (it has no such thing) or BusyError.
   */
  async sample(
    node: Endpoint | string,
    target: Uint8Array | string = this.#random.bytes(20),
    options: OperationOptions = {},
  ): Promise<SampleResult> {
    const id = parseId(target, 'a target')
    checkOptions(options, 'the options of sample')
    const { member, endpoint } = await this.#memberFor(node, options.signal)
    return sampleNode(member.seat, endpoint, { target: id, signal: options.signal })
  }

  /** Asks one node whether it is there. Rejects with NoAnswerError, RefusedError or BusyError where it is not. */
  async ping(node: Endpoint | string, options: OperationOptions = {}): Promise<Pong> {
    checkOptions(options, 'the options of ping')
    const { member, endpoint } = await this.#memberFor(node, options.signal)
    return member.ping(endpoint, options.signal)
  }

  async #memberFor(node: Endpoint | string, signal?: AbortSignal): Promise<{ member: Member; endpoint: Endpoint }> {
    const { host, port } = parseNode(node, 'a node')
    await this.#gate.whileOpen(this.listening, signal)
    const address = parseIp(host) === undefined ? await this.#gate.whileOpen(this.#resolve(host, port), signal) : host
    this.#gate.throwIfOver(signal)
    const member = this.#members.of(familyOf(address))
    if (member === undefined) throw new NoAnswerError({ host, port })
    return { member, endpoint: { host: address, port } }
  }

  /** Makes a node a contact, if it answers and there is room; says nothing where it does not. */
  addNode(node: Endpoint | string): void {
    this.ping(parseNode(node, 'a node')).catch(() => {
      // A node that is not there is no contact; the caller who wants to know pings it.
    })
  }

  contacts(): DhtContact[] {
    return this.#members.all.flatMap(({ family, engine }) =>
      Array.from(engine.contacts(), ({ id, address: { host, port } }) => ({ id: hexOf(id), host, port, family })),
    )
  }

  stats(): DhtStats {
    const { all, stateFileErrors } = this.#members
    return statsOf(all, { externalAddress: this.externalAddress, stateFileErrors })
  }

  /** Ends everything that is under way and frees the port; nothing of it keeps the process alive then. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#ignoreSignal()
    this.#gate.close()
    this.#members.stop()
    await this.#members.closeSockets()
    // A bind that was under way finds the node closed, and lets go by itself.
    await this.listening.catch(() => {})
    await this.#members.closeSockets()
  }

  async #open(port: number): Promise<Listening> {
    try {
      await this.#members.open(port)
      const listening: { [family in Family]?: Bound } = {}
      for (const { family, endpoint } of this.#members.all) {
        if (endpoint !== undefined) listening[family] ??= { address: endpoint.host, port: endpoint.port }
      }
      return listening
    } catch (error) {
      this.#gate.fail(error)
      throw error
    }
  }

  #handleEvent(family: Family, event: Extract<NodeEvent, { kind: 'address' | 'id' | 'mode' }>): void {
    switch (event.kind) {
      case 'address':
        this.emit('address', event.address, family)
        break
      case 'id':
        this.emit('nodeId', hexOf(event.nodeId), family)
        break
      case 'mode':
        this.emit('mode', event.mode, family)
    }
  }

  async #resolve(host: string, port: number): Promise<string> {
    const families = this.#members.all.map(({ family }) => family)
    try {
      const found = await resolveName(host, { all: true })
      const address = families.map((family) => found.find((one) => familyOf(one.address) === family)).find(Boolean)
      if (address !== undefined) return address.address
    } catch (cause) {
      throw new NoAnswerError({ host, port }, { cause })
    }
    throw new NoAnswerError({ host, port })
  }
}

function hexOf(id: NodeId): string {
  return toHex(nodeIdBytes(id))
}
