/**
 * The proof: each side of a new connection signs, with its peer key, what both have just said and the endpoint as it
 * was dialled. Fresh nonces of both sides make it worthless in any other connection; the role and both keys, in any
 * other direction; the endpoint, for whoever only passes messages on.
 */

import { type Hash, toHex } from '@shoal/base'
import type { Hello } from './hello.ts'
import { lengthPrefixed } from './length-prefixed.ts'
import { isFields, isSignatureText, type Parsed, parsed, rejected } from './parsed.ts'
import type { Signer, Verifier } from './signer.ts'

const LABEL = 'shoal proof 1'
/** A host name of 253 characters, brackets, a colon and a port. */
const ENDPOINT_LENGTH_MAX = 261

export type ProofRole = 'dialler' | 'dialled'

/** What both sides know once `ping` and `pong` are through. */
export interface ProofFields {
  readonly topicPublicId: string
  readonly dialler: Pick<Hello, 'nonce' | 'address' | 'features'>
  readonly dialled: Pick<Hello, 'nonce' | 'address' | 'features'>
  /** `host:port` as the dialler dialled it. */
  readonly endpoint: string
  /** The channel's handshake hash in hex; empty while it is not encrypted. */
  readonly handshakeHash: string
}

/** What a `proof` message carries besides its envelope. */
export interface ProofStatement {
  readonly endpoint: string
  readonly sig: string
}

/** SHA-256, in hex, over the fields, each with its length before it. */
export function proofDigest(role: ProofRole, fields: ProofFields, sha256: Hash): string {
  const { dialler, dialled } = fields
  const texts = [
    LABEL,
    role,
    dialler.nonce,
    dialled.nonce,
    fields.topicPublicId,
    dialler.address,
    dialled.address,
    fields.endpoint,
    dialler.features.join(','),
    dialled.features.join(','),
    fields.handshakeHash,
  ]
  return toHex(sha256(lengthPrefixed(texts)))
}

/** As one's own role; the signer is the peer key whose address stands in that role's hello. */
export function signProof(role: ProofRole, fields: ProofFields, signer: Signer, sha256: Hash): Promise<string> {
  return signer.sign(proofDigest(role, fields, sha256))
}

/** Checks the other side's signature; `role` is the other side's. Malformed is false, nothing rejects. */
export async function verifyProof(
  role: ProofRole,
  fields: ProofFields,
  check: { readonly sig: string; readonly verifier: Verifier; readonly sha256: Hash },
): Promise<boolean> {
  // A peer may not prove itself to itself, nor with one nonce for both sides.
  if (fields.dialler.nonce === fields.dialled.nonce) return false
  return check.verifier.verify(proofDigest(role, fields, check.sha256), fields[role].address, check.sig)
}

export function parseProofStatement(input: unknown): Parsed<ProofStatement> {
  if (!isFields(input)) return rejected('proof-shape')
  const { endpoint, sig } = input
  if (typeof endpoint !== 'string' || endpoint === '' || endpoint.length > ENDPOINT_LENGTH_MAX) {
    return rejected('proof-endpoint')
  }
  if (!/^[\x21-\x7e]+$/.test(endpoint)) return rejected('proof-endpoint')
  if (!isSignatureText(sig)) return rejected('proof-signature')
  return parsed({ endpoint, sig })
}
