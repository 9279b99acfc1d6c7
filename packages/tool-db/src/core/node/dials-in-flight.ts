/** Dials that nobody has answered yet: each is an effect with a time-out, and ends in a channel, in a failure, or by being given up. */

import type { DialEntry } from './dial-entry.ts'
import type { Kernel } from './kernel.ts'

export interface DialsInFlightHooks {
  /** Nothing came of it; its entry is in no state yet. */
  onFailed(entry: DialEntry, reason: string): void
}

export class DialsInFlight {
  readonly #kernel: Kernel
  readonly #hooks: DialsInFlightHooks
  /** By effect. BOUNDED: by whoever begins them, dialsMax. */
  readonly #dials = new Map<number, DialEntry>()

  constructor(kernel: Kernel, hooks: DialsInFlightHooks) {
    this.#kernel = kernel
    this.#hooks = hooks
  }

  begin(entry: DialEntry): void {
    const { endpoint, globalOnly } = entry
    this.#kernel.counters.add('dials')
    const dial = this.#kernel.ask('dial', { endpoint, globalOnly }, (result) => {
      if (this.#dials.delete(dial)) this.#hooks.onFailed(entry, result.ok ? 'no channel' : reasonOf(result.error))
    })
    const timer = this.#kernel.after(this.#kernel.limits.dialTimeout, () => this.fail(entry, 'no answer in time'))
    entry.state = { kind: 'dialling', dial, timer }
    this.#dials.set(dial, entry)
  }

  /** Its channel has opened; `undefined` where nobody waits for it any more. */
  opened(dial: number): DialEntry | undefined {
    const entry = this.#dials.get(dial)
    if (entry === undefined) return undefined
    this.#dials.delete(dial)
    if (entry.state.kind === 'dialling') this.#kernel.cancel(entry.state.timer)
    this.#kernel.settle(dial)
    return entry
  }

  /** It has taken its time. */
  fail(entry: DialEntry, reason: string): void {
    if (this.giveUp(entry)) this.#hooks.onFailed(entry, reason)
  }

  /** False where it was not being dialled. */
  giveUp({ state }: DialEntry): boolean {
    if (state.kind !== 'dialling' || !this.#dials.delete(state.dial)) return false
    this.#kernel.cancel(state.timer)
    this.#kernel.tell({ kind: 'cancel-dial', dial: state.dial })
    this.#kernel.settle(state.dial)
    return true
  }

  close(): void {
    for (const entry of this.#dials.values()) this.giveUp(entry)
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
