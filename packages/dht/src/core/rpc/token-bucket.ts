/** So many a second, and a burst: one bucket, and buckets by key for strangers. */

import type { Millis } from '@shoal/base'

export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

export class TokenBucket {
  #tokens: number
  #at: Millis

  constructor(rate: Rate, now: Millis) {
    this.#tokens = rate.burst
    this.#at = now
  }

  take(rate: Rate, now: Millis): boolean {
    this.#fill(rate, now)
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }

  /** Takes one token on credit; how long to wait until it is there. */
  reserve(rate: Rate, now: Millis): Millis {
    this.#fill(rate, now)
    this.#tokens--
    return this.#tokens >= 0 ? 0 : (-this.#tokens * 1_000) / rate.perSecond
  }

  /** Gives back what `reserve` took. */
  giveBack(): void {
    this.#tokens++
  }

  #fill(rate: Rate, now: Millis): void {
    if (now > this.#at) {
      this.#tokens = Math.min(rate.burst, this.#tokens + ((now - this.#at) * rate.perSecond) / 1_000)
      this.#at = now
    }
  }
}

/** One bucket a key. Where there are too many keys, the one that came first is forgotten and may begin anew. */
export class TokenBuckets {
  readonly rate: Rate
  readonly #keysMax: number
  /** BOUNDED: keysMax, oldest out. */
  readonly #buckets = new Map<string, TokenBucket>()

  constructor(rate: Rate, keysMax: number) {
    this.rate = rate
    this.#keysMax = keysMax
  }

  get size(): number {
    return this.#buckets.size
  }

  of(key: string, now: Millis): TokenBucket {
    let bucket = this.#buckets.get(key)
    if (bucket === undefined) {
      if (this.#buckets.size >= this.#keysMax) {
        for (const oldest of this.#buckets.keys()) {
          this.#buckets.delete(oldest)
          break
        }
      }
      bucket = new TokenBucket(this.rate, now)
      this.#buckets.set(key, bucket)
    }
    return bucket
  }
}
