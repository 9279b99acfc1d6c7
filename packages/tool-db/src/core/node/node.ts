/**
 * The database node as a machine: inputs with their time go in, effects and events come out, and nothing in between waits.
 * It has no sockets, no store and no keys of its own.
 */

import { type Endpoint, type Hash, jittered, type Millis, type RandomSource } from '@shoal/base'
import type { NoiseEngine, SignedEndpoint } from '@shoal/peer'
import type { WireRecord } from '../records/record.ts'
import type { Message } from '../wire/message.ts'
import { Admission } from './admission.ts'
import { CommandDesk } from './command-desk.ts'
import type { Command } from './commands.ts'
import type { NodeConfig } from './config.ts'
import { Crdts } from './crdts.ts'
import { Deliveries } from './delivery.ts'
import { DialBacks } from './dial-backs.ts'
import type { DialSource } from './dial-entry.ts'
import { DialPlan } from './dial-plan.ts'
import { Directory } from './directory.ts'
import type { Effect, EffectResult } from './effects.ts'
import type { NodeEvent } from './events.ts'
import { Expiries } from './expiries.ts'
import { Fanout } from './fanout.ts'
import { Functions } from './functions.ts'
import { Gets } from './gets.ts'
import { Identity } from './identity.ts'
import { Incoming } from './incoming.ts'
import { Kernel } from './kernel.ts'
import type { NodeLimits } from './limits.ts'
import { Listeners } from './listeners.ts'
import { Meeting, type MeetingHooks } from './meeting.ts'
import { OwnClaims } from './own-claims.ts'
import { FEATURES, infoOf } from './peer.ts'
import type { PeerInfo } from './peer-info.ts'
import { PrefixIndex } from './prefix-index.ts'
import { Queries } from './queries.ts'
import { Relays } from './relays.ts'
import { Requests } from './requests.ts'
import type { Roster } from './roster.ts'
import { ServerNews } from './server-news.ts'
import type { Peer } from './session.ts'
import { CLOSE, type OpenedChannel, type Sessions } from './sessions.ts'
import { Subscriptions } from './subscriptions.ts'
import { CatchUp } from './sync/catch-up.ts'
import { ItemIndex, type SyncInit } from './sync/item-index.ts'

export interface NodeInit {
  readonly random: RandomSource
  readonly sha256: Hash
  readonly limits: NodeLimits
  readonly noise: NoiseEngine
  /** A server whose store keeps items; without it the node neither compares itself with others nor answers those who do. */
  readonly sync?: SyncInit | undefined
}

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
  readonly #kernel: Kernel
  readonly #identity: Identity
  readonly #sessions: Sessions
  readonly #roster: Roster
  readonly #directory: Directory
  readonly #news: ServerNews
  readonly #dialPlan: DialPlan
  readonly #dialBacks: DialBacks
  readonly #subscriptions: Subscriptions
  readonly #fanout: Fanout
  readonly #relays: Relays
  readonly #requests: Requests
  readonly #deliveries: Deliveries
  readonly #listeners: Listeners
  readonly #items: ItemIndex
  readonly #catchUp: CatchUp | undefined
  readonly #admission: Admission
  readonly #expiries: Expiries
  readonly #gets: Gets
  readonly #functions: Functions
  readonly #incoming: Incoming
  readonly #desk: CommandDesk
  /** BOUNDED: by the application. */
  readonly #verifiers = new PrefixIndex<number>()

  constructor(config: NodeConfig, init: NodeInit) {
    this.config = config
    const kernel = new Kernel(init)
    this.#kernel = kernel
    const sync = config.isServer ? init.sync : undefined
    this.#identity = new Identity(kernel, config, sync === undefined ? FEATURES : [...FEATURES, 'sync'])
    this.#items = new ItemIndex(kernel, sync)
    const { clientId } = this.#identity
    const { isServer } = config
    const servers = (): Iterable<Peer> => this.#roster.servers
    const meeting = new Meeting({ kernel, config, identity: this.#identity, noise: init.noise }, this.#meetingHooks())
    this.#sessions = meeting.sessions
    this.#roster = meeting.roster
    const isConnectedPeer = (peerId: string): boolean => this.#roster.isConnectedPeer(peerId)
    this.#dialPlan = new DialPlan(
      { kernel, config },
      {
        isConnectedPeer,
        serversConnected: () => this.#roster.servers.size,
        onGivenUp: (address, endpoint) => this.#directory.forget(address, endpoint),
        hangUp: (session) => this.#sessions.close(session, CLOSE.later, 'no proof while others waited'),
      },
    )
    this.#directory = new Directory(
      { kernel, config },
      {
        isConnectedPeer,
        onServer: ({ endpoint, ...hearsay }) => this.#dialPlan.add(endpoint, 'told', hearsay),
        onGone: (endpoint) => this.#dialPlan.forgetTold(endpoint),
        onForged: (peer) => {
          // A plain server spreads whatever it was told; a shoal peer has verified it.
          if (peer.proven) this.#sessions.fault(peer.session, 'forged-endpoint')
        },
      },
    )
    this.#subscriptions = new Subscriptions(kernel)
    const subscribersOf = (key: string): Iterable<Peer> => this.#subscriptions.subscribersOf(key)
    this.#fanout = new Fanout({
      kernel,
      clientId,
      isServer,
      servers,
      serverCount: () => this.#roster.servers.size,
      hasSubscribers: () => this.#subscriptions.size > 0,
      subscribersOf,
    })
    this.#relays = new Relays({
      kernel,
      fanout: this.#fanout,
      connected: (clientId) => this.#roster.byClientId(clientId),
    })
    this.#news = new ServerNews({
      kernel,
      isServer,
      identity: this.#identity,
      directory: this.#directory,
      fanout: this.#fanout,
      peers: () => this.#roster.peers(),
    })
    this.#dialBacks = new DialBacks({ kernel, isServer, identity: this.#identity, fanout: this.#fanout })
    this.#requests = new Requests(kernel)
    const claims = new OwnClaims()
    this.#deliveries = new Deliveries({
      kernel,
      claims,
      fanout: this.#fanout,
      clientId,
      isServer,
      serversConnected: () => this.#roster.servers.size,
    })
    this.#listeners = new Listeners({ kernel, config })
    const hasVerifierFor = (key: string): boolean => this.#verifiers.hasMatch(key)
    const onStored = (record: WireRecord): void => this.#expiries.note(record)
    this.#admission = new Admission(
      { kernel, config, items: this.#items },
      { hasVerifierFor, onStored, bringsTwice: () => this.#roster.servers.size > 0 },
    )
    this.#expiries = new Expiries({ kernel, admission: this.#admission, items: this.#items })
    this.#catchUp =
      sync === undefined
        ? undefined
        : new CatchUp({
            kernel,
            items: this.#items,
            admission: this.#admission,
            fanout: this.#fanout,
            listeners: this.#listeners,
            sessions: this.#sessions,
            interval: sync.interval,
            hasVerifierFor,
            onStored,
          })
    const asking = { kernel, requests: this.#requests, fanout: this.#fanout, clientId, isServer, servers }
    const gets = new Gets({
      ...asking,
      isWanted: (key) => this.#subscriptions.isWanted(key),
      sendDocument: (peer, message) => crdts.handleSubscribed(peer, message),
      // Whoever reads is answered with what holds, and need not wait until it is kept here too.
      admitAnswer: (peer, record, then) => this.#incoming.admitAnswer(peer, record, then, { ahead: then }),
    })
    const crdts = new Crdts({
      ...asking,
      relays: this.#relays,
      peerAddress: config.peerAddress,
      admission: this.#admission,
      deliveries: this.#deliveries,
      listeners: this.#listeners,
      isWanted: (key) => this.#subscriptions.isWanted(key),
      admitAnswer: (peer, record, then) => this.#incoming.admitAnswer(peer, record, then),
    })
    const queries = new Queries(asking)
    this.#gets = gets
    this.#functions = new Functions(asking)
    const parts = {
      kernel,
      config,
      clientId,
      claims,
      sessions: this.#sessions,
      admission: this.#admission,
      crdts,
      fanout: this.#fanout,
      relays: this.#relays,
      requests: this.#requests,
      deliveries: this.#deliveries,
      subscriptions: this.#subscriptions,
      listeners: this.#listeners,
      gets,
      queries,
      functions: this.#functions,
      directory: this.#directory,
      dialBacks: this.#dialBacks,
      catchUp: this.#catchUp,
    }
    this.#incoming = new Incoming(parts)
    this.#desk = new CommandDesk({ ...parts, servers, connect: (endpoint) => this.#dialPlan.add(endpoint, 'given') })
  }

  get clientId(): string {
    return this.#identity.clientId
  }

  // Inputs

  /** Once, when the store is open. */
  start(now: Millis): void {
    this.#kernel.now = now
    this.#expiries.start()
    this.#items.start()
  }

  handleOpened(now: Millis, input: ChannelInput): void {
    this.#kernel.now = now
    if (input.direction === 'inbound') {
      this.#sessions.open({ isTextOnly: false, ...input, dialled: undefined })
      return
    }
    const { channel, remote, direction, isTextOnly = false } = input
    if (input.dial === undefined) {
      this.#sessions.open({ channel, remote, direction, isTextOnly, dialled: remote })
      return
    }
    if (this.#dialBacks.handleOpened(input.dial, channel)) return
    const dialled = this.#dialPlan.handleOpened(input.dial)
    if (dialled === undefined) {
      this.#kernel.tell({ kind: 'close', channel, code: 1001, reason: 'nobody waits for this dial' })
      return
    }
    const opened: OpenedChannel = { channel, remote, direction, isTextOnly, dialled: dialled.endpoint }
    const session = this.#sessions.open(opened)
    if (session === undefined) dialled.refused('turned away')
    else dialled.bind(session)
  }

  handleMessage(now: Millis, channel: number, frame: string | Uint8Array): void {
    this.#kernel.now = now
    const session = this.#sessions.get(channel)
    if (session !== undefined) this.#sessions.handleFrame(session, frame)
  }

  /** What came is not sealed by the keys of its channel. */
  handleBroken(now: Millis, channel: number): void {
    this.#kernel.now = now
    this.#sessions.handleBroken(channel)
  }

  handleClosed(now: Millis, channel: number, reason: string): void {
    this.#kernel.now = now
    this.#sessions.handleClosed(channel, reason)
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
    this.#desk.handle(request, command)
  }

  /** A place where a server is said to be. */
  handleCandidate(now: Millis, endpoint: Endpoint, source: Exclude<DialSource, 'told'>, globalOnly = false): void {
    this.#kernel.now = now
    this.#dialPlan.add(endpoint, source, { globalOnly })
  }

  /** Where we can be reached from now on: signed anew, and told to everybody. */
  handleOwnEndpoint(now: Millis, endpoint: Endpoint | undefined): void {
    this.#kernel.now = now
    this.#news.handleOwnEndpoint(endpoint)
  }

  handleTimeout(now: Millis): void {
    this.#kernel.now = now
    this.#kernel.runDueTimers()
  }

  // What needs no effect and is answered at once

  addListener(prefix: string): number | undefined {
    return this.#listeners.add(prefix)
  }

  removeListener(id: number): void {
    this.#listeners.remove(id)
  }

  triggerListeners(now: Millis, key: string, record: WireRecord): void {
    this.#kernel.now = now
    this.#listeners.trigger(key, record)
  }

  addVerifier(prefix: string, id: number): void {
    this.#verifiers.add(prefix, id)
  }

  removeVerifier(prefix: string, id: number): void {
    this.#verifiers.remove(prefix, id)
  }

  addFunction(name: string): void {
    this.#functions.add(name)
  }

  /** A message of the application's own making, to one peer or to many; how many it went to. */
  sendRaw(now: Millis, message: Message, to: { clientId?: string; serversOnly?: boolean } = {}): number {
    this.#kernel.now = now
    const list = [...new Set([...message.to, this.clientId])]
    if (to.clientId !== undefined) {
      const peer = this.#roster.byClientId(to.clientId)
      return this.#fanout.sendAll(peer === undefined ? [] : [peer], { ...message, to: list })
    }
    const peers = to.serversOnly === true ? [...this.#roster.servers] : [...this.#roster.peers()]
    const targets = peers.filter((peer) => !list.includes(peer.clientId))
    return this.#fanout.sendAll(targets, { ...message, to: list })
  }

  /** A text as it is, to one peer. */
  sendText(clientId: string, text: string): void {
    const channel = this.#roster.byClientId(clientId)?.session.channel
    if (channel !== undefined) this.#kernel.tell({ kind: 'send', channel, text })
  }

  peers(): readonly PeerInfo[] {
    return [...this.#roster.peers()].map(infoOf)
  }

  peer(clientId: string): PeerInfo | undefined {
    const peer = this.#roster.byClientId(clientId)
    return peer === undefined ? undefined : infoOf(peer)
  }

  /** Ours first, where it is known. */
  servers(): readonly SignedEndpoint[] {
    return this.#news.list()
  }

  stats(): Readonly<Record<string, number>> {
    return {
      ...this.#kernel.counters.snapshot(),
      'now.sessions': this.#sessions.size,
      'now.peers': this.#roster.size,
      'now.peers-encrypted': [...this.#roster.peers()].filter(({ session }) => session.handshakeHash !== '').length,
      'now.servers-known': this.#directory.size,
      'now.dial-entries': this.#dialPlan.size,
      'now.dials': this.#dialPlan.dialling,
      'now.effects': this.#kernel.effectsInFlight,
      'now.lanes': this.#admission.lanes,
      'now.unverified': this.#admission.unverified,
      'now.requests': this.#requests.size,
      'now.outbox': this.#deliveries.size,
      'now.relays-owed': this.#relays.owed,
      'now.listeners': this.#listeners.size,
      'now.subscribers': this.#subscriptions.size,
      'now.functions': this.#functions.running,
      'now.relayed-gets': this.#gets.relayed,
      'now.sync-items': this.#items.tree.size,
      'now.sync-peers': this.#catchUp?.links ?? 0,
      'now.sync-refusals': this.#catchUp?.refusals ?? 0,
    }
  }

  /** Says goodbye to everybody; effects that are under way still come to their end. */
  close(now: Millis): void {
    this.#kernel.now = now
    this.#dialPlan.close()
    this.#sessions.closeAll('closing')
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

  #meetingHooks(): MeetingHooks {
    return {
      onMessage: (peer, message, size) => this.#incoming.handle(peer, message, size),
      onConnected: (peer, isNew) => this.#handleConnected(peer, isNew),
      onLost: (peer) => {
        this.#subscriptions.drop(peer)
        this.#fanout.drop(peer)
        this.#deliveries.handleGone(peer)
        this.#relays.handleGone(peer)
        this.#requests.handleGone(peer)
        this.#dialBacks.handleGone(peer)
        this.#catchUp?.handleGone(peer)
      },
      onGone: (peer) => {
        this.#dialPlan.handlePeerGone(peer.peerId)
        // Who dialled us dials again by himself, if he can; a moment later we try too.
        const delay = jittered(this.config.wait, 0.5, this.#kernel.random)
        if (peer.signed !== undefined) this.#kernel.after(delay, () => this.#directory.seek(peer))
      },
      serversFor: (session) => this.#news.serversFor(session),
      onServersTold: (peer, servers) => this.#directory.learn(peer, servers),
      report: (session, outcome) => this.#dialPlan.report(session, outcome),
      onClosed: (session, before, reason) => this.#dialPlan.handleClosed(session, before, reason),
    }
  }

  #handleConnected(peer: Peer, isNew: boolean): void {
    this.#news.handleConnected(peer)
    this.#dialBacks.handleConnected(peer)
    if (!peer.isServer) return
    this.#subscriptions.tellAll(peer)
    this.#deliveries.handleServer(peer)
    this.#relays.handleServer(peer)
    this.#requests.handleServer(peer)
    this.#catchUp?.handleServer(peer)
    this.#kernel.counters.add(isNew ? 'servers.connected' : 'servers.reconnected')
  }
}
