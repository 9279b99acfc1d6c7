/** The sets of the prefixes that are being compared: gathered once, kept while they are used and a little longer. */

import { MINUTE, type Millis } from '@shoal/base'
import type { Kernel, Timer } from '../kernel.ts'
import type { ItemIndex } from './item-index.ts'
import { type Gathered, PrefixSet } from './prefix-set.ts'

/** One comparison asks again within milliseconds, and many clients may want the same prefix. */
const KEPT_TIME: Millis = MINUTE
const SETS_MAX = 8

interface Kept {
  readonly set: PrefixSet
  /** Of one that was not gathered, so that it is not tried again at once. */
  readonly gathered: Gathered
  usedAt: Millis
}

export class PrefixSets {
  readonly #parts: { readonly kernel: Kernel; readonly items: ItemIndex }
  /** Whichever was used last comes last. BOUNDED: SETS_MAX, KEPT_TIME. */
  readonly #kept = new Map<string, Kept>()
  #timer: Timer | undefined

  constructor(parts: { readonly kernel: Kernel; readonly items: ItemIndex }) {
    this.#parts = parts
  }

  get size(): number {
    return this.#kept.size
  }

  /** `work`: what had to be read, in rows. */
  get(prefix: string, then: (set: PrefixSet | Exclude<Gathered, 'whole'>, work: number) => void): void {
    const kept = this.#kept.get(prefix)
    if (kept !== undefined) {
      this.#keep(prefix, kept)
      then(kept.gathered === 'whole' ? kept.set : kept.gathered, 0)
      return
    }
    const set = new PrefixSet({ ...this.#parts, prefix })
    set.gather((gathered, work) => {
      if (gathered !== 'failed') this.#keep(prefix, { set, gathered, usedAt: 0 })
      then(gathered === 'whole' ? set : gathered, work)
    })
  }

  #keep(prefix: string, kept: Kept): void {
    this.#drop(prefix, kept)
    kept.usedAt = this.#parts.kernel.now
    this.#kept.set(prefix, kept)
    const [oldest] = this.#kept
    if (this.#kept.size > SETS_MAX && oldest !== undefined) this.#drop(oldest[0])
    this.#timer ??= this.#parts.kernel.after(KEPT_TIME, () => this.#dropUnused())
  }

  /** `but`: one that goes on being used. */
  #drop(prefix: string, but?: Kept): void {
    const kept = this.#kept.get(prefix)
    this.#kept.delete(prefix)
    if (kept !== but) kept?.set.close()
  }

  #dropUnused(): void {
    const { kernel } = this.#parts
    this.#timer = undefined
    for (const [prefix, { usedAt }] of this.#kept) if (usedAt + KEPT_TIME <= kernel.now) this.#drop(prefix)
    if (this.#kept.size > 0) this.#timer = kernel.after(KEPT_TIME, () => this.#dropUnused())
  }
}
