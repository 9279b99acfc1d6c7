/** The arithmetic behind P-256 signatures. WebCrypto is everywhere; whoever has a quicker one hands it in. */

import { fromHex, utf8 } from '@shoal/base'
import { ECDSA_SHA256, importPoint } from './keys.ts'
import { type NativeKey, subtle } from './subtle.ts'

/** ECDSA with SHA-256 over P-256. A synchronous answer is used in the same turn. */
export interface EcdsaEngine {
  /** The verifying half of an uncompressed point of 65 bytes, opaque; `undefined` where it is not on the curve. */
  importPoint(point: Uint8Array): object | undefined | Promise<object | undefined>
  /** `signature`: r and s, 64 hex digits each (IEEE P1363). May throw or reject: that is false. */
  verify(key: object, signature: string, text: string): boolean | Promise<boolean>
}

export const WEB_CRYPTO: EcdsaEngine = {
  importPoint,
  verify: (key, signature, text) =>
    subtle().verify(ECDSA_SHA256, key as NativeKey, fromHex(signature) as Uint8Array, utf8(text)),
}
