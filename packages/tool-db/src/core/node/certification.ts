/**
 * Who is a server of a topic with an owner: whoever shows the owner's certificate for the key that it proves to have, while
 * that certificate lasts and the owner has not revoked it. Of other topics everybody is.
 */

import { formatEndpoint, MINUTE } from '@shoal/base'
import {
  type Certificate,
  type CertificateFault,
  CLOCK_AHEAD_MAX_MS,
  certificateFault,
  EMPTY_ROSTER,
  type Hello,
  isRevoked,
  type TopicRoster,
  timeFault,
  type VerifyEd25519,
} from '@shoal/peer'
import { type CertificateCode, isCertificateCode } from './certificate-code.ts'
import type { NodeConfig } from './config.ts'
import type { Kernel, Timer } from './kernel.ts'
import { Remembered } from './remembered.ts'
import type { Peer, Session } from './session.ts'

const WORDS: Readonly<Record<CertificateFault, string>> = {
  forged: 'forged-certificate',
  'other-topic': 'foreign-certificate',
  'other-peer': 'foreign-certificate',
  'not-yet-valid': 'CERTIFICATE_NOT_YET_VALID',
  expired: 'CERTIFICATE_EXPIRED',
}

/** What the application is told of a server, and what the server's own is told of itself. */
const SENTENCES: Readonly<Record<CertificateCode, { theirs: (server: string) => string; ours: string }>> = {
  CERTIFICATE_EXPIRED: {
    theirs: (server) =>
      `the certificate of the server ${server} has expired: its operator needs a new one from the owner of the topic; check this machine's clock too`,
    ours: "this server's certificate has expired, so nobody talks to it: have the owner of the topic sign a new one (shoal topic sign), and start again with that",
  },
  CERTIFICATE_REVOKED: {
    theirs: (server) =>
      `the owner of the topic has revoked the certificate of the server ${server}: it is not talked to`,
    ours: "the owner of the topic has revoked this server's certificate, so nobody talks to it: ask the owner for a new one",
  },
  CERTIFICATE_NOT_YET_VALID: {
    theirs: (server) =>
      `the certificate of the server ${server} is dated in the future: check the clocks of this machine and of the owner's`,
    ours: "this server's certificate is dated in the future: check the clock of this machine",
  },
}

/** A refusal is said once a minute for each place that it is met at: a liar could copy an old certificate again and again. */
const REFUSALS_TOLD = { lifetime: MINUTE, countMax: 256 }

export interface CertificationHooks {
  /** The certificates of connected peers are to be looked at anew. */
  onDoubt(): void
}

export class Certification {
  readonly #kernel: Kernel
  readonly #config: NodeConfig
  readonly #verify: VerifyEd25519
  readonly #hooks: CertificationHooks
  readonly #told: Remembered
  #roster: TopicRoster = EMPTY_ROSTER
  /** What is wrong with our own, as far as it was told. */
  #ownOver: CertificateCode | undefined
  #change: { readonly at: number; readonly timer: Timer } | undefined

  constructor(parts: { kernel: Kernel; config: NodeConfig; verify: VerifyEd25519 }, hooks: CertificationHooks) {
    this.#kernel = parts.kernel
    this.#config = parts.config
    this.#verify = parts.verify
    this.#hooks = hooks
    this.#told = new Remembered(parts.kernel, REFUSALS_TOLD)
  }

  get isNeeded(): boolean {
    return this.#config.membership.kind === 'certified'
  }

  start(): void {
    if (this.#own !== undefined) this.#doubt()
    else if (this.isNeeded && this.#config.isServer) {
      const message = `this server has no certificate of the topic's owner, so nobody talks to it: have the owner sign one for ${this.#config.peerAddress} (shoal topic sign), and give it as certificate`
      this.#kernel.emit({ kind: 'uncertified', why: { code: 'CERTIFICATE_MISSING', message } })
    }
  }

  /** The word for why a peer is no server of the topic, or `undefined` where it is one. */
  fault({ address, certificate }: Pick<Hello, 'address' | 'certificate'>): string | undefined {
    const { membership } = this.#config
    if (membership.kind !== 'certified') return undefined
    if (certificate === undefined) return 'not-certified'
    const { topic } = membership
    const fault = certificateFault(certificate, { topic, peerId: address, now: this.#kernel.now, verify: this.#verify })
    return fault === undefined ? this.#revocation(certificate) : WORDS[fault]
  }

  /** What was judged when the peer came: that of whoever is a server, or was dialled as one. */
  takenFrom(session: Session, isServer: boolean, theirs: Hello): Certificate | undefined {
    return this.isNeeded && (isServer || session.direction === 'outbound') ? theirs.certificate : undefined
  }

  handleConnected({ certificate }: Peer): void {
    if (certificate !== undefined) this.#watch(certificate)
  }

  /** What the owner has published last. */
  handleRoster(roster: TopicRoster): void {
    this.#roster = roster
    this.#doubt()
  }

  /** Of a certificate that held once. */
  codeNow(certificate: Certificate): CertificateCode | undefined {
    const fault = timeFault(certificate, this.#kernel.now)
    return fault === undefined ? this.#revocation(certificate) : (WORDS[fault] as CertificateCode)
  }

  /** Tells the application why a dial of ours came to nothing, where a genuine certificate is the reason. */
  tellRefused(session: Session, reason: string): void {
    if (!isCertificateCode(reason) || session.direction === 'inbound') return
    const { host, port } = session.dialled ?? session.remote
    const server = formatEndpoint({ host, port })
    if (!this.#told.addNew(`${reason} ${server}`)) return
    const message = SENTENCES[reason].theirs(server)
    this.#kernel.emit({ kind: 'certificate-refused', refusal: { host, port, code: reason, message } })
  }

  get #own(): Certificate | undefined {
    const { membership } = this.#config
    return membership.kind === 'certified' ? membership.certificate : undefined
  }

  #revocation(certificate: Certificate): CertificateCode | undefined {
    return isRevoked(this.#roster, certificate) ? 'CERTIFICATE_REVOKED' : undefined
  }

  #doubt(): void {
    const code = this.#own === undefined ? undefined : this.codeNow(this.#own)
    if (code !== undefined && code !== this.#ownOver) {
      this.#kernel.emit({ kind: 'uncertified', why: { code, message: SENTENCES[code].ours } })
    }
    if ((code === undefined) !== (this.#ownOver === undefined)) {
      this.#kernel.tell({ kind: 'announce', on: code === undefined })
    }
    this.#ownOver = code
    if (this.#own !== undefined) this.#watch(this.#own)
    this.#hooks.onDoubt()
  }

  /** One timer for all: the first that begins or ends to hold. */
  #watch({ from, until }: Certificate): void {
    const { now } = this.#kernel
    const begins = from - CLOCK_AHEAD_MAX_MS
    const at = begins > now ? begins : until
    if (at <= now || (this.#change !== undefined && this.#change.at <= at)) return
    this.#kernel.cancel(this.#change?.timer)
    const timer = this.#kernel.after(at - now, () => {
      this.#change = undefined
      this.#doubt()
    })
    this.#change = { at, timer }
  }
}
