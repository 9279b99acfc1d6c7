/** When to try again: exponential back-off with full-range jitter, so that many who failed together do not return together. */

import type { Millis } from './clock.ts'
import { type RandomSource, randomFraction } from './random.ts'

export interface Backoff {
  /** The wait after the first failure, before jitter. */
  readonly first: Millis
  /** No wait is longer than this, before jitter. */
  readonly most: Millis
}

/** The wait after `failures` failures in a row (1 or more): doubled each time, then spread over 50 to 150 percent. */
export function backoffDelay(backoff: Backoff, failures: number, random: RandomSource): Millis {
  const exponent = Math.min(Math.max(failures, 1) - 1, 30)
  const wait = Math.min(backoff.first * 2 ** exponent, backoff.most)
  return jittered(wait, 0.5, random)
}

/** `length` spread evenly over (1 - share) to (1 + share) of itself. */
export function jittered(length: Millis, share: number, random: RandomSource): Millis {
  return Math.round(length * (1 - share + 2 * share * randomFraction(random)))
}
