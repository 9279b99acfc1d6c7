/** Round trips, smoothed as TCP does (RFC 6298): when an answer is overdue depends on how long answers take. */

import type { Millis } from '@shoal/base'

/** Before the first measurement: long enough for most of the planet. */
export const FIRST_TIMEOUT_MS: Millis = 600
/** Below this, the scheduling of a busy machine looks like a loss. */
const TIMEOUT_MIN_MS: Millis = 30
const TIMEOUT_MAX_MS: Millis = 2_000

export class RttEstimator {
  #smoothed: Millis | undefined
  #variance: Millis = 0

  get smoothed(): Millis | undefined {
    return this.#smoothed
  }

  add(sample: Millis): void {
    if (this.#smoothed === undefined) {
      this.#smoothed = sample
      this.#variance = sample / 2
      return
    }
    this.#variance += (Math.abs(sample - this.#smoothed) - this.#variance) / 4
    this.#smoothed += (sample - this.#smoothed) / 8
  }

  /** How long to wait before an answer is overdue. */
  timeout(): Millis {
    if (this.#smoothed === undefined) return FIRST_TIMEOUT_MS
    return Math.min(Math.max(this.#smoothed + 4 * this.#variance, TIMEOUT_MIN_MS), TIMEOUT_MAX_MS)
  }
}
