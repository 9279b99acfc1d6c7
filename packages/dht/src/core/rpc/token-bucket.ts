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

/**
 * One bucket a key, in two generations. A bucket from which nothing was taken for long is full again and need not be kept, so the older
 * generation is forgotten by then; earlier where the younger has no more room, and its keys may begin anew.
 * Forgetting keys one by one would search a `Map` for its first entry behind all that were deleted.
 */
export class TokenBuckets {
  readonly rate: Rate
  readonly #generationMax: number
  /** What a bucket takes to fill that owes a whole burst. */
  readonly #keptFor: Millis
  #turnsAt: Millis
  /** BOUNDED: half of keysMax each; the older is dropped where the younger is full. */
  #younger = new Map<string, TokenBucket>()
  #older = new Map<string, TokenBucket>()

  constructor(rate: Rate, keysMax: number) {
    this.rate = rate
    this.#generationMax = Math.ceil(keysMax / 2)
    this.#keptFor = (2_000 * rate.burst) / rate.perSecond
    this.#turnsAt = Number.NEGATIVE_INFINITY
  }

  get size(): number {
    return this.#younger.size + this.#older.size
  }

  of(key: string, now: Millis): TokenBucket {
    if (now >= this.#turnsAt || this.#younger.size >= this.#generationMax) this.#turn(now)
    const known = this.#younger.get(key)
    if (known !== undefined) return known
    const bucket = this.#older.get(key) ?? new TokenBucket(this.rate, now)
    this.#older.delete(key)
    this.#younger.set(key, bucket)
    return bucket
  }

  #turn(now: Millis): void {
    const isLongPast = now >= this.#turnsAt + this.#keptFor
    this.#older = isLongPast ? new Map() : this.#younger
    this.#younger = new Map()
    this.#turnsAt = now + this.#keptFor
  }
}
