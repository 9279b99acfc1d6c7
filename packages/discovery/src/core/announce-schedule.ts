/**
 * When to announce a port. At once; soon again, because the first announce goes out with a routing table that is a
 * second old and may miss the closest nodes; then well before peers expire. One that reached nobody is repeated soon.
 */

import { type Backoff, backoffDelay, jittered, MINUTE, type Millis, type RandomSource, SECOND } from '@shoal/base'

export interface AnnouncePace {
  /** The waits after the first announces that were taken. */
  readonly early: readonly Millis[]
  /**
   * The wait after those. Mainline nodes keep a peer for about thirty minutes (libtorrent and jech/dht do), so that at
   * 12 minutes one announce may go wrong altogether before anybody forgets us.
   */
  readonly steady: Millis
  /** The waits after announces that nobody took. */
  readonly retry: Backoff
}

export const ANNOUNCE_PACE: AnnouncePace = {
  early: [45 * SECOND, 5 * MINUTE],
  steady: 12 * MINUTE,
  retry: { first: 2 * SECOND, most: 2 * MINUTE },
}

const JITTER = 0.15

export interface AnnounceScheduleInit {
  readonly now: Millis
  readonly random: RandomSource
  readonly pace: AnnouncePace
}

export class AnnounceSchedule {
  readonly #random: RandomSource
  readonly #pace: AnnouncePace
  #state: { kind: 'waiting'; at: Millis } | { kind: 'running'; again: boolean }
  #taken = 0
  #failures = 0

  constructor(init: AnnounceScheduleInit) {
    this.#random = init.random
    this.#pace = init.pace
    this.#state = { kind: 'waiting', at: init.now }
  }

  /** True when an announce is to be made now; the caller answers with `handleDone` when it is over. */
  poll(now: Millis): boolean {
    if (this.#state.kind !== 'waiting' || this.#state.at > now) return false
    this.#state = { kind: 'running', again: false }
    return true
  }

  pollTimeout(): Millis | undefined {
    return this.#state.kind === 'waiting' ? this.#state.at : undefined
  }

  /** `nodes`: how many stored it. None is a failure, whatever the reason. */
  handleDone(now: Millis, nodes: number): void {
    if (this.#state.kind !== 'running') return
    const wait = nodes > 0 ? this.#afterTaken() : this.#afterFailure()
    this.#state = { kind: 'waiting', at: this.#state.again ? now : now + wait }
  }

  handleRequest(now: Millis): void {
    this.#state = this.#state.kind === 'running' ? { kind: 'running', again: true } : { kind: 'waiting', at: now }
  }

  /** The network is another one, or is back: we may have another address, and nobody may know us there. */
  handleWake(now: Millis): void {
    this.#failures = 0
    this.#taken = 0
    this.handleRequest(now)
  }

  #afterTaken(): Millis {
    this.#failures = 0
    const wait = this.#pace.early[this.#taken] ?? this.#pace.steady
    this.#taken += 1
    return jittered(wait, JITTER, this.#random)
  }

  #afterFailure(): Millis {
    this.#failures += 1
    return backoffDelay(this.#pace.retry, this.#failures, this.#random)
  }
}
