/**
 * P-256 keys, as tool-db's ECDSA users have them: ECDSA with SHA-256, signatures as r and s in 128 hex digits
 * (IEEE P1363), keys as PKCS#8 and SPKI in hex.
 */

import { assert, fromHex, toHex, UsageError, utf8 } from '@shoal/base'
import { addressOfPoint } from './address.ts'
import type { Signer } from './signer.ts'
import { type NativeKey, subtle } from './subtle.ts'

const ECDSA_P256 = { name: 'ECDSA', namedCurve: 'P-256' }
export const ECDSA_SHA256: { readonly name: string; readonly hash: string } = { name: 'ECDSA', hash: 'SHA-256' }

/** The SPKI frame (RFC 5480) around an uncompressed P-256 point. */
const SPKI_PREFIX_HEX = '3059301306072a8648ce3d020106082a8648ce3d030107034200'

/** Both halves as hex text: what `encryptAccount` of tool-db wraps, and what `keysSignIn` takes. */
export interface KeyText {
  /** SPKI, hex. */
  readonly publicKey: string
  /** PKCS#8, hex. */
  readonly privateKey: string
}

/** A private key and its address. The text of the private key is held, since exporting it again costs a round trip. */
export class KeyPair implements Signer {
  readonly address: string
  readonly #privateKey: NativeKey
  readonly #text: KeyText

  private constructor(address: string, privateKey: NativeKey, text: KeyText) {
    this.address = address
    this.#privateKey = privateKey
    this.#text = text
  }

  static async generate(): Promise<KeyPair> {
    const pair = await subtle().generateKey(ECDSA_P256, true, ['sign', 'verify'])
    const pkcs8 = new Uint8Array(await subtle().exportKey('pkcs8', pair.privateKey))
    const point = new Uint8Array(await subtle().exportKey('raw', pair.publicKey))
    return new KeyPair(addressOfPoint(point), pair.privateKey, keyText(point, pkcs8))
  }

  /** From PKCS#8 in hex. Throws UsageError for anything else; WebCrypto refuses a public half that is not the private one's. */
  static async fromPrivateKey(pkcs8Hex: string): Promise<KeyPair> {
    const pkcs8 = typeof pkcs8Hex === 'string' && pkcs8Hex.length <= 1024 ? fromHex(pkcs8Hex) : undefined
    if (pkcs8 === undefined) throw notAPrivateKey()
    try {
      const privateKey = await subtle().importKey('pkcs8', pkcs8, ECDSA_P256, true, ['sign'])
      const { x, y } = await subtle().exportKey('jwk', privateKey)
      const jwk = { kty: 'EC', crv: 'P-256', x, y, ext: true }
      const publicKey = await subtle().importKey('jwk', jwk, ECDSA_P256, true, ['verify'])
      const point = new Uint8Array(await subtle().exportKey('raw', publicKey))
      return new KeyPair(addressOfPoint(point), privateKey, keyText(point, pkcs8))
    } catch (cause) {
      throw notAPrivateKey(cause)
    }
  }

  async sign(text: string): Promise<string> {
    return toHex(new Uint8Array(await subtle().sign(ECDSA_SHA256, this.#privateKey, utf8(text))))
  }

  /** The private key leaves the object only by this name, never by printing or serialising it. */
  exportText(): KeyText {
    return this.#text
  }
}

/** The verifying half of a point, or `undefined` where it is not on the curve. */
export async function importPoint(point: Uint8Array): Promise<NativeKey | undefined> {
  assert(point.length === 65, 'an uncompressed point has 65 bytes')
  try {
    return await subtle().importKey('raw', point, ECDSA_P256, true, ['verify'])
  } catch {
    return undefined
  }
}

function keyText(point: Uint8Array, pkcs8: Uint8Array): KeyText {
  return { publicKey: SPKI_PREFIX_HEX + toHex(point), privateKey: toHex(pkcs8) }
}

function notAPrivateKey(cause?: unknown): UsageError {
  return new UsageError('the private key must be a P-256 key as PKCS#8 in hex', { cause })
}
