/** SHA-1 and Ed25519 of Node for engines in a world: both always give the same for the same. */

import { createHash, createPublicKey, verify } from 'node:crypto'
import type { ItemCrypto } from '@shoal/dht/core'

/** What stands before the 32 bytes of a public key in its DER form (RFC 8410). */
const SPKI_PREFIX: Uint8Array = Buffer.from('302a300506032b6570032100', 'hex')

export const simItemCrypto: ItemCrypto = {
  sha1: (input) => createHash('sha1').update(input).digest(),
  verify: (publicKey, message, signature) => {
    try {
      const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' })
      return verify(undefined, message, key, signature)
    } catch {
      // 32 bytes that are no point of the curve: nobody's key.
      return false
    }
  },
}
