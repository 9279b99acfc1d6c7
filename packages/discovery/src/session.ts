/** One joined topic as its user sees it: candidates to iterate over, a place to report outcomes, and events. */

import { EventEmitter } from 'node:events'
import type { Endpoint, Millis, RandomSource } from '@shoal/base'
import type { Candidate, CandidateSource, DialOutcome, SwarmSession } from '@shoal/peer'
import type { BookLimits } from './core/book-rules.ts'
import { type BookStats, CandidateBook } from './core/candidate-book.ts'
import type { Place } from './core/place.ts'
import { Alarm, monotonicNow } from './node/alarm.ts'
import type { AnnouncedPort, AnnounceResult, LookupResult } from './node/source.ts'
import type { SearchFault, SearchMember, TopicSearch } from './topic-search.ts'

export interface SessionEvents {
  /** An announce is over. `nodes` is how many stored it: with none it is repeated soon. */
  announced: [event: { readonly source: CandidateSource; readonly nodes: number }]
  /** A look-up is over. `answered` is false where nobody could be asked. */
  searched: [event: { readonly source: CandidateSource; readonly answered: boolean }]
  /** A look-up or an announce broke off; it is repeated all the same. */
  fault: [event: { readonly source: CandidateSource } & SearchFault]
  left: []
}

export interface SessionInit {
  readonly search: TopicSearch
  readonly port: AnnouncedPort | undefined
  readonly announceTo: readonly CandidateSource[] | undefined
  readonly random: RandomSource
  readonly limits: BookLimits
  /** Nothing more is sent on its behalf. */
  readonly onLeft: () => void
}

export class Session extends EventEmitter<SessionEvents> implements SwarmSession {
  readonly #search: TopicSearch
  readonly #book: CandidateBook
  readonly #member: SearchMember
  readonly #onLeft: () => void
  readonly #alarm = new Alarm(() => this.#serve())
  /** BOUNDED: by the callers of `next()`, each of which waits. */
  readonly #readers = new Set<Reader>()
  #hasReports = false
  #announceTo: readonly CandidateSource[] | undefined
  #leaving: Promise<void> | undefined

  constructor(init: SessionInit) {
    super()
    this.#search = init.search
    this.#onLeft = init.onLeft
    this.#announceTo = init.announceTo
    this.#book = new CandidateBook({ now: monotonicNow(), random: init.random, limits: init.limits })
    this.#member = this.#asMember(init.port)
    this.#search.join(this.#member)
  }

  /**
   * Candidates as they become worth a dial. Leaving the loop early does not leave the topic: iterate again, or
   * `leave()`. Of several loops at once each candidate goes to one.
   */
  [Symbol.asyncIterator](): AsyncIterator<Candidate> {
    const own = new Set<Reader>()
    return {
      next: () => this.#next(own),
      return: () => {
        for (const reader of own) this.#endReader(reader)
        return Promise.resolve({ done: true, value: undefined })
      },
    }
  }

  report(endpoint: Endpoint, outcome: DialOutcome): void {
    if (this.#leaving !== undefined) return
    const before = this.#book.connected
    this.#hasReports = true
    this.#book.report(monotonicNow(), endpoint, outcome)
    this.#search.handleOutcome(endpoint, outcome)
    this.#search.handleNeed()
    if (this.#book.connected < before) this.#search.handleLoss()
    this.#serve()
  }

  /** From now on only these sources hear of the port; all without an argument. Resolves when the others are told no more. */
  async announceTo(sources?: readonly CandidateSource[]): Promise<void> {
    this.#announceTo = sources
    if (this.#leaving === undefined) await this.#search.handleAnnouncing(this.#member)
  }

  /** Looks up now, and announces now where a port was given. */
  update(): void {
    if (this.#leaving === undefined) this.#search.update()
  }

  leave(): Promise<void> {
    this.#leaving ??= this.#leave()
    return this.#leaving
  }

  stats(): BookStats {
    return this.#book.stats()
  }

  async #leave(): Promise<void> {
    this.#alarm.set(undefined)
    for (const reader of this.#readers) this.#endReader(reader)
    await this.#search.leave(this.#member)
    this.#onLeft()
    this.emit('left')
  }

  #next(own: Set<Reader>): Promise<IteratorResult<Candidate>> {
    if (this.#leaving !== undefined) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve) => {
      const reader: Reader = { resolve, own }
      own.add(reader)
      this.#readers.add(reader)
      this.#serve()
    })
  }

  #serve(): void {
    const now = monotonicNow()
    for (const reader of this.#readers) {
      const candidate = this.#book.poll(now)
      if (candidate === undefined) break
      this.#readers.delete(reader)
      reader.own.delete(reader)
      reader.resolve({ done: false, value: candidate })
    }
    this.#alarm.set(this.#readers.size > 0 ? this.#book.pollTimeout() : undefined)
  }

  #endReader(reader: Reader): void {
    this.#readers.delete(reader)
    reader.own.delete(reader)
    reader.resolve({ done: true, value: undefined })
  }

  #asMember(port: AnnouncedPort | undefined): SearchMember {
    // Whoever announces finds at least itself.
    const enough = port === undefined ? 1 : 2
    return {
      port,
      announcesTo: (source) => this.#announceTo?.includes(source) ?? true,
      // A user who reports wants to be connected; of one who does not we only know what was found.
      isInNeed: () => (this.#hasReports ? this.#book.connected === 0 : this.#book.size < enough),
      places: () => this.#book.places(),
      sight: (now, place) => this.#sight(now, place),
      handleSearched: (source, result: LookupResult) => this.emit('searched', { source, answered: result.answered }),
      handleAnnounced: (source, result: AnnounceResult) => this.emit('announced', { source, nodes: result.nodes }),
      handleFault: (source, fault) => this.emit('fault', { source, ...fault }),
    }
  }

  #sight(now: Millis, place: Place): void {
    if (this.#book.sight(now, place) !== 'added') return
    if (!this.#hasReports) this.#search.handleNeed()
    this.#serve()
  }
}

interface Reader {
  readonly resolve: (result: IteratorResult<Candidate>) => void
  readonly own: Set<Reader>
}
