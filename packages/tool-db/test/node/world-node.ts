/** One machine of the world: the node, its store and its keys, and what it told. */

import { type Endpoint, HOUR, type Millis, seededRandom, toHex } from '@shoal/base'
import { type DialOutcome, frameMessage, NoiseFrames, nobleEngine, nobleVerifyEd25519 } from '@shoal/peer'
import type { Command, CommandResult } from '../../src/core/node/commands.ts'
import type { NodeConfig } from '../../src/core/node/config.ts'
import type { AskedEffect, Effect, HeldRow, SwarmEffect } from '../../src/core/node/effects.ts'
import type { NodeEvent } from '../../src/core/node/events.ts'
import { DEFAULT_LIMITS, type NodeLimits } from '../../src/core/node/limits.ts'
import { DatabaseNode } from '../../src/core/node/node.ts'
import type { SyncInit } from '../../src/core/node/sync/item-index.ts'
import { FROZEN_DEFAULTS } from '../../src/core/records/frozen.ts'
import type { WireRecord } from '../../src/core/records/record.ts'
import { writtenValue } from '../../src/core/records/write.ts'
import type { Channel } from '../../src/network/channel.ts'
import { joinedChannel } from '../../src/network/joined-channel.ts'
import { nextEndId } from './end-id.ts'
import { sha256, signatureOf, TestKey, TOPIC } from './test-key.ts'
import { TestStore } from './test-store.ts'
import type { World } from './world.ts'

export interface NodeOptions {
  readonly host?: string
  readonly port?: number
  readonly key?: string
  readonly instance?: string
  readonly limits?: Partial<NodeLimits>
  readonly config?: Partial<NodeConfig>
  /** What a server takes part in catching up with. */
  readonly sync?: Partial<SyncInit>
  /** The rows of one that was there before. */
  readonly store?: TestStore
  /** What it calls its own besides its host. */
  readonly hosts?: readonly string[]
}

export class WorldNode {
  readonly id = nextEndId()
  readonly host: string
  readonly port: number
  readonly key: TestKey
  readonly user: TestKey
  readonly machine: DatabaseNode
  readonly store: TestStore
  readonly events: NodeEvent[] = []
  readonly reports: { endpoint: Endpoint; outcome: DialOutcome }[] = []
  /** What discovery is told besides. */
  readonly told: SwarmEffect[] = []
  readonly functions = new Map<string, (args: unknown) => unknown>()
  verifier: ((record: WireRecord, previous: WireRecord | undefined) => boolean) | undefined
  /** How long each effect of the store takes. */
  storeDelay: Millis = 0
  /** How long each custom verification takes. */
  verifyDelay: Millis = 0
  isDown = false
  readonly #world: World
  readonly #hosts: readonly string[]
  /** Channels that are encrypted by now. */
  readonly #frames = new Map<number, NoiseFrames>()
  /** Channels on which messages share frames. */
  readonly #joining = new Map<number, Channel>()
  #turnEnds: (() => void)[] = []
  #nextRequest = 1

  constructor(world: World, options: NodeOptions & { host: string }, init: { isServer: boolean; seed: number }) {
    this.#world = world
    this.host = options.host
    this.port = options.port ?? 9_000
    this.key = new TestKey(options.key ?? `peer ${init.seed}`)
    this.user = new TestKey(`user ${init.seed}`)
    this.store = options.store ?? new TestStore()
    this.#hosts = [options.host, ...(options.hosts ?? [])]
    const random = seededRandom(init.seed)
    this.machine = new DatabaseNode(
      {
        peerAddress: this.key.address,
        instance: options.instance ?? toHex(random.bytes(16)),
        topicPublicId: TOPIC,
        membership: { kind: 'open' },
        acceptTopics: [],
        isServer: init.isServer,
        encryption: 'off',
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
      {
        random,
        sha256,
        limits: { ...DEFAULT_LIMITS, ...options.limits },
        noise: nobleEngine(random),
        sync: options.sync && {
          interval: 60_000,
          horizon: 30 * 24 * HOUR,
          scrub: 0,
          ...options.sync,
        },
        verifyEd25519: nobleVerifyEd25519,
      },
    )
  }

  get rows(): Map<string, HeldRow> {
    return this.store.rows
  }

  set failCommits(doFail: boolean) {
    this.store.failCommits = doFail
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
    options: { confirm?: number | 'all'; timeout?: Millis; ttl?: Millis; isDeletion?: boolean } = {},
  ): {
    result: CommandResult | undefined
  } {
    const author = { signer: 'user', address: this.user.address }
    const { confirm = 0, timeout = 5_000, ttl, isDeletion = false } = options
    return this.command({ kind: 'put', key, value: writtenValue(value), author, confirm, timeout, ttl, isDeletion })
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
    if (this.isDown) return
    const frames = this.#frames.get(channel)
    const said = frames === undefined ? [frame] : typeof frame === 'string' ? undefined : frames.open(frame)
    if (said === undefined) this.input((machine) => machine.handleBroken(this.#world.now, channel))
    for (const each of said ?? []) this.input((machine) => machine.handleMessage(this.#world.now, channel, each))
  }

  handleClosed(channel: number, reason: string): void {
    if (!this.isDown) this.input((machine) => machine.handleClosed(this.#world.now, channel, reason))
  }

  drain(): void {
    if (this.isDown) return
    for (;;) {
      const effects = this.machine.takeEffects()
      const events = this.machine.takeEvents()
      if (effects.length === 0 && events.length === 0) break
      this.events.push(...events)
      for (const effect of effects) this.#carryOut(effect)
    }
    for (const endTurn of this.#turnEnds.splice(0)) endTurn()
  }

  #join(channel: number): void {
    const inner: Channel = {
      remote: { host: '', port: 0 },
      direction: 'outbound',
      isTextOnly: false,
      buffered: 0,
      send: (frame) => {
        this.#world.send(this, channel, frame)
        return true
      },
      drained: () => Promise.resolve(),
      close: (_code, reason) => this.#world.close(this, channel, reason),
    }
    this.#joining.set(
      channel,
      joinedChannel(inner, (run) => this.#turnEnds.push(run)),
    )
  }

  #send(channel: number, text: string): void {
    const frames = this.#frames.get(channel)
    const send = (frame: string | Uint8Array): boolean => {
      this.#world.send(this, channel, frame)
      return true
    }
    const joining = this.#joining.get(channel)
    if (joining !== undefined) joining.send(text)
    else if (frames === undefined) send(text)
    else frames.seal([frameMessage(text)], send)
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'send':
        this.#send(effect.channel, effect.text)
        return
      case 'secure':
        this.#frames.set(effect.channel, new NoiseFrames(effect.keys))
        return
      case 'batch':
        this.#join(effect.channel)
        return
      case 'close':
        this.#joining.get(effect.channel)?.close(effect.code, effect.reason)
        if (!this.#joining.delete(effect.channel)) this.#world.close(this, effect.channel, effect.reason)
        return
      case 'cancel-dial':
        return
      case 'report':
        this.reports.push({ endpoint: effect.endpoint, outcome: effect.outcome })
        return
      case 'roster':
      case 'announce':
        this.told.push(effect)
        return
      case 'dial':
        this.#world.dial(this, effect)
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

  #delayOf(effect: Effect): Millis {
    if (effect.kind === 'custom-verify') return this.verifyDelay
    return effect.kind === 'load' || effect.kind === 'commit' ? this.storeDelay : 0
  }

  #resultOf(effect: Exclude<AskedEffect, { kind: 'dial' }>): unknown {
    switch (effect.kind) {
      case 'load':
        return this.store.load(effect)
      case 'scan':
        return this.store.scan(effect)
      case 'commit':
        return this.store.commit(effect)
      case 'verify':
        return effect.signature === signatureOf(effect.address, effect.text)
      case 'verify-all':
        return effect.signed.map(({ text, address, signature }) => signature === signatureOf(address, text))
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
}
