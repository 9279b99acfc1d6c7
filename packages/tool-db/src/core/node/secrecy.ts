/**
 * Whether a connection is encrypted, and the Noise handshake that makes it so. What was in clear before is bound afterwards:
 * the proof signs both sides' features and the hash of the handshake, so whoever took `encrypt` out of a
 * hello, or shook hands with both sides, is found out by it.
 */

import { type Endpoint, formatEndpoint, fromHex, HOUR, parseHostPort, toHex, utf8, utf8Text } from '@shoal/base'
import {
  type Hello,
  lengthPrefixed,
  type NoiseEngine,
  NoiseHandshake,
  type NoiseKeyPair,
  type NoiseRole,
} from '@shoal/peer'
import type { Message } from '../wire/message.ts'
import type { NodeConfig } from './config.ts'
import type { Kernel } from './kernel.ts'
import { Remembered } from './remembered.ts'
import type { Offer, Session } from './session.ts'
import type { Sessions } from './sessions.ts'

const FEATURE = 'encrypt'
const LABEL = 'shoal noise 1'
const NOTHING = new Uint8Array(0)
/** How long an endpoint that we had an encrypted connection with is greeted without a ping in clear. */
const MEMORY = { lifetime: 24 * HOUR, countMax: 4_096 }

/** Said in an `ack`; the last by nobody: it is what silence means. */
export const ENCRYPTION_REFUSALS: readonly string[] = ['ENCRYPTION_REQUIRED', 'ENCRYPTION_OFF']

/** What the application is told of each. */
const SENTENCES: ReadonlyMap<string, (endpoint: string) => string> = new Map([
  [
    'ENCRYPTION_REQUIRED',
    (endpoint) =>
      `${endpoint} and this peer do not share encryption, and one of them requires it: leave out encryption: false there, and network adapters that carry only text`,
  ],
  [
    'ENCRYPTION_OFF',
    (endpoint) =>
      `${endpoint} does not encrypt, and this peer requires it: leave out encryption: false there, or requireEncryption here`,
  ],
  [
    'ENCRYPTION_UNANSWERED',
    (endpoint) =>
      `${endpoint} did not answer an encrypted greeting: a plain tool-db server does not know it; leave out requireEncryption to talk to one`,
  ],
])

export class Secrecy {
  readonly #kernel: Kernel
  readonly #config: NodeConfig
  readonly #sessions: Sessions
  readonly #engine: NoiseEngine
  /** Who has it proves nothing by it: what the peer key signs is the hash of a handshake that has it inside. */
  #staticKey: NoiseKeyPair | undefined
  /** BOUNDED: see MEMORY. */
  readonly #encrypting: Remembered

  constructor(parts: { kernel: Kernel; config: NodeConfig; sessions: Sessions; noise: NoiseEngine }) {
    this.#kernel = parts.kernel
    this.#config = parts.config
    this.#sessions = parts.sessions
    this.#engine = parts.noise
    this.#encrypting = new Remembered(parts.kernel, MEMORY)
  }

  mayEncrypt(session: Session): boolean {
    return this.#config.encryption !== 'off' && !session.isTextOnly
  }

  /** What our hello names besides, on this connection. */
  features(session: Session): readonly string[] {
    return this.mayEncrypt(session) ? [FEATURE] : []
  }

  isShared(session: Session, theirs: Hello): boolean {
    return this.mayEncrypt(session) && theirs.features.includes(FEATURE)
  }

  /** False where it must be encrypted, and can't. */
  isPossible(session: Session): boolean {
    return this.#config.encryption !== 'require' || this.mayEncrypt(session)
  }

  /** Of a ping or a pong that came in clear. */
  fault(session: Session, theirs: Hello | undefined): string | undefined {
    const isShared = theirs !== undefined && this.isShared(session, theirs)
    if (!isShared) return this.#config.encryption === 'require' ? 'ENCRYPTION_REQUIRED' : undefined
    // A dialler that can encrypt has offered it, and whoever can and was offered it does not answer in clear.
    return session.direction === 'inbound' && theirs.noise !== undefined ? undefined : 'encryption-stripped'
  }

  /** `undefined` where this connection is not to be encrypted. */
  offer(session: Session): Offer | undefined {
    if (!this.mayEncrypt(session)) return undefined
    const noise = this.#handshake('initiator')
    const data = this.write(noise, this.isSilent ? nameOf(session) : '') as string
    // Once: if it comes to nothing, the next greeting is one that everybody understands.
    const isKnown = this.#encrypting.take(nameOf(session))
    // Whoever is dialled on a topic with an owner, or a secret, has to show that he belongs to it before he is told anything.
    const isReserved = this.#config.membership.kind !== 'open'
    return { noise, data, isBare: isKnown || isReserved || this.#config.encryption === 'require' }
  }

  /** On a topic with a secret nothing at all is said to whoever has not shown that he knows it. */
  get isSilent(): boolean {
    return this.#config.membership.kind === 'secret'
  }

  /**
   * Our side of a handshake whose first message this is, and, on a topic with a secret, whom it was meant for: who repeats to
   * one server what he saw another one get would know by an answer that both are of one topic.
   */
  respond(data: string): { readonly noise: NoiseHandshake; readonly meantFor: Endpoint | undefined } | undefined {
    const noise = this.#handshake('responder')
    const payload = noise.read(fromHex(data) as Uint8Array)
    if (payload === undefined) return undefined
    if (!this.isSilent) return payload.length === 0 ? { noise, meantFor: undefined } : undefined
    const meantFor = parseHostPort(utf8Text(payload) ?? '')
    return meantFor === undefined ? undefined : { noise, meantFor }
  }

  write(noise: NoiseHandshake, payload: string): string | undefined {
    const message = noise.write(payload === '' ? NOTHING : utf8(payload))
    return message === undefined ? undefined : toHex(message)
  }

  /** The message inside. */
  read(noise: NoiseHandshake, data: string): Message | undefined {
    const payload = noise.read(fromHex(data) as Uint8Array)
    return payload === undefined ? undefined : this.#sessions.parse(payload)
  }

  /** From here on. */
  secure(session: Session, noise: NoiseHandshake): void {
    const keys = noise.finish()
    session.handshakeHash = toHex(keys.handshakeHash)
    this.#kernel.tell({ kind: 'secure', channel: session.channel, keys })
  }

  /** The peer at the endpoint that we dialled has proved itself. */
  remember(session: Session): void {
    if (session.handshakeHash !== '') this.#encrypting.add(nameOf(session))
  }

  /** Tells the application why a dial of ours came to nothing, where it is for this. */
  tellRefused(session: Session, code: string): void {
    const sentence = SENTENCES.get(code)
    if (sentence === undefined || session.direction === 'inbound') return
    const { host, port }: Endpoint = session.dialled ?? session.remote
    this.#kernel.emit({ kind: 'encryption-refused', refusal: { host, port, code, message: sentence(nameOf(session)) } })
  }

  #handshake(role: NoiseRole): NoiseHandshake {
    this.#staticKey ??= this.#engine.keyPair()
    // Who does not know the topic cannot give an answer that we can read, and is told nothing of us.
    const prologue = lengthPrefixed([LABEL, this.#config.topicPublicId])
    const init = { engine: this.#engine, role, prologue, staticKey: this.#staticKey }
    const { membership } = this.#config
    if (membership.kind !== 'secret') return new NoiseHandshake(init)
    // From the first message on: without the key none can be answered, or read.
    return new NoiseHandshake({ ...init, preSharedKeys: [{ position: 0, key: membership.key }] })
  }
}

function nameOf(session: Session): string {
  return formatEndpoint(session.dialled ?? session.remote)
}
