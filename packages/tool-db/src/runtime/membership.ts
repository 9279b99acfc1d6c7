/** Who belongs to the topic of a database, and whether it does itself: a certificate that can't be right is said at the start. */

import type { Millis } from '@shoal/base'
import { type Certificate, type CertificateFault, certificateFault, type Topic } from '@shoal/peer'
import type { Membership } from '../core/node/config.ts'
import { CertificateError } from '../errors.ts'
import { NODE_VERIFY_ED25519 } from '../network/node-ed25519.ts'

/** Throws CertificateError. */
export function membershipOf(
  topic: Topic,
  own: { readonly certificate: Certificate | undefined; readonly peerId: string; readonly now: Millis },
): Membership {
  if (topic.kind === 'plain') return { kind: 'open' }
  if (topic.kind === 'private') return { kind: 'secret', key: topic.derive('noise') }
  const { certificate, peerId, now } = own
  const fault = certificate && certificateFault(certificate, { topic, peerId, now, verify: NODE_VERIFY_ED25519 })
  // A clock that is a little behind the owner's is no reason not to start.
  if (certificate !== undefined && fault !== undefined && fault !== 'not-yet-valid') {
    const code = fault === 'expired' ? 'SHOAL_CERTIFICATE_EXPIRED' : 'SHOAL_CERTIFICATE_WRONG'
    throw new CertificateError(code, SENTENCES[fault](certificate, peerId))
  }
  return { kind: 'certified', topic, certificate }
}

const SENTENCES: Readonly<
  Record<Exclude<CertificateFault, 'not-yet-valid'>, (certificate: Certificate, peerId: string) => string>
> = {
  expired: ({ until }) =>
    `this server's certificate has expired at ${new Date(until).toISOString()}: have the owner of the topic sign a new one (shoal topic sign), and check this machine's clock`,
  'other-peer': (_, peerId) =>
    `this server's certificate is for another peer key: have the owner of the topic sign one for ${peerId} (shoal topic sign), or start with the store that has that key`,
  'other-topic': () => "this server's certificate is for another topic: check which topic it is to serve",
  forged: () =>
    "this server's certificate is not signed by the owner of the topic: have the owner sign one (shoal topic sign)",
}
