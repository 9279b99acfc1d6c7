/**
 * Endpoints that are not to be proposed for a while, and why: a memory apart from the book, so that what is of no
 * use takes no room from what may be, and so that a sighting repeated by strangers cannot undo a verdict.
 */

import type { Millis } from '@shoal/base'
import type { DialOutcome } from '@shoal/peer'

/**
 * self: it was ourselves. refused: it was turned away. passing: so it was, for now. dead: it never answered. done: it was handed out long ago, nobody
 * said what became of it, and its room was needed.
 */
export type KeptOutReason = 'self' | 'refused' | 'passing' | 'dead' | 'done'

export interface KeptOutVerdict {
  readonly reason: KeptOutReason
  readonly until: Millis
  /** From here on it may be tried again when nothing else is connected. */
  readonly orInNeedAt: Millis
}

export class KeptOut {
  readonly #entriesMax: number
  /** BOUNDED: entriesMax, the verdict that was given longest ago out first. */
  readonly #verdicts = new Map<string, KeptOutVerdict>()

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax
  }

  get size(): number {
    return this.#verdicts.size
  }

  set(key: string, verdict: KeptOutVerdict): void {
    this.#verdicts.delete(key)
    if (this.#verdicts.size >= this.#entriesMax) {
      const oldest = this.#verdicts.keys().next()
      if (!oldest.done) this.#verdicts.delete(oldest.value)
    }
    this.#verdicts.set(key, verdict)
  }

  /** The verdict that holds at `now`; one that has run out is forgotten here. */
  get(key: string, now: Millis): KeptOutVerdict | undefined {
    const verdict = this.#verdicts.get(key)
    if (verdict === undefined || verdict.until > now) return verdict
    this.#verdicts.delete(key)
    return undefined
  }

  /** Those that nobody answered at; the verdicts on those who did stay. */
  forgetDead(): void {
    for (const [key, { reason }] of this.#verdicts) if (reason === 'dead') this.#verdicts.delete(key)
  }

  delete(key: string): void {
    this.#verdicts.delete(key)
  }
}

export function reasonOf(outcome: DialOutcome & { kind: 'self' | 'refused' }): KeptOutReason {
  return outcome.kind === 'refused' && outcome.isPassing === true ? 'passing' : outcome.kind
}
