/** The platform's WebCrypto, and the types of its keys as whoever compiles has them: Node's or a browser's. */

import { fromHex, UsageError } from '@shoal/base'

export type CryptoKey = Awaited<ReturnType<typeof globalThis.crypto.subtle.importKey>>

export interface CryptoKeyPair {
  readonly publicKey: CryptoKey
  readonly privateKey: CryptoKey
}

const CURVE = 'P-256'
/** A P-256 key as PKCS#8 has 276 digits or fewer. */
const KEY_TEXT_MAX = 1_024

/** Throws UsageError where there is none: in a browser it needs https or localhost. */
export function getCrypto(): typeof globalThis.crypto {
  const { crypto } = globalThis
  if (crypto?.subtle === undefined) {
    throw new UsageError('there is no WebCrypto here: in a browser it needs https or localhost')
  }
  return crypto
}

/** 12 random bytes, as AES-GCM wants them. */
export function generateIv(): Uint8Array<ArrayBuffer> {
  return getCrypto().getRandomValues(new Uint8Array(12))
}

export function generateKeyPair(mode: 'ECDSA' | 'ECDH', extractable = false): Promise<CryptoKeyPair> {
  const usages = mode === 'ECDSA' ? (['sign', 'verify'] as const) : (['deriveKey', 'deriveBits'] as const)
  return getCrypto().subtle.generateKey(
    { name: mode, namedCurve: CURVE },
    extractable,
    usages,
  ) as Promise<CryptoKeyPair>
}

export interface KeyForm {
  readonly format: 'raw' | 'spki' | 'pkcs8'
  readonly algorithm: { readonly name: string; readonly namedCurve?: string; readonly length?: number }
  readonly extractable: boolean
  readonly usages: readonly ('encrypt' | 'decrypt' | 'deriveKey' | 'deriveBits')[]
  /** What the key should have been, for the error. */
  readonly wanted: string
}

/** Throws UsageError for what is no key of this form. */
export async function importKey(hex: string, form: KeyForm): Promise<CryptoKey> {
  const bytes = typeof hex === 'string' && hex.length <= KEY_TEXT_MAX ? fromHex(hex) : undefined
  if (bytes === undefined) throw new UsageError(form.wanted)
  try {
    const { format, algorithm, extractable, usages } = form
    return await getCrypto().subtle.importKey(format, new Uint8Array(bytes), algorithm, extractable, [...usages])
  } catch (cause) {
    throw new UsageError(form.wanted, { cause })
  }
}

export const ECDH: { readonly name: 'ECDH'; readonly namedCurve: string } = { name: 'ECDH', namedCurve: CURVE }
