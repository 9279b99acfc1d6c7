/**
 * What every part of the node shares: the current instant, randomness, effects that wait for their results, timers
 * and the queue of outputs. One input is handled at a time, so nothing here is ever seen half done.
 */

import {
  type Deadline,
  DeadlineQueue,
  type Hash,
  MINUTE,
  type Millis,
  type RandomSource,
  ShoalError,
  toHex,
} from '@shoal/base'
import type { Effect, EffectKind, EffectResult, EffectTable, ToldEffect } from './effects.ts'
import type { NodeEvent } from './events.ts'
import type { NodeLimits } from './limits.ts'
import { Counters } from './stats.ts'

const ID_ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const MESSAGE_ID_LENGTH = 12

const NOTHING: readonly never[] = []
const ANSWERED = (): void => undefined

/** What is given up when it takes too long: a lane, and whoever waits behind it, would wait for ever. */
const WITH_TIMEOUT: ReadonlySet<EffectKind> = new Set<EffectKind>(['load', 'scan', 'commit', 'verify', 'verify-all'])
/** So many that never came back, and no more is asked: each may still hold memory. */
const HUNG_MAX = 64
const HUNG_TIME: Millis = 10 * MINUTE

/** The store, or the user adapter's verification, did not answer in time. */
export class EffectTimeoutError extends ShoalError {
  constructor(kind: EffectKind, timeout: Millis) {
    const who = kind === 'verify' || kind === 'verify-all' ? 'the user adapter' : 'the store'
    super(
      'SHOAL_EFFECT_TIMEOUT',
      `${who} has not answered within ${timeout / 1_000} s (${kind}): see whether it hangs; it may still do what it was asked`,
    )
  }
}

interface Waiting {
  /** Let go once it was called: a table of this map that is no longer in use may outlive what it points at, and would keep it all. */
  answer: (result: EffectResult<never>) => void
  readonly kind: EffectKind
  readonly at: Millis
}

export interface KernelInit {
  readonly random: RandomSource
  readonly sha256: Hash
  readonly limits: NodeLimits
}

export type Timer = Deadline<() => void>

export class Kernel {
  readonly random: RandomSource
  readonly sha256: Hash
  readonly limits: NodeLimits
  readonly counters: Counters = new Counters()
  #now: Millis = 0
  #setBack: Millis = 0
  readonly #timers = new DeadlineQueue<() => void>()
  /** BOUNDED: by what may ask: lanesMax, unverifiedMax (custom verification), readsMax, functionsInFlightMax, dialsMax, and a few for each session. */
  readonly #waiting = new Map<number, Waiting>()
  /** Given up, and not answered since. BOUNDED: HUNG_MAX. */
  readonly #hung = new Map<number, Millis>()
  #patience: Timer | undefined
  /** BOUNDED: drained after every input. */
  #effects: Effect[] = []
  /** BOUNDED: drained after every input. */
  #events: NodeEvent[] = []
  #nextId = 1

  constructor(init: KernelInit) {
    this.random = init.random
    this.sha256 = init.sha256
    this.limits = init.limits
  }

  get now(): Millis {
    return this.#now
  }

  /** A clock that is set back must not make everything that waits wait as much longer. */
  set now(now: Millis) {
    if (now < this.#now) {
      this.#timers.shift(now - this.#now)
      this.#setBack += this.#now - now
    }
    this.#now = now
  }

  /** Goes forward with the clock, but never back with it: for what is measured from one instant to a later one, and told nobody. */
  get steady(): Millis {
    return this.#now + this.#setBack
  }

  get effectsInFlight(): number {
    return this.#waiting.size
  }

  /** Asks for an effect; `then` is called once, within a later `handleResult`. */
  ask<K extends EffectKind>(
    kind: K,
    ask: EffectTable[K]['ask'],
    then: (result: EffectResult<EffectTable[K]['result']>) => void,
  ): number {
    const id = this.#nextId++
    if (WITH_TIMEOUT.has(kind)) {
      if (this.#isStuck()) {
        this.counters.add('refused.effects-hung')
        this.after(0, () => then({ ok: false, error: new EffectTimeoutError(kind, this.limits.effectTimeout) }))
        return id
      }
      this.#patience ??= this.after(this.limits.effectTimeout, () => this.#giveUp())
    }
    this.#waiting.set(id, { answer: then as (result: EffectResult<never>) => void, kind, at: this.steady })
    this.#effects.push({ kind, id, ...ask } as unknown as Effect)
    return id
  }

  /** Gives a result to whoever asked; false where nobody waits for it any more. */
  answer(id: number, result: EffectResult<unknown>): boolean {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) {
      this.#hung.delete(id)
      return false
    }
    this.#waiting.delete(id)
    const { answer } = waiting
    waiting.answer = ANSWERED
    answer(result as EffectResult<never>)
    return true
  }

  /** Those that were asked first come first, so the first that is young enough ends the search. */
  #giveUp(): void {
    this.#patience = undefined
    const { effectTimeout } = this.limits
    for (const [id, { answer, kind, at }] of this.#waiting) {
      if (!WITH_TIMEOUT.has(kind)) continue
      if (at + effectTimeout > this.steady) {
        this.#patience ??= this.after(at + effectTimeout - this.steady, () => this.#giveUp())
        return
      }
      this.#waiting.delete(id)
      if (this.#hung.size < HUNG_MAX) this.#hung.set(id, this.steady)
      this.counters.add(`timed-out.${kind}`)
      answer({ ok: false, error: new EffectTimeoutError(kind, effectTimeout) })
    }
  }

  #isStuck(): boolean {
    if (this.#hung.size < HUNG_MAX) return false
    for (const [id, at] of this.#hung) if (at + HUNG_TIME <= this.steady) this.#hung.delete(id)
    return this.#hung.size >= HUNG_MAX
  }

  /** The result of this effect comes another way (a dial that became a channel). */
  settle(id: number): void {
    this.#waiting.delete(id)
  }

  tell(effect: ToldEffect): void {
    this.#effects.push(effect)
  }

  emit(event: NodeEvent): void {
    this.#events.push(event)
  }

  after(delay: Millis, run: () => void): Timer {
    return this.#timers.add(this.now + delay, run)
  }

  cancel(timer: Timer | undefined): void {
    if (timer !== undefined) this.#timers.remove(timer)
  }

  runDueTimers(): void {
    for (let run = this.#timers.takeDue(this.now); run; run = this.#timers.takeDue(this.now)) run()
  }

  nextTimerAt(): Millis | undefined {
    return this.#timers.nextAt()
  }

  takeEffects(): readonly Effect[] {
    if (this.#effects.length === 0) return NOTHING
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  takeEvents(): readonly NodeEvent[] {
    if (this.#events.length === 0) return NOTHING
    const events = this.#events
    this.#events = []
    return events
  }

  messageId(): string {
    // A byte for each character: not all of them equally often, but there are none to spare and no secrets in it.
    let id = ''
    for (const byte of this.random.bytes(MESSAGE_ID_LENGTH)) id += ID_ALPHABET.charAt((byte * ID_ALPHABET.length) >> 8)
    return id
  }

  randomHex(bytes: number): string {
    return toHex(this.random.bytes(bytes))
  }
}
