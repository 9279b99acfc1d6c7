/**
 * Write tokens (BEP 5). A token is a keyed hash of the asker's address, so a flood of get_peers costs no memory,
 * and a token works only from the address that asked for it.
 */

import type { Millis, RandomSource } from '@shoal/base'
import { SIPHASH_KEY_BYTES, type SipKey, sipHash, sipKey } from './siphash.ts'

/** BEP 5: tokens up to ten minutes old are accepted; two secrets of five minutes give that. */
export const TOKEN_SECRET_LIFETIME_MS: Millis = 300_000
export const TOKEN_BYTES = 8

export class TokenIssuer {
  readonly #random: RandomSource
  readonly #out = new Uint8Array(TOKEN_BYTES)
  #current: SipKey
  #previous: SipKey
  #rotateAt: Millis

  constructor(random: RandomSource, now: Millis) {
    this.#random = random
    this.#current = this.#secret()
    this.#previous = this.#secret()
    this.#rotateAt = now + TOKEN_SECRET_LIFETIME_MS
  }

  #secret(): SipKey {
    return sipKey(this.#random.bytes(SIPHASH_KEY_BYTES))
  }

  /** Secrets are renewed when they are next used, so an idle node needs no timer for them. */
  #rotate(now: Millis): void {
    if (now < this.#rotateAt) return
    const isLongAgo = now >= this.#rotateAt + TOKEN_SECRET_LIFETIME_MS
    this.#previous = isLongAgo ? this.#secret() : this.#current
    this.#current = this.#secret()
    this.#rotateAt = now + TOKEN_SECRET_LIFETIME_MS
  }

  /** The token for the address in the first `length` bytes, in memory that is used again by the next call. */
  issue(now: Millis, address: Uint8Array, length: number): Uint8Array {
    this.#rotate(now)
    sipHash(this.#current, address, length, this.#out)
    return this.#out
  }

  /** Whether the token at `at` was issued to this address in the last ten minutes. */
  isValid(now: Millis, address: { bytes: Uint8Array; length: number }, token: TokenSpan): boolean {
    if (token.length !== TOKEN_BYTES) return false
    this.#rotate(now)
    sipHash(this.#current, address.bytes, address.length, this.#out)
    if (this.#matches(token)) return true
    sipHash(this.#previous, address.bytes, address.length, this.#out)
    return this.#matches(token)
  }

  /** In constant time: how far a forged token agrees must not show. */
  #matches(token: TokenSpan): boolean {
    let difference = 0
    for (let i = 0; i < TOKEN_BYTES; i++) {
      difference |= (this.#out[i] as number) ^ (token.bytes[token.at + i] as number)
    }
    return difference === 0
  }
}

export interface TokenSpan {
  readonly bytes: Uint8Array
  readonly at: number
  readonly length: number
}
