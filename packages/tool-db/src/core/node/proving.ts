/** The proofs of two shoal peers, and what is made of them: each signs what both have said, with the key that it claims. */

import { formatEndpoint, parseHostPort } from '@shoal/base'
import {
  endpointDigest,
  type Hello,
  type ProofFields,
  type ProofRole,
  proofDigest,
  type SignedEndpoint,
  sharedFeatures,
} from '@shoal/peer'
import type { PingMessage, PongMessage, ProofMessage } from '../wire/message.ts'
import { messageText } from '../wire/serialise.ts'
import type { Certification } from './certification.ts'
import type { NodeConfig } from './config.ts'
import type { Identity } from './identity.ts'
import type { Kernel } from './kernel.ts'
import type { Remembered } from './remembered.ts'
import type { Secrecy } from './secrecy.ts'
import type { HeldFrame, Peer, Session } from './session.ts'
import type { Sessions } from './sessions.ts'

export interface ProvingParts {
  readonly kernel: Kernel
  readonly config: NodeConfig
  readonly identity: Identity
  readonly sessions: Sessions
  readonly secrecy: Secrecy
  readonly knownAsShoal: Remembered
  readonly certification: Certification
}

export interface ProvingHooks {
  refuse(session: Session, reason: string): void
  /** The handshake holds. The roster admits the peer, or closes the session. */
  onProven(peer: Peer, waiting: readonly HeldFrame[], admitted: () => void): void
  /** A pong told of these; nothing about them is verified. */
  onServersTold(peer: Peer, servers: readonly SignedEndpoint[]): void
  onClonedSelf(session: Session): void
}

export class Proving {
  readonly #kernel: Kernel
  readonly #config: NodeConfig
  readonly #identity: Identity
  readonly #sessions: Sessions
  readonly #secrecy: Secrecy
  readonly #knownAsShoal: Remembered
  readonly #certification: Certification
  readonly #hooks: ProvingHooks

  constructor(parts: ProvingParts, hooks: ProvingHooks) {
    this.#kernel = parts.kernel
    this.#config = parts.config
    this.#identity = parts.identity
    this.#sessions = parts.sessions
    this.#secrecy = parts.secrecy
    this.#knownAsShoal = parts.knownAsShoal
    this.#certification = parts.certification
    this.#hooks = hooks
  }

  /** The dialler proves itself first. */
  prove(session: Session, sides: Pick<ProofFields, 'dialler' | 'dialled'>): void {
    const endpoint = formatEndpoint(session.dialled ?? session.remote)
    this.#signProof('dialler', this.#fields(session, endpoint, sides), (sig) => {
      if (session.state.kind === 'proving') this.#send(session, this.#proofText(endpoint, sig))
    })
  }

  handleProof(session: Session, proof: ProofMessage): void {
    const { state } = session
    if (state.kind === 'ponged') this.#judgeDialler(session, proof, state)
    else if (state.kind === 'proving') this.#judgeDialled(session, proof, state)
  }

  /** The signed endpoint of a ping: `then` where its signature holds. */
  checkEndpoint(session: Session, peer: SignedEndpoint, then: () => void): void {
    const text = endpointDigest(peer, this.#kernel.sha256)
    this.#kernel.ask('verify', { text, address: peer.address, signature: peer.sig }, (result) => {
      if (session.state.kind === 'closed') return
      if (result.ok && result.value) then()
      else this.#hooks.refuse(session, 'forged-endpoint')
    })
  }

  #judgeDialler(session: Session, proof: ProofMessage, state: Session['state'] & { kind: 'ponged' }): void {
    const { ping, theirs, ours } = state
    const waiting: HeldFrame[] = []
    session.state = { kind: 'judging', theirs, waiting }
    const fields = this.#fields(session, proof.endpoint, { dialler: theirs, dialled: ours })
    const answer = (): void =>
      this.#signProof('dialled', fields, (sig) => {
        if (session.state.kind !== 'judging') return
        const peer = this.#shoalPeer(session, theirs, ours, ping)
        this.#hooks.onProven(peer, waiting, () => this.#send(session, this.#proofText(proof.endpoint, sig)))
      })
    this.#verifyProof(session, 'dialler', { fields, proof, signer: theirs.address }, () => {
      if (this.#isClonedSelf(session, theirs)) return
      const endpoint = parseHostPort(proof.endpoint)
      if (endpoint === undefined) return this.#hooks.refuse(session, 'NOT_MY_ENDPOINT')
      this.#kernel.ask('own-endpoint', { endpoint, remote: session.remote }, (own) => {
        if (session.state.kind !== 'judging') return
        if (!own.ok || !own.value) return this.#hooks.refuse(session, 'NOT_MY_ENDPOINT')
        // A ping in clear was checked before it was answered.
        if (session.handshakeHash === '') answer()
        else this.checkEndpoint(session, ping.peer, answer)
      })
    })
  }

  #judgeDialled(session: Session, proof: ProofMessage, state: Session['state'] & { kind: 'proving' }): void {
    const { pong, theirs, ours } = state
    const waiting: HeldFrame[] = []
    session.state = { kind: 'judging', theirs, waiting }
    const endpoint = formatEndpoint(session.dialled ?? session.remote)
    if (proof.endpoint !== endpoint) {
      this.#hooks.refuse(session, 'bad-proof')
      return
    }
    const fields = this.#fields(session, endpoint, { dialler: ours, dialled: theirs })
    this.#verifyProof(session, 'dialled', { fields, proof, signer: theirs.address }, () => {
      if (this.#isClonedSelf(session, theirs)) return
      this.#knownAsShoal.add(`endpoint ${endpoint}`)
      this.#secrecy.remember(session)
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
      this.#hooks.refuse(session, 'bad-proof')
      return
    }
    const text = proofDigest(role, fields, this.#kernel.sha256)
    this.#kernel.ask('verify', { text, address: signer, signature: proof.sig }, (result) => {
      if (session.state.kind !== 'judging') return
      if (!result.ok || !result.value) return this.#hooks.refuse(session, 'bad-proof')
      if (this.#sessions.bans.hasKey(signer)) return this.#hooks.refuse(session, 'banned')
      then()
    })
  }

  /** Only now is it known that the other end has our key, and is not merely saying so. */
  #isClonedSelf(session: Session, theirs: Hello): boolean {
    if (theirs.address !== this.#identity.address) return false
    if (theirs.instance !== this.#identity.instance) this.#hooks.onClonedSelf(session)
    this.#hooks.refuse(session, 'CLONED_IDENTITY')
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
      certificate: this.#certification.takenFrom(session, message.isServer, theirs),
    }
  }

  #fields({ handshakeHash }: Session, endpoint: string, sides: Pick<ProofFields, 'dialler' | 'dialled'>): ProofFields {
    return { topicPublicId: this.#config.topicPublicId, ...sides, endpoint, handshakeHash }
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

  #send(session: Session, text: string): void {
    this.#kernel.tell({ kind: 'send', channel: session.channel, text })
  }
}
