/**
 * Certificates of a topic with an owner: the owner's word, by the topic's own key, that a peer is one of its servers for a
 * while. Whoever has the topic can check it, and needs to trust nobody on the way.
 */

import { fromHex, type Millis, toHex } from '@shoal/base'
import { ED25519_SIGNATURE_BYTES, type VerifyEd25519 } from './ed25519.ts'
import { lengthPrefixed } from './length-prefixed.ts'
import { type OwnedTopic, TOPIC_BYTES_MAX } from './owned-topic.ts'
import { isAddressText, isFields, type Parsed, parsed, rejected } from './parsed.ts'
import { CLOCK_AHEAD_MAX_MS, isWireTime } from './signed-endpoint.ts'

const LABEL = 'shoal certificate 1'
const VERSION = 1

export interface Certificate {
  readonly v: typeof VERSION
  /** The topic's public id. */
  readonly topic: string
  /** The server's peer key: its whole address. */
  readonly peerId: string
  /** When it was signed, and holds from. */
  readonly from: Millis
  readonly until: Millis
  /** The owner's signature in hex. */
  readonly sig: string
}

export type CertificateFault = 'forged' | 'other-topic' | 'other-peer' | 'not-yet-valid' | 'expired'

export function parseCertificate(input: unknown): Parsed<Certificate> {
  if (!isFields(input)) return rejected('certificate-shape')
  const { v, topic, peerId, from, until, sig } = input
  if (v !== VERSION) return rejected('certificate-version')
  if (typeof topic !== 'string' || topic === '' || topic.length > TOPIC_BYTES_MAX) return rejected('certificate-topic')
  if (!isAddressText(peerId)) return rejected('certificate-peer')
  if (!isWireTime(from) || !isWireTime(until) || until <= from) return rejected('certificate-time')
  if (typeof sig !== 'string' || sig.length !== 2 * ED25519_SIGNATURE_BYTES || !/^[0-9a-f]+$/.test(sig)) {
    return rejected('certificate-signature')
  }
  return parsed({ v, topic, peerId, from, until, sig })
}

/** `sign` is Ed25519 by the key of the topic's owner. */
export function signCertificate(
  about: Pick<Certificate, 'peerId' | 'from' | 'until'>,
  owner: { readonly topic: OwnedTopic; sign(message: Uint8Array): Uint8Array },
): Certificate {
  const { peerId, from, until } = about
  const unsigned = { v: VERSION, topic: owner.topic.publicId, peerId, from, until } as const
  return { ...unsigned, sig: toHex(owner.sign(messageOf(unsigned))) }
}

export interface CertificateCheck {
  readonly topic: OwnedTopic
  readonly peerId: string
  readonly now: Millis
  readonly verify: VerifyEd25519
}

/** What is wrong with a parsed certificate. Its time is judged last: `expired` is said of genuine ones alone. */
export function certificateFault(certificate: Certificate, check: CertificateCheck): CertificateFault | undefined {
  const { topic, peerId, now, verify } = check
  if (certificate.topic !== topic.publicId) return 'other-topic'
  if (certificate.peerId !== peerId) return 'other-peer'
  const [owner, sig] = [fromHex(topic.owner), fromHex(certificate.sig)]
  if (owner === undefined || sig === undefined || !verify(owner, messageOf(certificate), sig)) return 'forged'
  return timeFault(certificate, now)
}

/** Of one whose signature was checked before. */
export function timeFault({ from, until }: Certificate, now: Millis): 'not-yet-valid' | 'expired' | undefined {
  if (from > now + CLOCK_AHEAD_MAX_MS) return 'not-yet-valid'
  return until <= now ? 'expired' : undefined
}

function messageOf({ topic, peerId, from, until }: Omit<Certificate, 'sig'>): Uint8Array {
  return lengthPrefixed([LABEL, topic, peerId, String(from), String(until)])
}
