/** Checks signatures of P-256 keys; the keys that were seen to sign well stay imported, since importing costs as much again. */

import { fromHex, utf8 } from '@shoal/base'
import { isEcdsaAddress, pointOfAddress } from './address.ts'
import { ECDSA_SHA256, importPoint } from './keys.ts'
import type { Verifier } from './signer.ts'
import { type NativeKey, subtle } from './subtle.ts'

/** r and s, 32 bytes each, in lower-case hex: the one form that tool-db writes. */
const SIGNATURE = /^[0-9a-f]{128}$/

export const VERIFIER_KEYS_MAX = 4_096

export class EcdsaVerifier implements Verifier {
  readonly #keysMax: number
  /** BOUNDED: keysMax, least recently used out. Only keys with a valid signature enter, so garbage cannot flush it. */
  readonly #keys = new Map<string, NativeKey>()

  constructor(keysMax: number = VERIFIER_KEYS_MAX) {
    this.#keysMax = keysMax
  }

  /** How many imported keys are held. */
  get size(): number {
    return this.#keys.size
  }

  isAddress(text: string): boolean {
    return this.#keys.has(text) || isEcdsaAddress(text)
  }

  async verify(text: string, address: string, signature: string): Promise<boolean> {
    if (typeof text !== 'string' || typeof address !== 'string') return false
    if (typeof signature !== 'string' || !SIGNATURE.test(signature)) return false
    const key = this.#keys.get(address) ?? (await importAddress(address))
    if (key === undefined) return false
    try {
      const bytes = fromHex(signature) as Uint8Array
      if (!(await subtle().verify(ECDSA_SHA256, key, bytes, utf8(text)))) return false
    } catch {
      return false
    }
    this.#remember(address, key)
    return true
  }

  #remember(address: string, key: NativeKey): void {
    this.#keys.delete(address)
    this.#keys.set(address, key)
    if (this.#keys.size <= this.#keysMax) return
    for (const oldest of this.#keys.keys()) {
      this.#keys.delete(oldest)
      return
    }
  }
}

async function importAddress(address: string): Promise<NativeKey | undefined> {
  const point = pointOfAddress(address)
  return point === undefined ? undefined : importPoint(point)
}
