/**
 * Whose turn it is to be dialled. Sources take turns, within a source the address families do, and within a family the prefixes, so that
 * a thousand addresses of one stranger delay a genuine server by one turn and not by a thousand, and whoever has all of an IPv6
 * network to waste delays nobody with an IPv4 address.
 */

import type { Family } from '@shoal/base'
import type { CandidateSource } from '@shoal/peer'
import type { BookEntry } from './book-entry.ts'

/** Every so many turns of a source, one goes to what failed before, whatever else is new. */
const RETRY_EVERY = 4

export class FairTurns {
  /** BOUNDED: by the entries of the book. */
  readonly #ready = new Set<BookEntry>()
  /** BOUNDED: by the number of sources. */
  readonly #sources = new Map<CandidateSource, SourceTurns>()
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
    for (const entry of this.#ready) if (best === undefined || this.#isBefore(entry, best)) best = entry
    if (best !== undefined) this.#serve(best)
    return best
  }

  /** Asked of every one that waits, at every turn. */
  #isBefore(a: BookEntry, b: BookEntry): boolean {
    const turnsOfA = this.#turnsOf(a.place.source)
    const turnsOfB = this.#turnsOf(b.place.source)
    const steps =
      turnsOfA.servedAt - turnsOfB.servedAt ||
      familiarity(a) - familiarity(b) ||
      lateness(a, turnsOfA) - lateness(b, turnsOfB) ||
      turnsOfA.families[a.place.family] - turnsOfB.families[b.place.family] ||
      a.group.servedAt - b.group.servedAt
    return steps < 0
  }

  #serve(entry: BookEntry): void {
    const { source, family } = entry.place
    this.#ready.delete(entry)
    this.#turn += 1
    entry.group.servedAt = this.#turn
    const turns = this.#turnsOf(source)
    turns.servedAt = this.#turn
    turns.served += 1
    turns.families[family] = this.#turn
  }

  #turnsOf(source: CandidateSource): SourceTurns {
    let turns = this.#sources.get(source)
    if (turns === undefined) {
      turns = { servedAt: 0, served: 0, families: { ipv4: 0, ipv6: 0 } }
      this.#sources.set(source, turns)
    }
    return turns
  }
}

interface SourceTurns {
  servedAt: number
  served: number
  /** When each was served last. */
  readonly families: Record<Family, number>
}

/** What was connected before goes first. */
function familiarity(entry: BookEntry): number {
  return entry.wasConnected && entry.failures === 0 ? 0 : 1
}

/** What failed before goes last, but when it is the turn of such. */
function lateness(entry: BookEntry, { served }: SourceTurns): number {
  const isRetryTurn = served % RETRY_EVERY === RETRY_EVERY - 1
  return entry.failures > 0 === isRetryTurn ? 0 : 1
}
