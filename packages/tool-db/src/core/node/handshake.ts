/**
 * How two peers meet: `ping` and `pong` as tool-db has them, then, between shoal peers, a proof of each side. Whoever
 * gets through is handed to the roster, which decides between two connections of one peer.
 */

import { formatEndpoint, HOUR, parseHostPort } from '@shoal/base'
import {
  CLOCK_AHEAD_MAX_MS,
  clientIdOf,
  type DialOutcome,
  endpointDigest,
  HELLO_VERSION,
  type Hello,
  type ProofFields,
  type ProofRole,
  proofDigest,
  type SignedEndpoint,
  sharedFeatures,
} from '@shoal/peer'
import type { PingMessage, PongMessage, ProofMessage } from '../wire/message.ts'
import { messageText } from '../wire/serialise.ts'
import type { NodeConfig } from './config.ts'
import type { Identity } from './identity.ts'
import type { Kernel } from './kernel.ts'
import { Remembered } from './remembered.ts'
import type { HeldFrame, Peer, Session } from './session.ts'
import { CLOSE, type Sessions } from './sessions.ts'

export interface HandshakeHooks {
  /** True where a peer of this address and instance is connected already, and is not `session`. */
  isConnected(address: string, instance: string): boolean
  /** True where this client id belongs to another than `address` now (`undefined`: to anybody). */
  isClientIdTaken(clientId: string, address: string | undefined): boolean
  /** The handshake holds. The roster admits the peer, or closes the session. */
  onProven(peer: Peer, waiting: readonly HeldFrame[], admitted: () => void): void
  /** Servers as others know them, for our pong. */
  serversFor(session: Session): readonly SignedEndpoint[]
  /** A pong told of these; nothing about them is verified. */
  onServersTold(peer: Peer, servers: readonly SignedEndpoint[]): void
  /** What to report of an outbound session that ends here. */
  onOutcome(session: Session, outcome: DialOutcome): void
  onClonedSelf(session: Session): void
}

/** How long an endpoint or a client id that was shoal's is not taken as plain. */
const SHOAL_MEMORY = { lifetime: 24 * HOUR, countMax: 8_192 }

export class Handshake {
  readonly #kernel: Kernel
  readonly #config: NodeConfig
  readonly #identity: Identity
  readonly #sessions: Sessions
  readonly #hooks: HandshakeHooks
  /** BOUNDED: see SHOAL_MEMORY. */
  readonly #knownAsShoal: Remembered

  constructor(
    parts: { kernel: Kernel; config: NodeConfig; identity: Identity; sessions: Sessions },
    hooks: HandshakeHooks,
  ) {
    this.#kernel = parts.kernel
    this.#config = parts.config
    this.#identity = parts.identity
    this.#sessions = parts.sessions
    this.#hooks = hooks
    this.#knownAsShoal = new Remembered(parts.kernel, SHOAL_MEMORY)
  }

  /** The dialler speaks first. */
  start(session: Session): void {
    this.#identity.sign((signed) => {
      if (session.state.kind !== 'opened') return
      if (signed === undefined) return this.#sessions.close(session, CLOSE.away, 'signing failed')
      const ours = this.#identity.hello()
      session.state = { kind: 'pinged', ours }
      this.#send(session, this.pingText(signed, ours))
    })
  }

  pingText(peer: SignedEndpoint, ours: Hello): string {
    const { clientId } = this.#identity
    return messageText({
      type: 'ping',
      id: this.#kernel.messageId(),
      to: [clientId],
      clientId,
      isServer: this.#config.isServer,
      peer,
      shoal: ours,
    })
  }

  handlePing(session: Session, ping: PingMessage): void {
    session.state = { kind: 'checking' }
    const refusal = this.#pingFault(ping)
    if (refusal !== undefined) {
      this.#refuse(session, refusal)
      return
    }
    const { peer } = ping
    const text = endpointDigest(peer, this.#kernel.sha256)
    this.#kernel.ask('verify', { text, address: peer.address, signature: peer.sig }, (result) => {
      if (session.state.kind !== 'checking') return
      if (!result.ok || !result.value) return this.#refuse(session, 'forged-endpoint')
      this.#answerPing(session, ping)
    })
  }

  handlePong(session: Session, pong: PongMessage): void {
    if (session.state.kind !== 'pinged') return
    const { ours } = session.state
    if (pong.shoal === undefined) {
      this.#acceptPlainPong(session, pong)
      return
    }
    const theirs = pong.shoal
    const fault = this.#helloFault(theirs, pong.clientId)
    if (fault !== undefined) {
      this.#refuse(session, fault)
      return
    }
    if (theirs.address === this.#identity.address && theirs.instance === this.#identity.instance) {
      this.#hooks.onOutcome(session, { kind: 'self' })
      this.#sessions.close(session, CLOSE.policy, 'this is ourselves')
      return
    }
    if (this.#hooks.isConnected(theirs.address, theirs.instance)) {
      this.#hooks.onOutcome(session, { kind: 'duplicate', peerId: theirs.address })
      this.#sessions.close(session, CLOSE.policy, 'connected already')
      return
    }
    session.state = { kind: 'proving', pong, theirs, ours }
    const endpoint = formatEndpoint(session.dialled ?? session.remote)
    this.#signProof('dialler', this.#fields(ours, theirs, endpoint), (sig) => {
      if (session.state.kind === 'proving') this.#send(session, this.#proofText(endpoint, sig))
    })
  }

  handleProof(session: Session, proof: ProofMessage): void {
    const { state } = session
    if (state.kind === 'ponged') this.#judgeDialler(session, proof, state)
    else if (state.kind === 'proving') this.#judgeDialled(session, proof, state)
  }

  /** A refusal of the other side's while the handshake goes on. */
  handleAck(session: Session, code: string): void {
    const known = code === 'NOT_MY_ENDPOINT' || code === 'CLONED_IDENTITY' ? code : 'REFUSED'
    this.#refuse(session, known === 'REFUSED' ? 'refused-by-peer' : known)
  }

  #answerPing(session: Session, ping: PingMessage): void {
    const ours = this.#identity.hello()
    const { clientId } = this.#identity
    const theirs = ping.shoal
    this.#send(
      session,
      messageText({
        type: 'pong',
        id: ping.id,
        to: [],
        clientId,
        isServer: this.#config.isServer,
        servers: this.#hooks.serversFor(session),
        // A plain peer is answered as one plain peer answers another.
        ...(theirs !== undefined && { shoal: ours }),
      }),
    )
    if (theirs !== undefined) {
      session.state = { kind: 'ponged', ping, theirs, ours }
      return
    }
    const peer: Peer = {
      session,
      peerId: ping.peer.address,
      clientId: ping.clientId,
      instance: undefined,
      proven: false,
      isServer: ping.isServer,
      features: new Set(),
      signed: ping.isServer ? ping.peer : undefined,
    }
    this.#hooks.onProven(peer, [], () => undefined)
  }

  #acceptPlainPong(session: Session, pong: PongMessage): void {
    const endpoint = formatEndpoint(session.dialled ?? session.remote)
    if (this.#config.plainPeers === 'refuse') {
      this.#refuse(session, 'plain-peer')
      return
    }
    // Whoever took the place of a shoal peer must not get by as a plain one, of whom nothing is asked.
    if (this.#knownAsShoal.has(`endpoint ${endpoint}`) || this.#knownAsShoal.has(`id ${pong.clientId}`)) {
      this.#refuse(session, 'shoal-gone-plain')
      return
    }
    if (pong.clientId === this.#identity.clientId) {
      this.#refuse(session, 'foreign-client-id')
      return
    }
    if (this.#hooks.isClientIdTaken(pong.clientId, undefined)) {
      this.#hooks.onOutcome(session, { kind: 'duplicate', peerId: pong.clientId })
      this.#sessions.close(session, CLOSE.policy, 'connected already')
      return
    }
    const signed = pong.servers.find((server) => clientIdOf(server.address) === pong.clientId)
    const peer: Peer = {
      session,
      peerId: signed?.address ?? pong.clientId,
      clientId: pong.clientId,
      instance: undefined,
      proven: false,
      isServer: pong.isServer,
      features: new Set(),
      signed: undefined,
    }
    this.#hooks.onProven(peer, [], () => this.#hooks.onServersTold(peer, pong.servers))
  }

  #judgeDialler(session: Session, proof: ProofMessage, state: Session['state'] & { kind: 'ponged' }): void {
    const { ping, theirs, ours } = state
    const waiting: HeldFrame[] = []
    session.state = { kind: 'judging', theirs, waiting }
    const fields = this.#fields(theirs, ours, proof.endpoint)
    this.#verifyProof(session, 'dialler', { fields, proof, signer: theirs.address }, () => {
      if (this.#isClonedSelf(session, theirs)) return
      const endpoint = parseHostPort(proof.endpoint)
      if (endpoint === undefined) return this.#refuse(session, 'NOT_MY_ENDPOINT')
      this.#kernel.ask('own-endpoint', { endpoint, remote: session.remote }, (own) => {
        if (session.state.kind !== 'judging') return
        if (!own.ok || !own.value) return this.#refuse(session, 'NOT_MY_ENDPOINT')
        this.#signProof('dialled', fields, (sig) => {
          if (session.state.kind !== 'judging') return
          const peer = this.#shoalPeer(session, theirs, ours, ping)
          this.#hooks.onProven(peer, waiting, () => this.#send(session, this.#proofText(proof.endpoint, sig)))
        })
      })
    })
  }

  #judgeDialled(session: Session, proof: ProofMessage, state: Session['state'] & { kind: 'proving' }): void {
    const { pong, theirs, ours } = state
    const waiting: HeldFrame[] = []
    session.state = { kind: 'judging', theirs, waiting }
    const endpoint = formatEndpoint(session.dialled ?? session.remote)
    if (proof.endpoint !== endpoint) {
      this.#refuse(session, 'bad-proof')
      return
    }
    const fields = this.#fields(ours, theirs, endpoint)
    this.#verifyProof(session, 'dialled', { fields, proof, signer: theirs.address }, () => {
      if (this.#isClonedSelf(session, theirs)) return
      this.#knownAsShoal.add(`endpoint ${endpoint}`)
      const peer = this.#shoalPeer(session, theirs, ours, pong)
      this.#hooks.onProven(peer, waiting, () => this.#hooks.onServersTold(peer, pong.servers))
    })
  }

  #verifyProof(
    session: Session,
    role: ProofRole,
    claim: { fields: ProofFields; proof: ProofMessage; signer: string },
    then: () => void,
  ): void {
    const { fields, proof, signer } = claim
    // One nonce for both sides would let a peer prove itself to itself.
    if (fields.dialler.nonce === fields.dialled.nonce) {
      this.#refuse(session, 'bad-proof')
      return
    }
    const text = proofDigest(role, fields, this.#kernel.sha256)
    this.#kernel.ask('verify', { text, address: signer, signature: proof.sig }, (result) => {
      if (session.state.kind !== 'judging') return
      if (!result.ok || !result.value) return this.#refuse(session, 'bad-proof')
      if (this.#sessions.bans.hasKey(signer)) return this.#refuse(session, 'banned')
      then()
    })
  }

  /** Only now is it known that the other end has our key, and is not merely saying so. */
  #isClonedSelf(session: Session, theirs: Hello): boolean {
    if (theirs.address !== this.#identity.address) return false
    if (theirs.instance !== this.#identity.instance) this.#hooks.onClonedSelf(session)
    this.#refuse(session, 'CLONED_IDENTITY')
    return true
  }

  #shoalPeer(session: Session, theirs: Hello, ours: Hello, message: PingMessage | PongMessage): Peer {
    this.#knownAsShoal.add(`id ${message.clientId}`)
    return {
      session,
      peerId: theirs.address,
      clientId: message.clientId,
      instance: theirs.instance,
      proven: true,
      isServer: message.isServer,
      features: sharedFeatures(ours, theirs),
      // Its signature was checked with the ping; one of another key is no word of this peer's.
      signed: message.type === 'ping' && message.isServer ? message.peer : undefined,
    }
  }

  #pingFault(ping: PingMessage): string | undefined {
    const { peer, shoal } = ping
    if (peer.topic !== this.#config.topicPublicId) return 'other-topic'
    if (peer.timestamp > this.#kernel.now + CLOCK_AHEAD_MAX_MS) return 'from-the-future'
    if (!this.#config.isAddress(peer.address) || clientIdOf(peer.address) !== ping.clientId) return 'foreign-client-id'
    if (shoal !== undefined) {
      return shoal.address !== peer.address ? 'foreign-client-id' : this.#helloFault(shoal, ping.clientId)
    }
    if (this.#config.plainPeers === 'refuse') return 'plain-peer'
    if (ping.clientId === this.#identity.clientId) return 'foreign-client-id'
    if (this.#knownAsShoal.has(`id ${ping.clientId}`)) return 'shoal-gone-plain'
    return this.#hooks.isClientIdTaken(ping.clientId, undefined) ? 'client-id-in-use' : undefined
  }

  #helloFault(hello: Hello, clientId: string): string | undefined {
    if (hello.v !== HELLO_VERSION || !hello.features.includes('proof')) return 'other-version'
    if (!this.#config.isAddress(hello.address)) return 'not-an-address'
    if (clientIdOf(hello.address) !== clientId) return 'foreign-client-id'
    return this.#hooks.isClientIdTaken(clientId, hello.address) ? 'client-id-in-use' : undefined
  }

  #fields(dialler: Hello, dialled: Hello, endpoint: string): ProofFields {
    // The hash of an encrypted channel's handshake goes here once there is one.
    return { topicPublicId: this.#config.topicPublicId, dialler, dialled, endpoint, handshakeHash: '' }
  }

  #signProof(role: ProofRole, fields: ProofFields, then: (sig: string) => void): void {
    const text = proofDigest(role, fields, this.#kernel.sha256)
    this.#kernel.ask('sign', { signer: 'peer', text }, (result) => {
      if (result.ok) then(result.value)
    })
  }

  #proofText(endpoint: string, sig: string): string {
    return messageText({ type: 'proof', id: this.#kernel.messageId(), to: [], endpoint, sig })
  }

  /** Says why, to a shoal peer, and ends the session. */
  #refuse(session: Session, reason: string): void {
    this.#kernel.counters.add(`handshake.${reason}`)
    const isOurWord = reason === 'NOT_MY_ENDPOINT' || reason === 'CLONED_IDENTITY'
    if (session.state.kind === 'judging' || isOurWord) {
      const code = isOurWord ? reason : 'REFUSED'
      this.#send(session, messageText({ type: 'ack', id: this.#kernel.messageId(), to: [], code }))
    }
    this.#hooks.onOutcome(session, { kind: 'refused', reason })
    this.#sessions.close(session, CLOSE.policy, reason)
  }

  #send(session: Session, text: string): void {
    this.#kernel.tell({ kind: 'send', channel: session.channel, text })
  }
}
