/**
 * P-256 signatures by the quickest way there is. In Node that is its own crypto, called at once: handing one signature to the
 * thread pool and taking the answer back costs more than half of what checking it does. Elsewhere it is WebCrypto.
 */

import type { KeyObject } from 'node:crypto'
import { fromHex } from '@shoal/base'
import { type EcdsaEngine, type KeyPair, WEB_CRYPTO } from '@shoal/peer'

/** A signature over a text, as it goes on the wire. */
export type SignText = (text: string) => string | Promise<string>

/** Asked of the process, and not imported: a browser has neither. */
const crypto =
  typeof process === 'undefined' || typeof process.getBuiltinModule !== 'function'
    ? undefined
    : process.getBuiltinModule('node:crypto')

/** The SPKI frame (RFC 5480) of an uncompressed P-256 point, which follows. */
const SPKI_PREFIX = fromHex('3059301306072a8648ce3d020106082a8648ce3d030107034200') as Uint8Array
const HASH = 'sha256'
/** r and s, as WebCrypto has it. */
const ENCODING = 'ieee-p1363'

export const ECDSA_ENGINE: EcdsaEngine =
  crypto === undefined
    ? WEB_CRYPTO
    : {
        importPoint: (point) => {
          try {
            const key = Buffer.concat([SPKI_PREFIX, point])
            return crypto.createPublicKey({ key, format: 'der', type: 'spki' })
          } catch {
            return undefined
          }
        },
        // Node's `verify` in one call is made for the thread pool as well, and costs a microsecond more. A buffer and not an
        // encoder's array: small ones share their memory, and cost the collector nothing.
        verify: (key, signature, text) =>
          crypto
            .createVerify(HASH)
            .update(text)
            .verify({ key: key as KeyObject, dsaEncoding: ENCODING }, Buffer.from(signature, 'hex')),
      }

export function textSigner(keys: KeyPair): SignText {
  if (crypto === undefined) return (text) => keys.sign(text)
  const der = Buffer.from(keys.exportText().privateKey, 'hex')
  const key = {
    key: crypto.createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }),
    dsaEncoding: ENCODING,
  } as const
  return (text) => crypto.sign(HASH, Buffer.from(text), key).toString('hex')
}
