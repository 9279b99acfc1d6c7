/**
 * When to ask the router for a port: at once, again well before the lease ends, and after a failure with patience. A
 * mapping that could not be renewed is lost when its lease is over, not before.
 */

import { type Backoff, backoffDelay, jittered, MINUTE, type Millis, type RandomSource, SECOND } from '@shoal/base'

/** Two renewals may go wrong before the lease is over. */
const RENEW_AFTER = 1 / 3
const JITTER = 0.1
/** A router that is switched on again, or one that is new, is found within the hour, and nobody is asked all the time. */
const RETRY: Backoff = { first: 30 * SECOND, most: 30 * MINUTE }

export class MappingSchedule {
  readonly #random: RandomSource
  #state: { kind: 'waiting'; at: Millis } | { kind: 'running' }
  #leaseEnd: Millis | undefined
  #failures = 0

  constructor(now: Millis, random: RandomSource) {
    this.#random = random
    this.#state = { kind: 'waiting', at: now }
  }

  /** True when the router is to be asked now; the caller answers with `handleMapped` or `handleFailed`. */
  poll(now: Millis): boolean {
    if (this.#state.kind !== 'waiting' || this.#state.at > now) return false
    this.#state = { kind: 'running' }
    return true
  }

  pollTimeout(): Millis | undefined {
    return this.#state.kind === 'waiting' ? this.#state.at : undefined
  }

  handleMapped(now: Millis, lease: Millis): void {
    this.#failures = 0
    this.#leaseEnd = now + lease
    this.#state = { kind: 'waiting', at: now + jittered(lease * RENEW_AFTER, JITTER, this.#random) }
  }

  /** True where no mapping holds now; false while the lease of an earlier one still runs. */
  handleFailed(now: Millis): boolean {
    this.#failures += 1
    const wait = backoffDelay(RETRY, this.#failures, this.#random)
    const isLost = this.#leaseEnd === undefined || this.#leaseEnd <= now
    if (isLost) this.#leaseEnd = undefined
    // While a lease is running out there is no time for patience.
    const most = this.#leaseEnd === undefined ? wait : Math.max((this.#leaseEnd - now) / 2, SECOND)
    this.#state = { kind: 'waiting', at: now + Math.min(wait, most) }
    return isLost
  }
}
