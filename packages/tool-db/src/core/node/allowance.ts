/**
 * How much one peer has had in answer to what it asked: a rate with a burst, as of what it may send. What a question costs is
 * known only when it is answered, so the answer is noted and the next question judged by it.
 */

import { type Millis, SECOND } from '@shoal/base'

/** UTF-16 units in a millisecond: 16 MB a second, what a peer may send. */
const LENGTH_PER_MS = 16_384
/** 4 MB at once: what a client shows at its start. */
const BURST: Millis = SECOND / 4

export class Allowance {
  #paidUntil: Millis = Number.NEGATIVE_INFINITY

  note(now: Millis, length: number): void {
    this.#paidUntil = Math.max(this.#paidUntil, now) + length / LENGTH_PER_MS
  }

  isSpent(now: Millis): boolean {
    return this.#paidUntil > now + BURST
  }
}
