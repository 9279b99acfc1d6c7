/** Ed25519 by OpenSSL: a tenth of the time that JavaScript takes. */

import { createPublicKey, verify } from 'node:crypto'
import type { VerifyEd25519 } from '@shoal/peer'

/** What stands before the 32 bytes of a key in SPKI (RFC 8410). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

export const NODE_VERIFY_ED25519: VerifyEd25519 = (publicKey, message, signature) => {
  try {
    const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' })
    return verify(undefined, message, key, signature)
  } catch {
    return false
  }
}
