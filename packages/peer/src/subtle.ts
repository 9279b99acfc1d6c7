/**
 * The part of WebCrypto that keys need, declared here because this package compiles without Node's or a browser's
 * types. Both have it as the global `crypto`.
 */

declare const nativeKey: unique symbol

/** A key inside the platform's WebCrypto; opaque. */
export interface NativeKey {
  readonly [nativeKey]?: 'CryptoKey'
}

export interface NativeKeyPair {
  readonly publicKey: NativeKey
  readonly privateKey: NativeKey
}

interface KeyParameters {
  readonly name: string
  readonly namedCurve: string
}

interface SignParameters {
  readonly name: string
  readonly hash: string
}

interface SubtleCrypto {
  generateKey(algorithm: KeyParameters, extractable: boolean, usages: readonly string[]): Promise<NativeKeyPair>
  importKey(
    format: string,
    data: unknown,
    algorithm: KeyParameters,
    extractable: boolean,
    usages: readonly string[],
  ): Promise<NativeKey>
  exportKey(format: 'raw' | 'spki' | 'pkcs8', key: NativeKey): Promise<ArrayBuffer>
  exportKey(format: 'jwk', key: NativeKey): Promise<{ readonly x?: string; readonly y?: string }>
  sign(algorithm: SignParameters, key: NativeKey, data: Uint8Array): Promise<ArrayBuffer>
  verify(algorithm: SignParameters, key: NativeKey, signature: Uint8Array, data: Uint8Array): Promise<boolean>
}

declare const crypto: { readonly subtle: SubtleCrypto }

/** Read at each use, so that merely importing this package needs no WebCrypto (it is absent on plain-http pages). */
export function subtle(): SubtleCrypto {
  return crypto.subtle
}
