/** Proof of work: a counter in the nonce is raised until the hash begins with enough zeros. */

import { assert, type Hash, type Millis } from '@shoal/base'
import { hashOf } from './hash.ts'
import { boundNonce } from './nonce.ts'

export interface WorkFound {
  readonly nonce: number | string
  readonly hash: string
}

/** `pow` is the number of leading zeros of the hex text; null, as in tool-db, asks for none. */
export function hasWork(hash: string, pow: number | null): boolean {
  return pow === null || pow <= 0 || (pow <= 64 && hash.startsWith('0'.repeat(pow)))
}

export interface WorkInit {
  /** What stands before the nonce in the hashed text. */
  readonly prefix: string
  readonly pow: number | null
  /** Of a bound nonce; absent for a plain one. */
  readonly binding?: string
  /** Of a bound nonce whose record ends. */
  readonly expiry?: Millis | undefined
  readonly sha256: Hash
}

/** A search that is done in slices, so that whoever runs it can do other things in between, or give up. */
export class WorkSearch {
  readonly #init: WorkInit
  #counter = 0

  constructor(init: WorkInit) {
    this.#init = init
  }

  /** Makes at most `attempts`; `undefined` means none of them did, so call again. */
  step(attempts: number): WorkFound | undefined {
    const { prefix, pow, binding, expiry, sha256 } = this.#init
    for (let left = attempts; left > 0; left--) {
      assert(Number.isSafeInteger(this.#counter), 'the counter of proof of work ran out')
      const nonce = binding === undefined ? this.#counter : boundNonce(this.#counter, binding, expiry)
      const hash = hashOf(prefix, nonce, sha256)
      if (hasWork(hash, pow)) return { nonce, hash }
      this.#counter++
    }
    return undefined
  }
}
