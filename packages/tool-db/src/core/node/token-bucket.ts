/** A rate with a burst of two seconds: what a stranger may do, whatever he sends. */

import type { Millis } from '@shoal/base'

const BURST_SECONDS = 2

export class TokenBucket {
  readonly #perSecond: number
  #tokens: number
  #filledAt: Millis

  constructor(perSecond: number, now: Millis) {
    this.#perSecond = perSecond
    this.#tokens = perSecond * BURST_SECONDS
    this.#filledAt = now
  }

  /** False where there are too few left; then none are taken. */
  take(now: Millis, amount: number): boolean {
    const gained = (Math.max(0, now - this.#filledAt) / 1_000) * this.#perSecond
    this.#tokens = Math.min(this.#tokens + gained, this.#perSecond * BURST_SECONDS)
    this.#filledAt = now
    if (this.#tokens < amount) return false
    this.#tokens -= amount
    return true
  }
}
