/**
 * The database node as a machine: inputs with their time go in, effects and events come out, and nothing in between waits.
 * It has no sockets, no store and no keys of its own.
 */

import type { Endpoint, Millis } from '@shoal/base'
import type { SignedEndpoint, SignedRoster } from '@shoal/peer'
import type { WireRecord } from '../records/record.ts'
import type { Message } from '../wire/message.ts'
import type { Command } from './commands.ts'
import type { NodeConfig } from './config.ts'
import type { DialSource } from './dial-entry.ts'
import type { Effect, EffectResult } from './effects.ts'
import type { NodeEvent } from './events.ts'
import type { Kernel } from './kernel.ts'
import { type NodeInit, NodeParts } from './node-parts.ts'
import { infoOf } from './peer.ts'
import type { PeerInfo } from './peer-info.ts'
import type { OpenedChannel } from './sessions.ts'

export type ChannelInput =
  | (OpenedInput & { readonly direction: 'inbound' })
  /** Without `dial` the network opened it by itself. */
  | (OpenedInput & { readonly direction: 'outbound'; readonly dial?: number })

interface OpenedInput {
  readonly channel: number
  readonly remote: Endpoint
  /** It carries no bytes. */
  readonly isTextOnly?: boolean
}

export class DatabaseNode {
  readonly config: NodeConfig
  readonly #parts: NodeParts
  readonly #kernel: Kernel

  constructor(config: NodeConfig, init: NodeInit) {
    this.config = config
    this.#parts = new NodeParts(config, init)
    this.#kernel = this.#parts.kernel
  }

  get clientId(): string {
    return this.#parts.identity.clientId
  }

  // Inputs

  /** Once, when the store is open. */
  start(now: Millis): void {
    this.#kernel.now = now
    this.#parts.expiries.start()
    this.#parts.items.start()
    this.#parts.forgetting?.start()
    this.#parts.scrub?.start()
    this.#parts.meeting.start()
  }

  handleOpened(now: Millis, input: ChannelInput): void {
    this.#kernel.now = now
    if (input.direction === 'inbound') {
      this.#parts.sessions.open({ isTextOnly: false, ...input, dialled: undefined })
      return
    }
    const { channel, remote, direction, isTextOnly = false } = input
    if (input.dial === undefined) {
      this.#parts.sessions.open({ channel, remote, direction, isTextOnly, dialled: remote })
      return
    }
    if (this.#parts.dialBacks.handleOpened(input.dial, channel)) return
    const dialled = this.#parts.dialPlan.handleOpened(input.dial)
    if (dialled === undefined) {
      this.#kernel.tell({ kind: 'close', channel, code: 1001, reason: 'nobody waits for this dial' })
      return
    }
    const opened: OpenedChannel = { channel, remote, direction, isTextOnly, dialled: dialled.endpoint }
    const session = this.#parts.sessions.open(opened)
    if (session === undefined) dialled.refused('turned away')
    else dialled.bind(session)
  }

  handleMessage(now: Millis, channel: number, frame: string | Uint8Array): void {
    this.#kernel.now = now
    const session = this.#parts.sessions.get(channel)
    if (session !== undefined) this.#parts.sessions.handleFrame(session, frame)
  }

  /** What came is not sealed by the keys of its channel. */
  handleBroken(now: Millis, channel: number): void {
    this.#kernel.now = now
    this.#parts.sessions.handleBroken(channel)
  }

  handleClosed(now: Millis, channel: number, reason: string): void {
    this.#kernel.now = now
    this.#parts.sessions.handleClosed(channel, reason)
  }

  /** It takes nothing of what it is sent: its channel was cut. */
  handleStalled(now: Millis, channel: number): void {
    this.#kernel.counters.add('dropped.not-reading')
    this.handleClosed(now, channel, 'too slow')
  }

  /** The result of an effect; false where nobody waits for it any more. */
  handleResult(now: Millis, id: number, result: EffectResult<unknown>): boolean {
    this.#kernel.now = now
    return this.#kernel.answer(id, result)
  }

  handleCommand(now: Millis, request: number, command: Command): void {
    this.#kernel.now = now
    this.#parts.desk.handle(request, command)
  }

  /** A place where a server is said to be. */
  handleCandidate(now: Millis, endpoint: Endpoint, source: Exclude<DialSource, 'told'>, globalOnly = false): void {
    this.#kernel.now = now
    this.#parts.dialPlan.add(endpoint, source, { globalOnly })
  }

  /** Where we can be reached from now on: signed anew, and told to everybody. */
  handleOwnEndpoint(now: Millis, endpoint: Endpoint | undefined): void {
    this.#kernel.now = now
    this.#parts.news.handleOwnEndpoint(endpoint)
  }

  /** This machine has slept, or is on another network: whoever is connected has a few seconds to show that he still is. */
  handleWake(now: Millis): void {
    this.#kernel.now = now
    this.#parts.roster.handleWake()
  }

  /** What the owner of the topic has published last, checked by whoever hands it in. */
  handleTopicRoster(now: Millis, roster: SignedRoster): void {
    this.#kernel.now = now
    this.#parts.rosterNews.handleRoster(roster)
  }

  handleTimeout(now: Millis): void {
    this.#kernel.now = now
    this.#kernel.runDueTimers()
  }

  // What needs no effect and is answered at once

  addListener(prefix: string): number | undefined {
    return this.#parts.listeners.add(prefix)
  }

  removeListener(id: number): void {
    this.#parts.listeners.remove(id)
  }

  triggerListeners(now: Millis, key: string, record: WireRecord): void {
    this.#kernel.now = now
    this.#parts.listeners.trigger(key, record)
  }

  addVerifier(prefix: string, id: number): void {
    this.#parts.verifiers.add(prefix, id)
  }

  removeVerifier(prefix: string, id: number): void {
    this.#parts.verifiers.remove(prefix, id)
  }

  addFunction(name: string): void {
    this.#parts.functions.add(name)
  }

  /** A message of the application's own making, to one peer or to many; how many it went to. */
  sendRaw(now: Millis, message: Message, to: { clientId?: string; serversOnly?: boolean } = {}): number {
    this.#kernel.now = now
    const list = [...new Set([...message.to, this.clientId])]
    if (to.clientId !== undefined) {
      const peer = this.#parts.roster.byClientId(to.clientId)
      return this.#parts.fanout.sendAll(peer === undefined ? [] : [peer], { ...message, to: list })
    }
    const peers = to.serversOnly === true ? [...this.#parts.roster.servers] : [...this.#parts.roster.peers()]
    const targets = peers.filter((peer) => !list.includes(peer.clientId))
    return this.#parts.fanout.sendAll(targets, { ...message, to: list })
  }

  /** A text as it is, to one peer. */
  sendText(clientId: string, text: string): void {
    const channel = this.#parts.roster.byClientId(clientId)?.session.channel
    if (channel !== undefined) this.#kernel.tell({ kind: 'send', channel, text })
  }

  peers(): readonly PeerInfo[] {
    return [...this.#parts.roster.peers()].map(infoOf)
  }

  peer(clientId: string): PeerInfo | undefined {
    const peer = this.#parts.roster.byClientId(clientId)
    return peer === undefined ? undefined : infoOf(peer)
  }

  /** Ours first, where it is known. */
  servers(): readonly SignedEndpoint[] {
    return this.#parts.news.list()
  }

  stats(): Readonly<Record<string, number>> {
    return this.#parts.stats()
  }

  /** Says goodbye to everybody; effects that are under way still come to their end. */
  close(now: Millis): void {
    this.#kernel.now = now
    this.#parts.dialPlan.close()
    this.#parts.sessions.closeAll('closing')
  }

  // Outputs

  takeEffects(): readonly Effect[] {
    return this.#kernel.takeEffects()
  }

  takeEvents(): readonly NodeEvent[] {
    return this.#kernel.takeEvents()
  }

  pollTimeout(): Millis | undefined {
    return this.#kernel.nextTimerAt()
  }
}
