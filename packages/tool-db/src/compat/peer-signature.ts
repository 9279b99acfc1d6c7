/** tool-db's signed server records, made and checked with a user adapter. */

import { sha256 as sha256Bytes } from '@noble/hashes/sha2.js'
import { type Clock, systemClock } from '@shoal/base'
import { endpointDigest, endpointFault, parseSignedEndpoint, type SignedEndpoint } from '@shoal/peer'
import { verifierOf } from '../users/adapter-keys.ts'
import type { ToolDbUserAdapter } from '../users/user-adapter.ts'
import { VerifyResult } from './verify-result.ts'

export function getPeerSignature(
  account: Pick<ToolDbUserAdapter, 'signData'>,
  topic: string,
  timestamp: number,
  host: string,
  port: number,
): Promise<string> {
  return account.signData(endpointDigest({ topic, timestamp, host, port }, sha256Bytes))
}

/**
 * Departs from tool-db, whose result is always a non-empty text, and so passes as true: here it is `Verified`, or
 * false. The topic is not judged, as there: the caller compares it.
 */
export async function verifyPeer(
  tooldb: { readonly userAccount: ToolDbUserAdapter },
  peer: SignedEndpoint,
  clock: Clock = systemClock,
): Promise<typeof VerifyResult.Verified | false> {
  const endpoint = parseSignedEndpoint(peer)
  if (!endpoint.ok) return false
  const fault = await endpointFault(endpoint.value, {
    topic: endpoint.value.topic,
    now: clock.now(),
    verifier: verifierOf(tooldb.userAccount),
    sha256: sha256Bytes,
  })
  return fault === undefined ? VerifyResult.Verified : false
}
