/** Everything between an open channel and a connected peer: sessions, handshake and roster, each handing on to the next. */

import { type Endpoint, MINUTE } from '@shoal/base'
import type { DialOutcome, NoiseEngine, SignedEndpoint, TopicRoster, VerifyEd25519 } from '@shoal/peer'
import type { Message } from '../wire/message.ts'
import { messageText } from '../wire/serialise.ts'
import { Certification } from './certification.ts'
import type { NodeConfig } from './config.ts'
import { Handshake, type HandshakeHooks } from './handshake.ts'
import type { Identity } from './identity.ts'
import type { Kernel } from './kernel.ts'
import { has, takesBatches } from './peer.ts'
import { Remembered } from './remembered.ts'
import { Roster, type RosterHooks } from './roster.ts'
import type { Peer, Session } from './session.ts'
import { CLOSE, type SessionHooks, Sessions } from './sessions.ts'

export interface MeetingHooks {
  /** What a connected peer says. */
  onMessage(peer: Peer, message: Message, size: number): void
  onConnected(peer: Peer, isNew: boolean): void
  /** The socket is gone, or another one took its place. */
  onLost(peer: Peer): void
  onGone(peer: Peer): void
  serversFor(session: Session): readonly SignedEndpoint[]
  onServersTold(peer: Peer, servers: readonly SignedEndpoint[]): void
  /** What became of a session that we dialled. */
  report(session: Session, outcome: DialOutcome): void
  onClosed(session: Session, before: Session['state'], reason: string): void
}

/** A clone is said once a minute for each place that it is seen from: a liar could say it again and again. */
const CLONES_TOLD = { lifetime: MINUTE, countMax: 64 }

export class Meeting {
  readonly sessions: Sessions
  readonly roster: Roster
  readonly #kernel: Kernel
  readonly #config: NodeConfig
  readonly #identity: Identity
  readonly #hooks: MeetingHooks
  readonly #handshake: Handshake
  readonly #clonesTold: Remembered
  readonly #certification: Certification

  constructor(
    parts: { kernel: Kernel; config: NodeConfig; identity: Identity; noise: NoiseEngine; verify: VerifyEd25519 },
    hooks: MeetingHooks,
  ) {
    const { kernel, config } = parts
    this.#kernel = kernel
    this.#config = config
    this.#identity = parts.identity
    this.#hooks = hooks
    this.#clonesTold = new Remembered(kernel, CLONES_TOLD)
    this.sessions = new Sessions(kernel, this.#sessionHooks(), config.membership.kind === 'secret')
    this.#certification = new Certification(parts, { onDoubt: () => this.#lookAnew() })
    const meeting = { ...parts, sessions: this.sessions, certification: this.#certification }
    this.#handshake = new Handshake(meeting, this.#handshakeHooks())
    this.roster = new Roster({ kernel, sessions: this.sessions, address: config.peerAddress }, this.#rosterHooks())
  }

  start(): void {
    this.#certification.start()
  }

  /** What the owner of the topic has published last. */
  handleTopicRoster(roster: TopicRoster): void {
    this.#certification.handleRoster(roster)
  }

  #sessionHooks(): SessionHooks {
    return {
      onOpened: (session) => {
        if (session.direction === 'outbound') this.#handshake.start(session)
      },
      onMessage: (session, message, size) => this.#handleMessage(session, message, size),
      onClosed: (session, before, reason) => {
        if (before.kind === 'connected') this.roster.handleClosed(before.peer)
        else this.#handshake.handleClosed(session, before)
        this.#hooks.onClosed(session, before, reason)
      },
      onRefused: (session, id, code) => {
        const { state } = session
        if (id === undefined || state.kind !== 'connected' || !has(state.peer, 'ack')) return
        this.#send(session, { type: 'ack', id, to: [], code })
      },
      onMisbehaved: (session, reason) => {
        this.#kernel.emit({ kind: 'misbehaved', remote: session.remote, reason })
      },
    }
  }

  #handshakeHooks(): HandshakeHooks {
    return {
      isConnected: (address, instance) => this.roster.isConnected(address, instance),
      isClientIdTaken: (clientId, address) => this.roster.isClientIdTaken(clientId, address),
      onProven: (peer, waiting, admitted) => this.roster.admit(peer, waiting, admitted),
      serversFor: (session) => this.#hooks.serversFor(session),
      onServersTold: (peer, servers) => this.#hooks.onServersTold(peer, servers),
      onOutcome: (session, outcome) => this.#report(session, outcome),
      onClonedSelf: (session) => this.#tellCloned(this.#config.peerAddress, session.remote),
    }
  }

  #rosterHooks(): RosterHooks {
    return {
      onConnected: (peer, isNew) => {
        this.#report(peer.session, { kind: 'connected', peerId: peer.peerId, proven: peer.proven })
        if (takesBatches(peer)) this.#kernel.tell({ kind: 'batch', channel: peer.session.channel })
        this.#hooks.onConnected(peer, isNew)
        this.#certification.handleConnected(peer)
        // The owner may have revoked it while it was being proven.
        this.#expelIfOver(peer)
      },
      onLost: (peer) => this.#hooks.onLost(peer),
      onDisconnected: (peer) => this.#hooks.onGone(peer),
      replay: (session, frames) => {
        for (const frame of frames) this.sessions.handleFrame(session, frame)
      },
      probe: (peer) => this.#probe(peer),
      onDuplicate: (session, peerId) => {
        this.#report(session, { kind: 'duplicate', peerId })
        const { state } = session
        if (state.kind === 'connected') this.#hooks.onLost(state.peer)
      },
      onClone: (held, newcomer) => {
        for (const { session } of [held, newcomer]) {
          this.#send(session, { type: 'ack', id: this.#kernel.messageId(), to: [], code: 'CLONED_IDENTITY' })
        }
        this.#report(newcomer.session, { kind: 'refused', reason: 'CLONED_IDENTITY' })
        this.#tellCloned(newcomer.peerId, newcomer.session.remote)
      },
    }
  }

  #handleMessage(session: Session, message: Message, size: number): void {
    const { state } = session
    // Whoever knows both of us says so: it is our own key.
    if (message.type === 'ack' && message.code === 'CLONED_IDENTITY') {
      this.#tellCloned(this.#config.peerAddress, session.remote)
    }
    if (state.kind === 'connected') this.#hooks.onMessage(state.peer, message, size)
    else if (message.type === 'ping') this.#handshake.handlePing(session, message)
    else if (message.type === 'pong') this.#handshake.handlePong(session, message)
    else if (message.type === 'noise') this.#handshake.handleNoise(session, message)
    else if (message.type === 'proof') this.#handshake.handleProof(session, message)
    else if (message.type === 'ack') this.#handshake.handleAck(session, message.code)
  }

  #lookAnew(): void {
    for (const peer of this.roster.peers()) {
      this.#certification.handleConnected(peer)
      this.#expelIfOver(peer)
    }
  }

  #expelIfOver({ session, certificate }: Peer): void {
    const code = certificate === undefined ? undefined : this.#certification.codeNow(certificate)
    if (code === undefined) return
    this.#kernel.counters.add(`expelled.${code}`)
    this.#certification.tellRefused(session, code)
    this.#send(session, { type: 'ack', id: this.#kernel.messageId(), to: [], code })
    this.sessions.close(session, CLOSE.policy, code)
  }

  #report(session: Session, outcome: DialOutcome): void {
    if (session.direction === 'outbound') this.#hooks.report(session, outcome)
  }

  /** tool-db answers a ping at any time, too. */
  #probe(peer: Peer): void {
    this.#identity.sign((signed) => {
      if (signed === undefined || peer.session.state.kind === 'closed') return
      const text = this.#handshake.pingText(signed, this.#identity.hello())
      this.#kernel.tell({ kind: 'send', channel: peer.session.channel, text })
    })
  }

  #tellCloned(address: string, remote: Endpoint): void {
    if (!this.#clonesTold.addNew(`${address} ${remote.host}`)) return
    this.#kernel.counters.add('cloned-identities')
    const ours = address === this.#config.peerAddress
    this.#kernel.emit({ kind: 'cloned-identity', address, remote, ours })
  }

  #send(session: Session, message: Message): void {
    this.#kernel.tell({ kind: 'send', channel: session.channel, text: messageText(message) })
  }
}
