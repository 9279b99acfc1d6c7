/** Checks signatures of P-256 keys; the keys that were seen to sign well stay imported, since importing costs as much again. */

import { isLowerHex } from '@shoal/base'
import { isEcdsaAddress, pointOfAddress } from './address.ts'
import { type EcdsaEngine, WEB_CRYPTO } from './ecdsa-engine.ts'
import type { Verifier } from './signer.ts'

/** r and s, 32 bytes each, in lower-case hex: the one form that tool-db writes. */
const SIGNATURE_DIGITS = 128

export const VERIFIER_KEYS_MAX = 4_096

interface Claim {
  readonly text: string
  readonly address: string
  readonly signature: string
}

export class EcdsaVerifier implements Verifier {
  readonly #keysMax: number
  readonly #engine: EcdsaEngine
  /** BOUNDED: keysMax, least recently used out. Only keys with a valid signature enter, so garbage cannot flush it. */
  readonly #keys = new Map<string, object>()
  /** The key that was used last: most records come in runs of one author's. */
  #newest: string | undefined
  /** Found to be one a moment ago: a writer asks about its own again and again, and never has it verified here. */
  #lastAddress: string | undefined

  constructor(keysMax: number = VERIFIER_KEYS_MAX, engine: EcdsaEngine = WEB_CRYPTO) {
    this.#keysMax = keysMax
    this.#engine = engine
  }

  /** How many imported keys are held. */
  get size(): number {
    return this.#keys.size
  }

  isAddress(text: string): boolean {
    if (this.#keys.has(text) || text === this.#lastAddress) return true
    if (!isEcdsaAddress(text)) return false
    this.#lastAddress = text
    return true
  }

  /** No wait for what is known already: it would cost a turn of the queue for each signature. */
  verify(text: string, address: string, signature: string): boolean | Promise<boolean> {
    if (typeof text !== 'string' || typeof address !== 'string') return false
    if (typeof signature !== 'string' || !isLowerHex(signature, SIGNATURE_DIGITS)) return false
    const held = this.#keys.get(address)
    if (held !== undefined) return this.#verifyWith(held, { text, address, signature })
    const point = pointOfAddress(address)
    if (point === undefined) return false
    const key = this.#engine.importPoint(point)
    if (key instanceof Promise) return key.then((loaded) => this.#verifyWith(loaded, { text, address, signature }))
    return this.#verifyWith(key, { text, address, signature })
  }

  #verifyWith(key: object | undefined, claim: Claim): boolean | Promise<boolean> {
    if (key === undefined) return false
    try {
      const answer = this.#engine.verify(key, claim.signature, claim.text)
      if (typeof answer === 'boolean') return this.#judged(answer, claim.address, key)
      return answer.then(
        (isGood) => this.#judged(isGood, claim.address, key),
        () => false,
      )
    } catch {
      return false
    }
  }

  #judged(isGood: boolean, address: string, key: object): boolean {
    if (isGood) this.#remember(address, key)
    return isGood
  }

  #remember(address: string, key: object): void {
    if (address === this.#newest) return
    this.#newest = address
    this.#keys.delete(address)
    this.#keys.set(address, key)
    if (this.#keys.size <= this.#keysMax) return
    for (const oldest of this.#keys.keys()) {
      this.#keys.delete(oldest)
      return
    }
  }
}
