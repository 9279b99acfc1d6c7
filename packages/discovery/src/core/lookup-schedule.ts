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
  /** The longest wait once there has been need for so long: nobody may be there at all. */
  readonly weary: { readonly after: Millis; readonly most: Millis }
  /** The waits, one after the other, after the need was met or something was lost. */
  readonly burst: readonly Millis[]
  /** The wait after those, for ever. */
  readonly settled: Millis
}

export const LOOKUP_PACE: LookupPace = {
  need: { first: 1 * SECOND, most: 15 * SECOND },
  weary: { after: 10 * MINUTE, most: 60 * SECOND },
  burst: [3 * SECOND, 12 * SECOND],
  settled: 5 * MINUTE,
}

/** A need that was met for less than this starts no new series: a peer that flaps must not make us flood the DHT. */
const STEADY_MS: Millis = 30 * SECOND
/** A loss while others are still there starts a burst at most this often. */
const BURST_APART_MS: Millis = 60 * SECOND
/**
 * Look-ups in a row, each of which showed places that are new, without a longer wait: a crowd is shown a few at a time, and the one
 * that is looked for may come last.
 */
const FRESH_MAX = 16
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
  #neededSince: Millis
  #metAt: Millis
  #attempts = 0
  #fresh = 0
  #burstStep = 0
  #burstAt: Millis | undefined
  #doneAt: Millis

  constructor(init: LookupScheduleInit) {
    this.#random = init.random
    this.#pace = init.pace
    this.#metAt = init.now
    this.#neededSince = init.now
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

  /** `found`: how many places it has shown that were not known. */
  handleDone(now: Millis, found = 0): void {
    if (this.#state.kind !== 'running') return
    if (found > 0 && this.#isNeeded && this.#attempts > 0 && this.#fresh < FRESH_MAX) {
      this.#fresh += 1
      this.#attempts -= 1
    }
    this.#doneAt = now
    this.#state = { kind: 'waiting', at: this.#state.again ? now : now + this.#nextWait(now) }
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
      if (now - this.#metAt >= STEADY_MS) {
        this.#restartNeed(now)
      }
      this.#wakeBy(now + this.#nextWait(now))
      return
    }
    this.#metAt = now
    this.#restartBurst(now)
    // Never later than the settled pace, or a need that is met and lost again every second would put it off for ever.
    const at = Math.min(now + this.#nextWait(now), this.#doneAt + this.#pace.settled)
    // One that is due is made all the same: what was known beforehand may be gone.
    if (this.#state.kind === 'waiting' && this.#state.at > now) this.#state = { kind: 'waiting', at }
  }

  /** A server was lost, though others are still there: it may come back somewhere else. */
  handleLoss(now: Millis): void {
    if (this.#isNeeded || !this.#restartBurst(now)) return
    this.#wakeBy(now + this.#nextWait(now))
  }

  /** The network is another one, or is back: what was in vain before may not be now. */
  handleWake(now: Millis): void {
    this.#restartNeed(now)
    this.handleRequest(now)
  }

  #restartNeed(now: Millis): void {
    this.#neededSince = now
    this.#attempts = 0
    this.#fresh = 0
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

  #nextWait(now: Millis): Millis {
    if (this.#isNeeded) {
      this.#attempts += 1
      const { need, weary } = this.#pace
      const pace = now - this.#neededSince < weary.after ? need : { ...need, most: weary.most }
      return backoffDelay(pace, this.#attempts, this.#random)
    }
    const burst = this.#pace.burst[this.#burstStep]
    if (burst !== undefined) this.#burstStep += 1
    return jittered(burst ?? this.#pace.settled, JITTER, this.#random)
  }
}
