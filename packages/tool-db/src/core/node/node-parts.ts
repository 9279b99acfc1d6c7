/** The parts of a node, each made once and joined with those that it needs. What they do together is theirs; here is only who knows whom. */

import { type Hash, jittered, type RandomSource } from '@shoal/base'
import type { NoiseEngine, VerifyEd25519 } from '@shoal/peer'
import type { WireRecord } from '../records/record.ts'
import { Admission } from './admission.ts'
import { CommandDesk } from './command-desk.ts'
import type { NodeConfig } from './config.ts'
import { Crdts } from './crdts.ts'
import { Deliveries } from './delivery.ts'
import { DialBacks } from './dial-backs.ts'
import { DialPlan } from './dial-plan.ts'
import { Directory } from './directory.ts'
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
import { FEATURES } from './peer.ts'
import { PrefixIndex } from './prefix-index.ts'
import { Queries } from './queries.ts'
import { Relays } from './relays.ts'
import { Requests } from './requests.ts'
import type { Roster } from './roster.ts'
import { RosterNews } from './roster-news.ts'
import { ServerNews } from './server-news.ts'
import type { Peer } from './session.ts'
import { CLOSE, type Sessions } from './sessions.ts'
import { draftSigner } from './sign-draft.ts'
import { Subscriptions } from './subscriptions.ts'
import { CatchUp } from './sync/catch-up.ts'
import { Forgetting } from './sync/forgetting.ts'
import { ItemIndex, type SyncInit } from './sync/item-index.ts'
import { PrefixSync } from './sync/prefix-sync.ts'
import { Scrub } from './sync/scrub.ts'

export interface NodeInit {
  readonly random: RandomSource
  readonly sha256: Hash
  readonly limits: NodeLimits
  readonly noise: NoiseEngine
  readonly verifyEd25519: VerifyEd25519
  /** Where the store can commit several rows as one; without it the node neither compares itself with others nor answers those who do. */
  readonly sync?: SyncInit | undefined
}

export class NodeParts {
  readonly config: NodeConfig
  readonly kernel: Kernel
  readonly identity: Identity
  readonly meeting: Meeting
  readonly sessions: Sessions
  readonly roster: Roster
  readonly directory: Directory
  readonly news: ServerNews
  readonly rosterNews: RosterNews
  readonly dialPlan: DialPlan
  readonly dialBacks: DialBacks
  readonly subscriptions: Subscriptions
  readonly fanout: Fanout
  readonly relays: Relays
  readonly requests: Requests
  readonly deliveries: Deliveries
  readonly listeners: Listeners
  readonly items: ItemIndex
  readonly catchUp: CatchUp | undefined
  readonly prefixSync: PrefixSync | undefined
  readonly forgetting: Forgetting | undefined
  readonly scrub: Scrub | undefined
  readonly admission: Admission
  readonly expiries: Expiries
  readonly gets: Gets
  readonly functions: Functions
  readonly incoming: Incoming
  readonly desk: CommandDesk
  /** BOUNDED: by the application. */
  readonly verifiers: PrefixIndex<number> = new PrefixIndex<number>()

  constructor(config: NodeConfig, init: NodeInit) {
    this.config = config
    const kernel = new Kernel(init)
    this.kernel = kernel
    const sync = config.isServer ? init.sync : undefined
    this.identity = new Identity(kernel, config, init.sync === undefined ? FEATURES : [...FEATURES, 'sync'])
    this.items = new ItemIndex(kernel, sync)
    const { clientId } = this.identity
    const { isServer } = config
    const servers = (): Iterable<Peer> => this.roster.servers
    const { noise, verifyEd25519: verify } = init
    this.meeting = new Meeting({ kernel, config, identity: this.identity, noise, verify }, this.#meetingHooks())
    this.sessions = this.meeting.sessions
    this.roster = this.meeting.roster
    const isConnectedPeer = (peerId: string): boolean => this.roster.isConnectedPeer(peerId)
    this.dialPlan = new DialPlan(
      { kernel, config },
      {
        isConnectedPeer,
        serversConnected: () => this.roster.servers.size,
        onGivenUp: (address, endpoint) => this.directory.forget(address, endpoint),
        hangUp: (session) => this.sessions.close(session, CLOSE.later, 'no proof while others waited'),
      },
    )
    this.directory = new Directory(
      { kernel, config },
      {
        isConnectedPeer,
        onServer: ({ endpoint, ...hearsay }) => this.dialPlan.add(endpoint, 'told', hearsay),
        onGone: (endpoint) => this.dialPlan.forgetTold(endpoint),
        onForged: (peer) => {
          // A plain server spreads whatever it was told; a shoal peer has verified it.
          if (peer.proven) this.sessions.fault(peer.session, 'forged-endpoint')
        },
      },
    )
    this.subscriptions = new Subscriptions(kernel)
    const subscribersOf = (key: string): Iterable<Peer> => this.subscriptions.subscribersOf(key)
    this.fanout = new Fanout({
      kernel,
      clientId,
      isServer,
      servers,
      serverCount: () => this.roster.servers.size,
      hasSubscribers: () => this.subscriptions.size > 0,
      subscribersOf,
    })
    this.relays = new Relays({
      kernel,
      fanout: this.fanout,
      connected: (clientId) => this.roster.byClientId(clientId),
      onGivenUp: (peer) => this.catchUp?.noteGap(peer),
    })
    this.news = new ServerNews({
      kernel,
      isServer,
      identity: this.identity,
      directory: this.directory,
      fanout: this.fanout,
      peers: () => this.roster.peers(),
    })
    this.rosterNews = new RosterNews({
      kernel,
      config,
      identity: this.identity,
      fanout: this.fanout,
      verify,
      peers: () => this.roster.peers(),
      onRoster: (roster) => this.meeting.handleTopicRoster(roster),
      onForged: (peer) => this.sessions.fault(peer.session, 'forged-roster'),
    })
    this.dialBacks = new DialBacks({ kernel, isServer, identity: this.identity, fanout: this.fanout })
    this.requests = new Requests(kernel)
    const claims = new OwnClaims()
    this.deliveries = new Deliveries({
      kernel,
      claims,
      fanout: this.fanout,
      clientId,
      isServer,
      serversConnected: () => this.roster.servers.size,
    })
    this.listeners = new Listeners({ kernel, config })
    const hasVerifierFor = (key: string): boolean => this.verifiers.hasMatch(key)
    const onStored = (record: WireRecord): void => this.expiries.note(record)
    const sign = draftSigner({ kernel, config })
    this.admission = new Admission(
      { kernel, config, items: this.items, sign },
      { hasVerifierFor, onStored, bringsTwice: () => this.roster.servers.size > 0 },
    )
    this.expiries = new Expiries({ kernel, admission: this.admission, items: this.items })
    this.forgetting =
      sync === undefined
        ? undefined
        : new Forgetting({ kernel, admission: this.admission, items: this.items, horizon: sync.horizon })
    const catchingUp = {
      kernel,
      items: this.items,
      admission: this.admission,
      fanout: this.fanout,
      listeners: this.listeners,
      sessions: this.sessions,
      hasVerifierFor,
      onStored,
    }
    this.catchUp = sync === undefined ? undefined : new CatchUp({ ...catchingUp, interval: sync.interval })
    this.prefixSync = init.sync === undefined || isServer ? undefined : new PrefixSync({ ...catchingUp, servers })
    this.scrub =
      sync === undefined
        ? undefined
        : new Scrub({
            kernel,
            config,
            admission: this.admission,
            items: this.items,
            share: sync.scrub,
            onMissing: () => this.catchUp?.noteMissing(),
          })
    const asking = { kernel, requests: this.requests, fanout: this.fanout, clientId, isServer, servers }
    const gets = new Gets({
      ...asking,
      isWanted: (key) => this.subscriptions.isWanted(key),
      sendDocument: (peer, message) => crdts.handleSubscribed(peer, message),
      // Whoever reads is answered with what holds, and need not wait until it is kept here too.
      admitAnswer: (peer, record, then) => this.incoming.admitAnswer(peer, record, then, { ahead: then }),
    })
    const crdts = new Crdts({
      ...asking,
      relays: this.relays,
      peerAddress: config.peerAddress,
      admission: this.admission,
      sign,
      deliveries: this.deliveries,
      listeners: this.listeners,
      isWanted: (key) => this.subscriptions.isWanted(key),
      admitAnswer: (peer, record, then) => this.incoming.admitAnswer(peer, record, then),
    })
    const queries = new Queries(asking)
    this.gets = gets
    this.functions = new Functions(asking)
    const parts = {
      kernel,
      config,
      clientId,
      claims,
      sessions: this.sessions,
      admission: this.admission,
      crdts,
      fanout: this.fanout,
      relays: this.relays,
      requests: this.requests,
      deliveries: this.deliveries,
      subscriptions: this.subscriptions,
      listeners: this.listeners,
      gets,
      queries,
      functions: this.functions,
      directory: this.directory,
      rosterNews: this.rosterNews,
      dialBacks: this.dialBacks,
      catchUp: this.catchUp,
      prefixSync: this.prefixSync,
    }
    this.incoming = new Incoming(parts)
    this.desk = new CommandDesk({ ...parts, servers, connect: (endpoint) => this.dialPlan.add(endpoint, 'given') })
  }

  stats(): Readonly<Record<string, number>> {
    return {
      ...this.kernel.counters.snapshot(),
      'now.sessions': this.sessions.size,
      'now.peers': this.roster.size,
      'now.peers-encrypted': [...this.roster.peers()].filter(({ session }) => session.handshakeHash !== '').length,
      'now.servers-known': this.directory.size,
      'now.dial-entries': this.dialPlan.size,
      'now.dials': this.dialPlan.dialling,
      'now.effects': this.kernel.effectsInFlight,
      'now.lanes': this.admission.lanes,
      'now.unverified': this.admission.unverified,
      'now.requests': this.requests.size,
      'now.requests-late': this.requests.late,
      'now.outbox': this.deliveries.size,
      'now.relays-owed': this.relays.owed,
      'now.listeners': this.listeners.size,
      'now.subscribers': this.subscriptions.size,
      'now.functions': this.functions.running,
      'now.relayed-gets': this.gets.relayed,
      'now.sync-items': this.items.tree.size,
      'now.sync-ready': this.items.isReady ? 1 : 0,
      'now.sync-peers': this.catchUp?.links ?? 0,
      'now.sync-refusals': this.catchUp?.refusals ?? 0,
      'now.sync-prefixes': this.catchUp?.prefixes ?? this.prefixSync?.prefixes ?? 0,
      ...this.scrub?.stats,
    }
  }

  #meetingHooks(): MeetingHooks {
    return {
      onMessage: (peer, message, size) => this.incoming.handle(peer, message, size),
      onConnected: (peer, isNew) => this.#handleConnected(peer, isNew),
      onLost: (peer) => {
        this.subscriptions.drop(peer)
        this.fanout.drop(peer)
        this.deliveries.handleGone(peer)
        this.relays.handleGone(peer)
        this.requests.handleGone(peer)
        this.dialBacks.handleGone(peer)
        this.catchUp?.handleGone(peer)
        this.prefixSync?.handleGone(peer)
      },
      onGone: (peer) => {
        this.dialPlan.handlePeerGone(peer.peerId)
        // Who dialled us dials again by himself, if he can; a moment later we try too.
        const delay = jittered(this.config.wait, 0.5, this.kernel.random)
        if (peer.signed !== undefined) this.kernel.after(delay, () => this.directory.seek(peer))
      },
      serversFor: (session) => this.news.serversFor(session),
      onServersTold: (peer, servers) => this.directory.learn(peer, servers),
      report: (session, outcome) => this.dialPlan.report(session, outcome),
      onClosed: (session, before, reason) => this.dialPlan.handleClosed(session, before, reason),
    }
  }

  #handleConnected(peer: Peer, isNew: boolean): void {
    this.news.handleConnected(peer)
    this.rosterNews.handleConnected(peer)
    this.dialBacks.handleConnected(peer)
    if (!peer.isServer) return
    this.subscriptions.tellAll(peer)
    this.deliveries.handleServer(peer)
    this.relays.handleServer(peer)
    this.requests.handleServer(peer)
    this.catchUp?.handleServer(peer)
    this.prefixSync?.handleServer()
    this.kernel.counters.add(isNew ? 'servers.connected' : 'servers.reconnected')
  }
}
