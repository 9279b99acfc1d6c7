/**
 * When to look a topic up. At once, then again and again with growing waits while there is need; a few times more
 * once the need is met, because others started when we did; then rarely, because newcomers are learned from peers.
 *
 * The figures come from the cost: a look-up is some 30 to 60 queries, and a settled client may send under one query
 * a second over ten minutes. It makes five look-ups in its first ten minutes, about half of that budget.
 */

import { type Backoff, backoffDelay, jittered, MINUTE, type Millis, type RandomSource, SECOND } from '@shoal/base'

export interface LookupPace {
  /** The waits while there is need. */
  readonly need: Backoff
  /** The waits, one after the other, after the need was met or something was lost. */
  readonly burst: readonly Millis[]
  /** The wait after those, for ever. */
  readonly settled: Millis
}

export const LOOKUP_PACE: LookupPace = {
  need: { first: 1 * SECOND, most: 60 * SECOND },
  burst: [3 * SECOND, 12 * SECOND],
  settled: 5 * MINUTE,
}

/** A need that was met for less than this starts no new series: a peer that flaps must not make us flood the DHT. */
const STEADY_MS: Millis = 30 * SECOND
/** A loss while others are still there starts a burst at most this often. */
const BURST_APART_MS: Millis = 60 * SECOND
const JITTER = 0.2

export interface LookupScheduleInit {
  readonly now: Millis
  readonly random: RandomSource
  readonly pace: LookupPace
}

export class LookupSchedule {
  readonly #random: RandomSource
  readonly #pace: LookupPace
  #state: { kind: 'waiting'; at: Millis } | { kind: 'running'; again: boolean }
  #isNeeded = true
  #metAt: Millis
  #attempts = 0
  #burstStep = 0
  #burstAt: Millis | undefined
  #doneAt: Millis

  constructor(init: LookupScheduleInit) {
    this.#random = init.random
    this.#pace = init.pace
    this.#metAt = init.now
    this.#doneAt = init.now
    this.#state = { kind: 'waiting', at: init.now }
  }

  /** True when a look-up is to be started now; the caller answers with `handleDone` when it is over. */
  poll(now: Millis): boolean {
    if (this.#state.kind !== 'waiting' || this.#state.at > now) return false
    this.#state = { kind: 'running', again: false }
    return true
  }

  pollTimeout(): Millis | undefined {
    return this.#state.kind === 'waiting' ? this.#state.at : undefined
  }

  handleDone(now: Millis): void {
    if (this.#state.kind !== 'running') return
    this.#doneAt = now
    this.#state = { kind: 'waiting', at: this.#state.again ? now : now + this.#nextWait() }
  }

  /** Somebody asks for a look-up now; one that is already on its way is followed by another. */
  handleRequest(now: Millis): void {
    this.#state = this.#state.kind === 'running' ? { kind: 'running', again: true } : { kind: 'waiting', at: now }
  }

  /** Whether anybody on this topic still lacks what it looks for. */
  handleNeed(now: Millis, isNeeded: boolean): void {
    if (isNeeded === this.#isNeeded) return
    this.#isNeeded = isNeeded
    if (isNeeded) {
      if (now - this.#metAt >= STEADY_MS) this.#attempts = 0
      this.#wakeBy(now + this.#nextWait())
      return
    }
    this.#metAt = now
    this.#restartBurst(now)
    // Never later than the settled pace, or a need that is met and lost again every second would put it off for ever.
    const at = Math.min(now + this.#nextWait(), this.#doneAt + this.#pace.settled)
    if (this.#state.kind === 'waiting') this.#state = { kind: 'waiting', at }
  }

  /** A server was lost, though others are still there: it may come back somewhere else. */
  handleLoss(now: Millis): void {
    if (this.#isNeeded || !this.#restartBurst(now)) return
    this.#wakeBy(now + this.#nextWait())
  }

  #restartBurst(now: Millis): boolean {
    if (this.#burstAt !== undefined && now - this.#burstAt < BURST_APART_MS) return false
    this.#burstAt = now
    this.#burstStep = 0
    return true
  }

  #wakeBy(at: Millis): void {
    if (this.#state.kind === 'waiting' && at < this.#state.at) this.#state = { kind: 'waiting', at }
  }

  #nextWait(): Millis {
    if (this.#isNeeded) {
      this.#attempts += 1
      return backoffDelay(this.#pace.need, this.#attempts, this.#random)
    }
    const burst = this.#pace.burst[this.#burstStep]
    if (burst !== undefined) this.#burstStep += 1
    return jittered(burst ?? this.#pace.settled, JITTER, this.#random)
  }
}
