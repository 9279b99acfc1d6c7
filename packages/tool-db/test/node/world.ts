/**
 * A small world of database nodes: machines joined by channels in memory, with a virtual clock, a store of rows each, and
 * signatures that are quick and repeatable. One seed gives one run.
 */

import { createHash } from 'node:crypto'
import { DeadlineQueue, type Endpoint, formatEndpoint, type Millis, seededRandom, toHex } from '@shoal/base'
import { type DialOutcome, endpointDigest, type SignedEndpoint } from '@shoal/peer'
import type { Command, CommandResult } from '../../src/core/node/commands.ts'
import type { NodeConfig } from '../../src/core/node/config.ts'
import type { AskedEffect, Effect, HeldRow } from '../../src/core/node/effects.ts'
import type { NodeEvent } from '../../src/core/node/events.ts'
import { DEFAULT_LIMITS, type NodeLimits } from '../../src/core/node/limits.ts'
import { DatabaseNode } from '../../src/core/node/node.ts'
import { FROZEN_DEFAULTS } from '../../src/core/records/frozen.ts'
import type { WireRecord } from '../../src/core/records/record.ts'
import { RecordDraft, signedRecord, writtenValue } from '../../src/core/records/write.ts'
import { prefixRange } from '../../src/store/key-order.ts'

export const TOPIC = 'world'
export const START: Millis = 1_800_000_000_000
/** One way over any channel. */
const LATENCY: Millis = 5

export const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())

/** A key of the test's own kind: whoever knows the name can sign. */
export class TestKey {
  readonly address: string

  constructor(name: string) {
    this.address = createHash('sha512').update(name).digest('base64url')
  }

  sign(text: string): string {
    return signatureOf(this.address, text)
  }

  /** A plain record, as tool-db writes it. */
  plain(key: string, value: unknown, options: { time: Millis; nonce?: number; type?: string | null }): WireRecord {
    const { time, nonce = 0, type = null } = options
    const h = createHash('sha256')
      .update(`${JSON.stringify(value)}${this.address}${time}${nonce}`)
      .digest('hex')
    return { k: key, a: this.address, n: nonce, h, t: time, s: this.sign(h), v: value, c: type }
  }

  /** A bound record, as we write it. */
  bound(key: string, value: unknown, options: { time: Millis; topic?: string; type?: string | null }): WireRecord {
    const { time, topic = TOPIC, type = null } = options
    const draft = new RecordDraft(
      { key, address: this.address, time, value: writtenValue(value), type, topicPublicId: topic, pow: null },
      sha256,
    )
    const unsigned = draft.step(1)
    if (unsigned === undefined) throw new Error('there is no work to do')
    return signedRecord(unsigned, this.sign(unsigned.h))
  }

  endpoint(place: Endpoint, time: Millis, topic: string = TOPIC): SignedEndpoint {
    const unsigned = { topic, timestamp: time, ...place }
    return { ...unsigned, address: this.address, sig: this.sign(endpointDigest(unsigned, sha256)) }
  }
}

export function signatureOf(address: string, text: string): string {
  return createHash('sha256').update(`signed ${address} ${text}`).digest('hex')
}

export interface NodeOptions {
  readonly host?: string
  readonly port?: number
  readonly key?: string
  readonly instance?: string
  readonly limits?: Partial<NodeLimits>
  readonly config?: Partial<NodeConfig>
  /** What it calls its own besides its host. */
  readonly hosts?: readonly string[]
}

interface Link {
  readonly ends: [End, End]
  isOpen: boolean
}

interface End {
  readonly node: WorldNode | RawPeer
  readonly channel: number
}

export class World {
  now: Millis = START
  /** Names and other addresses of nodes, besides their own. */
  readonly places = new Map<string, WorldNode>()
  /** Hosts that neither take a dial nor refuse it. */
  readonly silent = new Set<string>()
  /** Every frame between nodes, for tests that look at the wire. */
  readonly wire: { from: string; to: string; at: Millis; text: string }[] = []
  readonly #queue = new DeadlineQueue<() => void>()
  readonly #links = new Map<string, Link>()
  readonly #nodes: WorldNode[] = []
  readonly #seed: number
  #nextHost = 1
  #nextChannel = 1

  constructor(seed = 1) {
    this.#seed = seed
  }

  server(options: NodeOptions = {}): WorldNode {
    return this.#add(options, true)
  }

  client(options: NodeOptions = {}): WorldNode {
    return this.#add(options, false)
  }

  /** Somebody who speaks for himself: a channel into a node, frame by frame. */
  raw(to: WorldNode, options: { host?: string } = {}): RawPeer {
    const raw = new RawPeer(this, options.host ?? this.#freshHost())
    this.open(raw, to, undefined)
    return raw
  }

  at(delay: Millis, run: () => void): void {
    this.#queue.add(this.now + delay, run)
  }

  /** Lets so much time pass. */
  run(time: Millis): void {
    const end = this.now + time
    for (;;) {
      const timers = this.#nodes.map((node) => node.machine.pollTimeout() ?? Number.POSITIVE_INFINITY)
      const next = Math.min(this.#queue.nextAt() ?? Number.POSITIVE_INFINITY, ...timers)
      if (next > end) break
      this.now = Math.max(this.now, next)
      for (let job = this.#queue.takeDue(this.now); job; job = this.#queue.takeDue(this.now)) job()
      for (const node of this.#nodes) {
        if ((node.machine.pollTimeout() ?? Number.POSITIVE_INFINITY) <= this.now) {
          node.machine.handleTimeout(this.now)
          node.drain()
        }
      }
    }
    this.now = end
  }

  /** `dial` is the effect of the dialling node. */
  open(from: WorldNode | RawPeer, to: WorldNode, dial: number | undefined): void {
    const a: End = { node: from, channel: this.#nextChannel++ }
    const b: End = { node: to, channel: this.#nextChannel++ }
    const link: Link = { ends: [a, b], isOpen: true }
    this.#links.set(linkName(a), link)
    this.#links.set(linkName(b), link)
    to.machine.handleOpened(this.now, {
      channel: b.channel,
      remote: { host: from.host, port: 40_000 + b.channel },
      direction: 'inbound',
    })
    to.drain()
    if (from instanceof RawPeer) from.channel = a.channel
    else if (dial !== undefined) {
      const remote = { host: to.host, port: to.port }
      from.machine.handleOpened(this.now, { channel: a.channel, remote, direction: 'outbound', dial })
      from.drain()
    }
  }

  send(from: WorldNode | RawPeer, channel: number, frame: string | Uint8Array): void {
    const found = this.#linkOf(from, channel)
    if (found === undefined) return
    const { other, link } = found
    if (typeof frame === 'string') {
      this.wire.push({ from: from.host, to: other.node.host, at: this.now, text: frame })
    }
    this.at(LATENCY, () => {
      if (link.isOpen) other.node.deliver(other.channel, frame)
    })
  }

  close(from: WorldNode | RawPeer, channel: number, reason: string): void {
    const found = this.#linkOf(from, channel)
    if (found === undefined) return
    const { other, link } = found
    this.#links.delete(`${from.id} ${channel}`)
    // What was sent before the end arrives before it.
    this.at(LATENCY, () => {
      if (!link.isOpen) return
      link.isOpen = false
      other.node.handleClosed(other.channel, reason)
    })
  }

  /** The machine stops, as at kill -9: everybody sees its connections end. */
  kill(node: WorldNode): void {
    node.isDown = true
    for (const [name, place] of this.places) if (place === node) this.places.delete(name)
    for (const link of new Set(this.#links.values())) {
      const [a, b] = link.ends
      if (!link.isOpen || (a.node !== node && b.node !== node)) continue
      link.isOpen = false
      const other = a.node === node ? b : a
      this.at(LATENCY, () => other.node.handleClosed(other.channel, 'gone'))
    }
    this.#nodes.splice(this.#nodes.indexOf(node), 1)
  }

  /** Every connection between the two breaks, and both see it. */
  cut(a: WorldNode, b: WorldNode): void {
    for (const link of new Set(this.#links.values())) {
      const nodes = link.ends.map(({ node }) => node)
      if (!link.isOpen || !nodes.includes(a) || !nodes.includes(b)) continue
      link.isOpen = false
      for (const { node, channel } of link.ends) this.at(LATENCY, () => node.handleClosed(channel, 'cut'))
    }
  }

  #linkOf(from: WorldNode | RawPeer, channel: number): { other: End; link: Link } | undefined {
    const link = this.#links.get(`${from.id} ${channel}`)
    if (link?.isOpen !== true) return undefined
    const [a, b] = link.ends
    return { other: a.node === from && a.channel === channel ? b : a, link }
  }

  #add(options: NodeOptions, isServer: boolean): WorldNode {
    const host = options.host ?? this.#freshHost()
    const node = new WorldNode(this, { ...options, host }, { isServer, seed: this.#seed * 1_000 + this.#nextHost })
    this.#nextHost++
    this.#nodes.push(node)
    if (isServer) this.places.set(formatEndpoint(node), node)
    if (isServer) node.input((machine) => machine.handleOwnEndpoint(this.now, { host, port: node.port }))
    return node
  }

  /** In different prefixes of the public internet. */
  #freshHost(): string {
    return `45.${10 + (this.#nextHost++ % 200)}.7.${1 + Math.floor(this.#nextHost / 200)}`
  }
}

let nextId = 1

export class WorldNode {
  readonly id = nextId++
  readonly host: string
  readonly port: number
  readonly key: TestKey
  readonly user: TestKey
  readonly machine: DatabaseNode
  readonly rows = new Map<string, HeldRow>()
  readonly events: NodeEvent[] = []
  readonly reports: { endpoint: Endpoint; outcome: DialOutcome }[] = []
  readonly functions = new Map<string, (args: unknown) => unknown>()
  verifier: ((record: WireRecord, previous: WireRecord | undefined) => boolean) | undefined
  /** How long each effect of the store takes. */
  storeDelay: Millis = 0
  /** How long each custom verification takes. */
  verifyDelay: Millis = 0
  failCommits = false
  isDown = false
  readonly #world: World
  readonly #hosts: readonly string[]
  #nextRequest = 1

  constructor(world: World, options: NodeOptions & { host: string }, init: { isServer: boolean; seed: number }) {
    this.#world = world
    this.host = options.host
    this.port = options.port ?? 9_000
    this.key = new TestKey(options.key ?? `peer ${init.seed}`)
    this.user = new TestKey(`user ${init.seed}`)
    this.#hosts = [options.host, ...(options.hosts ?? [])]
    const random = seededRandom(init.seed)
    this.machine = new DatabaseNode(
      {
        peerAddress: this.key.address,
        instance: options.instance ?? toHex(random.bytes(16)),
        topicPublicId: TOPIC,
        acceptTopics: [],
        isServer: init.isServer,
        plainPeers: 'accept',
        records: 'compatible',
        pow: 0,
        wait: 2_000,
        maxRetries: 5,
        triggerDebounce: 100,
        frozen: FROZEN_DEFAULTS,
        isAddress: (text) => text.length === 86,
        ...options.config,
      },
      { random, sha256, limits: { ...DEFAULT_LIMITS, ...options.limits } },
    )
  }

  get peerId(): string {
    return this.key.address
  }

  input(handle: (machine: DatabaseNode) => void): void {
    handle(this.machine)
    this.drain()
  }

  /** Gives the result once time has passed. */
  command(command: Command): { result: CommandResult | undefined } {
    const request = this.#nextRequest++
    this.input((machine) => machine.handleCommand(this.#world.now, request, command))
    const { events } = this
    return {
      get result(): CommandResult | undefined {
        const event = events.find((each) => each.kind === 'result' && each.request === request)
        return event?.kind === 'result' ? event.result : undefined
      },
    }
  }

  put(
    key: string,
    value: unknown,
    options: { confirm?: number | 'all'; timeout?: Millis } = {},
  ): {
    result: CommandResult | undefined
  } {
    const author = { signer: 'user', address: this.user.address }
    const { confirm = 0, timeout = 5_000 } = options
    return this.command({ kind: 'put', key, value: writtenValue(value), author, confirm, timeout })
  }

  get(key: string, timeout: Millis = 1_000): { result: CommandResult | undefined } {
    return this.command({ kind: 'get', key, timeout })
  }

  connect(to: WorldNode | Endpoint): void {
    const { host, port } = to
    this.input((machine) => machine.handleCandidate(this.#world.now, { host, port }, 'given'))
  }

  /** The value of a key in the store. */
  held(key: string): unknown {
    const row = this.rows.get(key)
    return row === undefined ? undefined : (JSON.parse(row.value) as WireRecord).v
  }

  /** Who is connected, by peer id. */
  get peers(): readonly string[] {
    return this.machine
      .peers()
      .map(({ peerId }) => peerId)
      .sort()
  }

  eventsOf<K extends NodeEvent['kind']>(kind: K): (NodeEvent & { kind: K })[] {
    return this.events.filter((event): event is NodeEvent & { kind: K } => event.kind === kind)
  }

  deliver(channel: number, frame: string | Uint8Array): void {
    if (!this.isDown) this.input((machine) => machine.handleMessage(this.#world.now, channel, frame))
  }

  handleClosed(channel: number, reason: string): void {
    if (!this.isDown) this.input((machine) => machine.handleClosed(this.#world.now, channel, reason))
  }

  drain(): void {
    if (this.isDown) return
    for (;;) {
      const effects = this.machine.takeEffects()
      const events = this.machine.takeEvents()
      if (effects.length === 0 && events.length === 0) return
      this.events.push(...events)
      for (const effect of effects) this.#carryOut(effect)
    }
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'send':
        this.#world.send(this, effect.channel, effect.text)
        return
      case 'close':
        this.#world.close(this, effect.channel, effect.reason)
        return
      case 'cancel-dial':
        return
      case 'report':
        this.reports.push({ endpoint: effect.endpoint, outcome: effect.outcome })
        return
      case 'dial':
        this.#dial(effect)
        return
      default:
        this.#world.at(this.#delayOf(effect), () => {
          if (this.isDown) return
          const { id } = effect
          try {
            const value = this.#resultOf(effect)
            this.input((machine) => machine.handleResult(this.#world.now, id, { ok: true, value }))
          } catch (error) {
            this.input((machine) => machine.handleResult(this.#world.now, id, { ok: false, error }))
          }
        })
    }
  }

  #dial(effect: AskedEffect & { kind: 'dial' }): void {
    if (this.#world.silent.has(effect.endpoint.host)) return
    this.#world.at(LATENCY, () => {
      if (this.isDown) return
      const to = this.#world.places.get(formatEndpoint(effect.endpoint))
      if (to !== undefined) {
        this.#world.open(this, to, effect.id)
        return
      }
      const error = new Error('nobody listens there')
      this.input((machine) => machine.handleResult(this.#world.now, effect.id, { ok: false, error }))
    })
  }

  #delayOf(effect: Effect): Millis {
    if (effect.kind === 'custom-verify') return this.verifyDelay
    return effect.kind === 'load' || effect.kind === 'commit' ? this.storeDelay : 0
  }

  #resultOf(effect: Exclude<AskedEffect, { kind: 'dial' }>): unknown {
    switch (effect.kind) {
      case 'load':
        return effect.keys.map((key) => this.rows.get(key))
      case 'scan':
        return this.#scan(effect)
      case 'commit':
        return this.#commit(effect)
      case 'verify':
        return effect.signature === signatureOf(effect.address, effect.text)
      case 'sign':
        return (effect.signer === 'peer' ? this.key : this.user).sign(effect.text)
      case 'pause':
        return undefined
      case 'custom-verify':
        return this.verifier?.(effect.record, effect.previous) ?? true
      case 'call-function': {
        const run = this.functions.get(effect.name)
        if (run === undefined) throw new Error('no such function')
        return run(effect.args)
      }
      case 'own-endpoint':
        return this.#hosts.includes(effect.endpoint.host) && effect.endpoint.port === this.port
    }
  }

  #scan(effect: AskedEffect & { kind: 'scan' }): { keys: readonly string[]; more: boolean } {
    const { from, to } = prefixRange(effect.prefix)
    const after = effect.after ?? ''
    const keys = [...this.rows.keys()]
      .filter((key) => key >= from && (to === undefined || key < to) && key > after)
      .sort()
    return { keys: keys.slice(0, effect.limit), more: keys.length > effect.limit }
  }

  #commit(effect: AskedEffect & { kind: 'commit' }): boolean {
    if (this.failCommits) throw new Error('the disk is full')
    for (const [key, version] of effect.expect) {
      if ((this.rows.get(key)?.version ?? '') !== version) return false
    }
    for (const { key, value } of effect.writes) {
      if (value === undefined) this.rows.delete(key)
      else this.rows.set(key, { value, version: `v${value}` })
    }
    return true
  }
}

/** A stranger: what it sends is up to the test, what it gets is kept. */
export class RawPeer {
  readonly id = nextId++
  readonly host: string
  readonly key: TestKey
  channel = 0
  isClosed = false
  closeReason = ''
  readonly frames: string[] = []
  readonly #world: World
  #nextMessage = 1

  constructor(world: World, host: string) {
    this.#world = world
    this.host = host
    this.key = new TestKey(`raw ${host}`)
  }

  get port(): number {
    return 1
  }

  get messages(): { type: string; id: string; [field: string]: unknown }[] {
    return this.frames.map((frame) => JSON.parse(frame) as { type: string; id: string })
  }

  ofType(type: string): { type: string; id: string; [field: string]: unknown }[] {
    return this.messages.filter((message) => message.type === type)
  }

  send(message: object | string | Uint8Array): void {
    const frame = typeof message === 'string' || message instanceof Uint8Array ? message : JSON.stringify(message)
    this.#world.send(this, this.channel, frame)
  }

  freshId(): string {
    return `raw${this.id}-${this.#nextMessage++}`
  }

  /** The ping of a plain tool-db client or server. */
  ping(
    options: { isServer?: boolean; key?: TestKey; place?: Endpoint; shoal?: object; clientId?: string } = {},
  ): object {
    const { isServer = false, key = this.key, place = { host: this.host, port: 8080 }, shoal } = options
    const clientId = options.clientId ?? key.address.slice(-20)
    const peer = key.endpoint(place, this.#world.now)
    const id = this.freshId()
    return { type: 'ping', id, clientId, to: [clientId], isServer, peer, ...(shoal !== undefined && { shoal }) }
  }

  /** Connects as a plain peer. */
  greet(options: Parameters<RawPeer['ping']>[0] = {}): this {
    this.send(this.ping(options))
    this.#world.run(50)
    return this
  }

  put(record: WireRecord | object, id: string = this.freshId()): string {
    this.send({ type: 'put', id, to: [], data: record })
    return id
  }

  deliver(_channel: number, frame: string | Uint8Array): void {
    this.frames.push(typeof frame === 'string' ? frame : new TextDecoder().decode(frame))
  }

  handleClosed(_channel: number, reason: string): void {
    this.isClosed = true
    this.closeReason = reason
  }
}

function linkName(end: End): string {
  return `${end.node.id} ${end.channel}`
}
