/**
 * A world of database nodes: machines with a disk each, joined by connections over the simulated network. It answers the effects of the
 * nodes in virtual time and tells who watches what goes in and out.
 */

import { assert, formatEndpoint, type Millis, toHex, utf8 } from '@shoal/base'
import {
  type AskedEffect,
  type Command,
  type Effect,
  type EffectResult,
  FROZEN_DEFAULTS,
  type NodeConfig,
  type NodeEvent,
  type RowWrite,
} from '@shoal/tool-db/core'
import { type Frame, type Opened, Streams } from '../network/streams.ts'
import { digestOf, EventHash } from '../world/event-hash.ts'
import type { Host } from '../world/host.ts'
import type { Environment, Program } from '../world/machine.ts'
import { World, type WorldInit } from '../world/world.ts'
import { DatabaseHost, type DatabaseHostInit, type DiskFate } from './database-host.ts'
import { DatabaseMachine, type DatabaseOutput } from './database-machine.ts'
import type { Disk } from './disk.ts'
import { isSimAddress, verifySignature } from './key.ts'
import { SealedChannels } from './sealed-channels.ts'

/** Told of everything, and unable to change it. */
export interface DatabaseObserver {
  /** What the node says; nothing has happened to it yet. */
  handleSent?(host: DatabaseHost, channel: number, text: string): void
  /** Is handed to the node next. */
  handleReceived?(host: DatabaseHost, channel: number, text: string): void
  /** Is to be written, and may be from now on. */
  handleCommitting?(host: DatabaseHost, writes: readonly RowWrite[]): void
  handleCommitted?(host: DatabaseHost, writes: readonly RowWrite[]): void
  handleEvent?(host: DatabaseHost, event: NodeEvent): void
  /** The program has ended; what is on the disk is what a next start finds. */
  handleStopped?(host: DatabaseHost, how: StopKind): void
}

/** A dial is answered by the network. */
type AnsweredEffect = Exclude<AskedEffect, { kind: 'dial' }>

export type StopKind = 'process' | 'power'

/** Wall time at the world's beginning. */
export const EPOCH: Millis = 1_800_000_000_000
export const TOPIC = 'simulated'
const PORT = 9_000

export interface HostPlace {
  /** How far its clock is off. */
  readonly skew: Millis
}

export class DatabaseWorld {
  readonly world: World
  readonly hosts: DatabaseHost[] = []
  readonly #streams: Streams
  readonly #sealed: SealedChannels
  readonly #isEncrypted: boolean
  readonly #byHost = new Map<Host, DatabaseHost>()
  readonly #observers: DatabaseObserver[] = []
  /** What came for a host that is frozen. BOUNDED: by how long it is. */
  readonly #waiting = new Map<DatabaseHost, (() => void)[]>()
  readonly #hash = new EventHash()
  #nextRequest = 1

  /** `isEncrypted`: whoever meets another shoal peer encrypts the connection. */
  constructor({ isEncrypted = false, ...init }: WorldInit & { readonly isEncrypted?: boolean }) {
    this.#isEncrypted = isEncrypted
    this.world = new World(init)
    this.#streams = new Streams(this.world, {
      handleOpened: (host, opened) => this.#handleOpened(this.#of(host), opened),
      handleDialFailed: (host, dial) => {
        const error = new Error('nobody listens there')
        this.input(this.#of(host), (machine, now) => machine.node.handleResult(now, dial, { ok: false, error }))
      },
      handleFrame: (host, channel, frame) => this.#handleFrame(this.#of(host), channel, frame),
      handleClosed: (host, channel, reason) => {
        this.#sealed.handleClosed(channel)
        this.input(this.#of(host), (machine, now) => machine.node.handleClosed(now, channel, reason))
      },
    })
    this.#sealed = new SealedChannels(this.#streams)
  }

  get now(): Millis {
    return this.world.now
  }

  /** Of every frame that a node was handed and every step of the world. */
  get hash(): string {
    return `${this.world.hash}-${this.#hash.digest}`
  }

  observe(observer: DatabaseObserver): void {
    this.#observers.push(observer)
  }

  add(init: DatabaseHostInit, { skew }: HostPlace): DatabaseHost {
    const database = new DatabaseHost(init)
    const program: Program<DatabaseMachine> = {
      create: (environment) => new DatabaseMachine(environment, this.#configOf(database, environment)),
      handleStart: (machine, now) => this.#handleStart(database, machine, now),
      handleEvent: (machine, _now, output) => this.#carryOut(database, machine, output),
    }
    database.host = this.world.addHost({
      program,
      name: init.name,
      region: 'europe',
      port: PORT,
      clockOffset: EPOCH + skew,
    })
    this.hosts.push(database)
    this.#byHost.set(database.host, database)
    return database
  }

  start(database: DatabaseHost): void {
    this.#streams.handleStart(database.host)
    this.world.start(database.host)
  }

  stop(database: DatabaseHost, how: StopKind): void {
    if (!database.isUp) return
    this.world.stop(database.host, 'crash')
    this.#waiting.delete(database)
    database.disk.crash(this.now, how, this.world.random(`crash ${database.name} ${database.host.starts}`))
    if (how === 'power' && database.disk.durability === 'memory') database.sessions++
    if (!database.hasDisk) this.#replaceDisk(database, 'lost', undefined)
    this.#streams.handleStop(database.host, how)
    for (const observer of this.#observers) observer.handleStopped?.(database, how)
  }

  #replaceDisk(database: DatabaseHost, fate: DiskFate, backup: ReturnType<Disk['copy']> | undefined): void {
    if (fate === 'lost') database.loseDisk()
    if (fate === 'old') database.restoreDisk(backup ?? new Map())
  }

  /** Only while it is down. */
  replaceDisk(database: DatabaseHost, fate: DiskFate, backup?: ReturnType<Disk['copy']>): void {
    assert(!database.isUp, 'a disk is replaced while its machine is off')
    this.#replaceDisk(database, fate, backup)
  }

  freeze(database: DatabaseHost): void {
    this.world.freeze(database.host)
  }

  thaw(database: DatabaseHost): void {
    this.world.thaw(database.host)
    const waiting = this.#waiting.get(database) ?? []
    this.#waiting.delete(database)
    for (const run of waiting) run()
  }

  cut(a: DatabaseHost, b: DatabaseHost): void {
    this.#streams.cut(a.host, b.host)
  }

  /** As the owner of a hostile program can. */
  sendRaw(channel: number, text: string): void {
    this.#sealed.send(channel, text)
  }

  /** Gives the request under which the result comes as an event. */
  command(database: DatabaseHost, command: Command): number {
    const request = this.#nextRequest++
    this.input(database, (machine, now) => machine.node.handleCommand(now, request, command))
    return request
  }

  /** To the program that runs there now: at once, or when it is thawed. */
  input(database: DatabaseHost, handle: (machine: DatabaseMachine, now: Millis) => void): void {
    const { host } = database
    if (host.state === 'running') {
      this.world.run(host, handle)
      return
    }
    if (host.state !== 'frozen') return
    const waiting = this.#waiting.get(database) ?? []
    waiting.push(() => this.world.run(host, handle))
    this.#waiting.set(database, waiting)
  }

  #of(host: Host): DatabaseHost {
    return this.#byHost.get(host) as DatabaseHost
  }

  #configOf(database: DatabaseHost, { random }: Environment): NodeConfig {
    return {
      peerAddress: database.key.address,
      instance: toHex(random.bytes(16)),
      topicPublicId: TOPIC,
      membership: { kind: 'open' },
      acceptTopics: [],
      isServer: database.isServer,
      encryption: this.#isEncrypted ? 'prefer' : 'off',
      plainPeers: 'accept',
      records: 'compatible',
      pow: null,
      wait: 2_000,
      maxRetries: 5,
      triggerDebounce: 100,
      frozen: FROZEN_DEFAULTS,
      isAddress: isSimAddress,
    }
  }

  #handleStart(database: DatabaseHost, { node }: DatabaseMachine, now: Millis): void {
    node.start(now)
    if (database.isServer) node.handleOwnEndpoint(now, database.host.endpoint)
    for (const other of this.hosts) {
      if (other !== database && other.isServer) node.handleCandidate(now, other.host.endpoint, 'given')
    }
    node.addListener('')
  }

  #handleOpened(database: DatabaseHost, { channel, remote, dial }: Opened): void {
    this.input(database, ({ node }, now) => {
      if (dial === undefined) node.handleOpened(now, { channel, remote, direction: 'inbound' })
      else node.handleOpened(now, { channel, remote, direction: 'outbound', dial })
    })
  }

  #handleFrame(database: DatabaseHost, channel: number, frame: Frame): void {
    if (typeof frame === 'string') {
      const { back, onward } = this.#tampered(database, channel, frame)
      for (const text of back) this.#sealed.send(channel, text)
      for (const text of onward)
        this.input(database, (machine, now) => this.#hand(database, channel, { machine, text, now }))
      return
    }
    // Who is frozen has not yet been handed what makes the keys.
    this.input(database, (machine, now) => {
      const texts = this.#sealed.open(channel, frame)
      if (texts === undefined) machine.node.handleBroken(now, channel)
      for (const text of texts ?? []) {
        const { back, onward } = this.#tampered(database, channel, text)
        for (const each of back) this.#sealed.send(channel, each)
        for (const each of onward) this.#hand(database, channel, { machine, text: each, now })
      }
    })
  }

  #tampered(
    database: DatabaseHost,
    channel: number,
    text: string,
  ): { readonly back: readonly string[]; readonly onward: readonly string[] } {
    return database.mischief?.handleIncoming(channel, text) ?? { back: [], onward: [text] }
  }

  #hand(
    database: DatabaseHost,
    channel: number,
    { machine, text, now }: { readonly machine: DatabaseMachine; readonly text: string; readonly now: Millis },
  ): void {
    this.#hash.add(this.now, digestOf(utf8(text)), channel)
    for (const observer of this.#observers) observer.handleReceived?.(database, channel, text)
    machine.node.handleMessage(now, channel, text)
  }

  #carryOut(database: DatabaseHost, machine: DatabaseMachine, output: DatabaseOutput): void {
    if (output.kind === 'event') {
      for (const observer of this.#observers) observer.handleEvent?.(database, output.event)
      return
    }
    const { effect } = output
    switch (effect.kind) {
      case 'send':
        this.#send(database, effect)
        return
      case 'secure':
        this.#sealed.handleSecure(effect)
        return
      case 'close':
        this.#sealed.handleClosed(effect.channel)
        this.#streams.close(effect.channel, effect.reason)
        return
      case 'dial':
        this.#streams.dial(database.host, effect.endpoint, effect.id)
        return
      case 'batch':
      case 'report':
      case 'roster':
      case 'announce':
      case 'cancel-dial':
        return
      default:
        this.#answer(database, machine, effect)
    }
  }

  #send(database: DatabaseHost, { channel, text }: Effect & { kind: 'send' }): void {
    for (const observer of this.#observers) observer.handleSent?.(database, channel, text)
    const tampered = database.mischief?.handleOutgoing(channel, text)
    for (const each of tampered?.onward ?? [text]) this.#sealed.send(channel, each)
  }

  #answer(database: DatabaseHost, machine: DatabaseMachine, effect: AnsweredEffect): void {
    const { id } = effect
    if (effect.kind === 'commit') {
      database.disk.begin(effect)
      for (const observer of this.#observers) observer.handleCommitting?.(database, effect.writes)
    }
    const delay = effect.kind === 'commit' ? database.writeDelay : 0
    this.world.at(this.now + delay, () => {
      if (database.host.machine !== machine) return
      this.input(database, ({ node }, now) => node.handleResult(now, id, this.#resultOf(database, effect)))
    })
  }

  #resultOf(database: DatabaseHost, effect: AnsweredEffect): EffectResult<unknown> {
    if (effect.kind !== 'commit') return { ok: true, value: this.#valueOf(database, effect) }
    let isDone: boolean
    try {
      isDone = database.disk.complete(this.now, effect)
    } catch (error) {
      return { ok: false, error }
    }
    // Whoever watches may break the run off: that is no failure of the disk.
    if (isDone) for (const observer of this.#observers) observer.handleCommitted?.(database, effect.writes)
    return { ok: true, value: isDone }
  }

  #valueOf(database: DatabaseHost, effect: Exclude<AnsweredEffect, { kind: 'commit' }>): unknown {
    const { disk } = database
    switch (effect.kind) {
      case 'load':
        return effect.keys.map((key) => disk.get(key))
      case 'scan':
        return disk.scan(effect.prefix, effect)
      case 'verify':
        return verifySignature(effect.text, effect.address, effect.signature)
      case 'verify-all':
        return effect.signed.map(({ text, address, signature }) => verifySignature(text, address, signature))
      case 'sign':
        return (effect.signer === 'peer' ? database.key : database.user).sign(effect.text)
      case 'pause':
        return undefined
      case 'custom-verify':
        return true
      case 'call-function':
        return undefined
      case 'own-endpoint':
        return formatEndpoint(effect.endpoint) === formatEndpoint(database.host.endpoint)
    }
  }
}
