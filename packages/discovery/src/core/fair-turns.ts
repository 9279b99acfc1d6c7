/**
 * Whose turn it is to be dialled. Sources take turns, and within a source the prefixes do, so that a thousand
 * addresses of one stranger delay a genuine server by one turn and not by a thousand.
 */

import type { CandidateSource } from '@shoal/peer'
import type { BookEntry } from './book-entry.ts'

/** Every so many turns of a source, one goes to what failed before, whatever else is new. */
const RETRY_EVERY = 4

export class FairTurns {
  /** BOUNDED: by the entries of the book. */
  readonly #ready = new Set<BookEntry>()
  /** BOUNDED: by the number of sources. */
  readonly #sources = new Map<CandidateSource, { servedAt: number; served: number }>()
  #turn = 0

  get size(): number {
    return this.#ready.size
  }

  add(entry: BookEntry): void {
    this.#ready.add(entry)
  }

  delete(entry: BookEntry): void {
    this.#ready.delete(entry)
  }

  /** The entry whose turn it is, taken out; ties go to the one that was added first. */
  take(): BookEntry | undefined {
    let best: BookEntry | undefined
    let bestRank: readonly number[] = []
    for (const entry of this.#ready) {
      const rank = this.#rankOf(entry)
      if (best !== undefined && !isBefore(rank, bestRank)) continue
      best = entry
      bestRank = rank
    }
    if (best !== undefined) this.#serve(best)
    return best
  }

  #rankOf(entry: BookEntry): readonly number[] {
    const source = this.#sources.get(entry.place.source)
    const isRetryTurn = source !== undefined && source.served % RETRY_EVERY === RETRY_EVERY - 1
    const hasFailed = entry.failures > 0
    return [
      source?.servedAt ?? 0,
      entry.wasConnected && !hasFailed ? 0 : 1,
      hasFailed === isRetryTurn ? 0 : 1,
      entry.group.servedAt,
    ]
  }

  #serve(entry: BookEntry): void {
    this.#ready.delete(entry)
    this.#turn += 1
    entry.group.servedAt = this.#turn
    const source = this.#sources.get(entry.place.source)
    this.#sources.set(entry.place.source, { servedAt: this.#turn, served: (source?.served ?? 0) + 1 })
  }
}

function isBefore(a: readonly number[], b: readonly number[]): boolean {
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference < 0
  }
  return false
}
