/**
 * How two peers meet: `ping` and `pong` as tool-db has them, then, between shoal peers, a proof of each side. Whoever
 * gets through is handed to the roster, which decides between two connections of one peer.
 */

import { formatEndpoint, HOUR } from '@shoal/base'
import {
  CLOCK_AHEAD_MAX_MS,
  clientIdOf,
  type DialOutcome,
  HELLO_VERSION,
  type Hello,
  type NoiseEngine,
  type NoiseHandshake,
  type SignedEndpoint,
} from '@shoal/peer'
import type { NoiseMessage, PingMessage, PongMessage, ProofMessage } from '../wire/message.ts'
import { messageText } from '../wire/serialise.ts'
import { CERTIFICATE_CODES, isCertificateCode } from './certificate-code.ts'
import type { Certification } from './certification.ts'
import type { NodeConfig } from './config.ts'
import type { Identity } from './identity.ts'
import type { Kernel } from './kernel.ts'
import { Proving, type ProvingHooks } from './proving.ts'
import { Remembered } from './remembered.ts'
import { ENCRYPTION_REFUSALS, Secrecy } from './secrecy.ts'
import type { Peer, Session } from './session.ts'
import { CLOSE, type Sessions } from './sessions.ts'

export interface HandshakeHooks extends Omit<ProvingHooks, 'refuse'> {
  /** True where a peer of this address and instance is connected already, and is not `session`. */
  isConnected(address: string, instance: string): boolean
  /** True where this client id belongs to another than `address` now (`undefined`: to anybody). */
  isClientIdTaken(clientId: string, address: string | undefined): boolean
  /** Servers as others know them, for our pong. */
  serversFor(session: Session): readonly SignedEndpoint[]
  /** What to report of an outbound session that ends here. */
  onOutcome(session: Session, outcome: DialOutcome): void
}

/** Refusals that the other side is told by their name. */
const OUR_WORDS: ReadonlySet<string> = new Set(['NOT_MY_ENDPOINT', 'CLONED_IDENTITY', ...ENCRYPTION_REFUSALS])
/** Those whose meaning hangs on who says it: taken from nobody. */
const SAID_ONLY: ReadonlySet<string> = new Set(CERTIFICATE_CODES)

/** How long an endpoint or a client id that was shoal's is not taken as plain. */
const SHOAL_MEMORY = { lifetime: 24 * HOUR, countMax: 8_192 }

export class Handshake {
  readonly #kernel: Kernel
  readonly #config: NodeConfig
  readonly #identity: Identity
  readonly #sessions: Sessions
  readonly #hooks: HandshakeHooks
  readonly #secrecy: Secrecy
  readonly #proving: Proving
  readonly #certification: Certification
  /** BOUNDED: see SHOAL_MEMORY. */
  readonly #knownAsShoal: Remembered

  constructor(
    parts: {
      kernel: Kernel
      config: NodeConfig
      identity: Identity
      sessions: Sessions
      noise: NoiseEngine
      certification: Certification
    },
    hooks: HandshakeHooks,
  ) {
    this.#kernel = parts.kernel
    this.#config = parts.config
    this.#identity = parts.identity
    this.#sessions = parts.sessions
    this.#hooks = hooks
    this.#secrecy = new Secrecy(parts)
    this.#certification = parts.certification
    this.#knownAsShoal = new Remembered(parts.kernel, SHOAL_MEMORY)
    this.#proving = new Proving(
      { ...parts, secrecy: this.#secrecy, knownAsShoal: this.#knownAsShoal },
      { ...hooks, refuse: (session, reason) => this.#refuse(session, reason) },
    )
  }

  /** The dialler speaks first. */
  start(session: Session): void {
    if (!this.#secrecy.isPossible(session)) {
      this.#refuse(session, 'ENCRYPTION_REQUIRED')
      return
    }
    const offer = this.#secrecy.offer(session)
    const ours = this.#identity.hello(this.#secrecy.features(session))
    if (offer?.isBare) {
      session.state = { kind: 'pinged', ours, offer }
      this.#sendNoise(session, offer.data)
      return
    }
    this.#identity.sign((signed) => {
      if (session.state.kind !== 'opened') return
      if (signed === undefined) return this.#sessions.close(session, CLOSE.away, 'signing failed')
      session.state = { kind: 'pinged', ours, offer }
      this.#send(session, this.pingText(signed, offer === undefined ? ours : { ...ours, noise: offer.data }))
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
    const refusal = this.#pingFault(ping) ?? this.#secrecy.fault(session, ping.shoal)
    if (refusal !== undefined) {
      this.#refuse(session, refusal, ping.shoal !== undefined)
      return
    }
    const { shoal } = ping
    if (shoal?.noise !== undefined && this.#secrecy.isShared(session, shoal)) {
      // What counts is the ping inside the third message: this one may have been changed on the way.
      this.#answerOffer(session, shoal.noise, shoal.address)
      return
    }
    this.#proving.checkEndpoint(session, ping.peer, () => {
      if (session.state.kind === 'checking') this.#answerPing(session, ping)
    })
  }

  handleNoise(session: Session, { data }: NoiseMessage): void {
    const { state } = session
    if (state.kind === 'opened') {
      if (this.#secrecy.mayEncrypt(session)) this.#answerOffer(session, data, undefined)
      else this.#refuse(session, 'ENCRYPTION_OFF')
    } else if (state.kind === 'pinged') this.#handleAnswer(session, data, state)
    else if (state.kind === 'answered') this.#handleThird(session, data, state)
  }

  handlePong(session: Session, pong: PongMessage): void {
    if (session.state.kind !== 'pinged') return
    const { ours } = session.state
    const fault = this.#secrecy.fault(session, pong.shoal)
    if (fault !== undefined) this.#refuse(session, fault)
    else if (pong.shoal === undefined) this.#acceptPlainPong(session, pong)
    else this.#handleShoalPong(session, pong, { theirs: pong.shoal, ours, answer: () => undefined })
  }

  /** `answer`: what is sent before our proof. */
  #handleShoalPong(
    session: Session,
    pong: PongMessage,
    { theirs, ours, answer }: { theirs: Hello; ours: Hello; answer: () => void },
  ): void {
    // Before anything else is said to whom we dialled: he may be anybody.
    const fault = this.#helloFault(theirs, pong.clientId) ?? this.#certification.fault(theirs)
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
    answer()
    this.#proving.prove(session, { dialler: ours, dialled: theirs })
  }

  handleProof(session: Session, proof: ProofMessage): void {
    this.#proving.handleProof(session, proof)
  }

  /** A refusal of the other side's while the handshake goes on. */
  handleAck(session: Session, code: string): void {
    this.#refuse(session, OUR_WORDS.has(code) ? code : 'refused-by-peer')
  }

  /** A session has ended before it was connected. */
  handleClosed(session: Session, before: Session['state']): void {
    // tool-db overhears what it does not know, and an offer without a ping is that.
    if (before.kind !== 'pinged' || before.offer?.isBare !== true) return
    // Where whoever is no member is not talked to there is nothing to be done about it.
    if (this.#config.membership.kind !== 'open') return
    this.#secrecy.tellRefused(session, 'ENCRYPTION_UNANSWERED')
  }

  /** The second Noise message, our pong inside: for whoever gave this first one. */
  #answerOffer(session: Session, data: string, claimed: string | undefined): void {
    const offered = this.#secrecy.respond(data)
    if (offered === undefined) {
      this.#refuse(session, 'bad-noise')
      return
    }
    const { noise, meantFor } = offered
    session.state = { kind: 'checking' }
    if (meantFor === undefined) {
      this.#answerNoise(session, noise, claimed)
      return
    }
    this.#kernel.ask('own-endpoint', { endpoint: meantFor, remote: session.remote }, (own) => {
      if (session.state.kind !== 'checking') return
      if (own.ok && own.value) this.#answerNoise(session, noise, claimed)
      else this.#refuse(session, 'not-meant-for-us')
    })
  }

  #answerNoise(session: Session, noise: NoiseHandshake, claimed: string | undefined): void {
    const ours = this.#identity.hello(this.#secrecy.features(session))
    const { clientId } = this.#identity
    // Which servers there are is told to peers only, and this is not one yet.
    const pong = {
      type: 'pong',
      id: this.#kernel.messageId(),
      to: [],
      clientId,
      isServer: this.#config.isServer,
      servers: [],
      shoal: ours,
    } as const
    const answer = this.#secrecy.write(noise, messageText(pong))
    if (answer === undefined) {
      this.#refuse(session, 'bad-noise')
      return
    }
    session.state = { kind: 'answered', noise, ours, claimed }
    this.#sendNoise(session, answer)
  }

  /** The second Noise message has come. */
  #handleAnswer(session: Session, data: string, state: Session['state'] & { kind: 'pinged' }): void {
    const { ours, offer } = state
    const noise = offer?.noise
    const pong = noise === undefined ? undefined : this.#secrecy.read(noise, data)
    if (noise === undefined || pong?.type !== 'pong' || pong.shoal === undefined) {
      this.#refuse(session, 'bad-noise')
      return
    }
    this.#identity.sign((signed) => {
      if (session.state.kind !== 'pinged' || pong.shoal === undefined) return
      if (signed === undefined) return this.#sessions.close(session, CLOSE.away, 'signing failed')
      const answer = (): void => {
        const third = this.#secrecy.write(noise, this.pingText(signed, ours))
        if (third === undefined) {
          this.#refuse(session, 'bad-noise')
          return
        }
        this.#sendNoise(session, third)
        this.#secrecy.secure(session, noise)
      }
      this.#handleShoalPong(session, pong, { theirs: pong.shoal, ours, answer })
    })
  }

  /** The third Noise message has come, and with it who the dialler says to be. */
  #handleThird(session: Session, data: string, state: Session['state'] & { kind: 'answered' }): void {
    const { noise, ours } = state
    const ping = this.#secrecy.read(noise, data)
    if (ping?.type !== 'ping' || ping.shoal === undefined) {
      this.#refuse(session, 'bad-noise')
      return
    }
    this.#secrecy.secure(session, noise)
    const fault = this.#pingFault(ping)
    if (fault !== undefined) this.#refuse(session, fault)
    else session.state = { kind: 'ponged', ping, theirs: ping.shoal, ours }
  }

  #answerPing(session: Session, ping: PingMessage): void {
    const ours = this.#identity.hello(this.#secrecy.features(session))
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
      certificate: undefined,
    }
    this.#hooks.onProven(peer, [], () => undefined)
  }

  #acceptPlainPong(session: Session, pong: PongMessage): void {
    const endpoint = formatEndpoint(session.dialled ?? session.remote)
    if (this.#config.plainPeers === 'refuse' || this.#certification.isNeeded) {
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
      certificate: undefined,
    }
    this.#hooks.onProven(peer, [], () => this.#hooks.onServersTold(peer, pong.servers))
  }

  #pingFault(ping: PingMessage): string | undefined {
    const { peer, shoal } = ping
    if (peer.topic !== this.#config.topicPublicId) return 'other-topic'
    if (peer.timestamp > this.#kernel.now + CLOCK_AHEAD_MAX_MS) return 'from-the-future'
    if (!this.#config.isAddress(peer.address) || clientIdOf(peer.address) !== ping.clientId) return 'foreign-client-id'
    if (shoal !== undefined) {
      const fault = shoal.address !== peer.address ? 'foreign-client-id' : this.#helloFault(shoal, ping.clientId)
      return fault ?? (ping.isServer ? this.#certification.fault(shoal) : undefined)
    }
    if (ping.isServer && this.#certification.isNeeded) return 'plain-peer'
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

  /** Says why, to a shoal peer, and ends the session. */
  #refuse(session: Session, reason: string, isShoal = true): void {
    this.#kernel.counters.add(`handshake.${reason}`)
    const isSilent = this.#secrecy.isSilent && session.handshakeHash === ''
    // How soon it ends would tell how far he came.
    if (this.#sessions.turnsDeaf(session)) return
    const isOurWord = (OUR_WORDS.has(reason) || SAID_ONLY.has(reason)) && isShoal && !isSilent
    this.#secrecy.tellRefused(session, reason)
    this.#certification.tellRefused(session, reason)
    if (session.state.kind === 'judging' || isOurWord) {
      const code = isOurWord ? reason : 'REFUSED'
      this.#send(session, messageText({ type: 'ack', id: this.#kernel.messageId(), to: [], code }))
    }
    this.#hooks.onOutcome(session, { kind: 'refused', reason, ...(isCertificateCode(reason) && { isPassing: true }) })
    this.#sessions.close(session, CLOSE.policy, reason)
  }

  #sendNoise(session: Session, data: string): void {
    this.#send(session, messageText({ type: 'noise', id: this.#kernel.messageId(), to: [], data }))
  }

  #send(session: Session, text: string): void {
    this.#kernel.tell({ kind: 'send', channel: session.channel, text })
  }
}
