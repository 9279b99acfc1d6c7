/** One joined topic as its user sees it: candidates to iterate over, a place to report outcomes, and events. */

import { EventEmitter } from 'node:events'
import type { Endpoint } from '@shoal/base'
import type { Candidate, CandidateSource, DialOutcome, SignedRoster, SwarmSession } from '@shoal/peer'
import type { BookStats } from './core/candidate-book.ts'
import type { AnnouncedPort, TopicMember } from './core/topic-member.ts'
import { Alarm } from './node/alarm.ts'
import type { SearchFault, TopicSearch } from './topic-search.ts'

export interface SessionEvents {
  /** An announce is over. `nodes` is how many stored it: with none it is repeated soon. */
  announced: [event: { readonly source: CandidateSource; readonly nodes: number }]
  /** A look-up is over. `answered` is false where nobody could be asked. */
  searched: [event: { readonly source: CandidateSource; readonly answered: boolean }]
  /** A look-up or an announce broke off; it is repeated all the same. */
  fault: [event: { readonly source: CandidateSource } & SearchFault]
  /** Of a topic with an owner: what the owner has published, when it is read first and whenever it is another. */
  roster: [roster: SignedRoster]
  left: []
}

export interface SessionInit {
  readonly search: TopicSearch
  readonly port: AnnouncedPort | undefined
  readonly announceTo: readonly CandidateSource[] | undefined
  /** Nothing more is sent on its behalf. */
  readonly onLeft: () => void
}

export class Session extends EventEmitter<SessionEvents> implements SwarmSession {
  readonly #search: TopicSearch
  readonly #member: TopicMember
  readonly #onLeft: () => void
  readonly #announceTo: readonly CandidateSource[] | undefined
  readonly #alarm = new Alarm(() => this.#serve())
  /** BOUNDED: by the callers of `next()`, each of which waits. */
  readonly #readers = new Set<Reader>()
  #leaving: Promise<void> | undefined

  constructor(init: SessionInit) {
    super()
    this.#search = init.search
    this.#onLeft = init.onLeft
    this.#announceTo = init.announceTo
    this.#member = this.#search.join(
      {
        handleCandidates: () => this.#serve(),
        handleSearched: (source, { answered }) => this.emit('searched', { source, answered }),
        handleAnnounced: (source, { nodes }) => this.emit('announced', { source, nodes }),
        handleFault: (source, fault) => this.emit('fault', { source, ...fault }),
        handleRoster: (roster) => this.emit('roster', roster),
      },
      { port: init.port, announceTo: init.announceTo },
    )
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
    if (this.#leaving === undefined) this.#search.report(this.#member, endpoint, outcome)
  }

  /** From now on only these sources hear of the port; all without an argument. Resolves when the others are told no more. */
  async announceTo(sources?: readonly CandidateSource[]): Promise<void> {
    if (this.#leaving === undefined) await this.#search.announceTo(this.#member, sources)
  }

  /** Looks up now, and announces now where a port was given. */
  update(): void {
    if (this.#leaving === undefined) this.#search.update()
  }

  leave(): Promise<void> {
    this.#leaving ??= this.#leave()
    return this.#leaving
  }

  watchRoster(listener: (roster: SignedRoster) => void): void {
    this.on('roster', listener)
    if (this.#search.roster !== undefined) listener(this.#search.roster)
  }

  offerRoster(roster: SignedRoster): void {
    if (this.#leaving === undefined) this.#search.offerRoster(roster)
  }

  announce(on: boolean): void {
    void this.announceTo(on ? this.#announceTo : [])
  }

  stats(): BookStats {
    return this.#member.book.stats()
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
    for (const reader of this.#readers) {
      const candidate = this.#search.poll(this.#member)
      if (candidate === undefined) break
      this.#readers.delete(reader)
      reader.own.delete(reader)
      reader.resolve({ done: false, value: candidate })
    }
    this.#alarm.set(this.#readers.size > 0 ? this.#member.book.pollTimeout() : undefined)
  }

  #endReader(reader: Reader): void {
    this.#readers.delete(reader)
    reader.own.delete(reader)
    reader.resolve({ done: true, value: undefined })
  }
}

interface Reader {
  readonly resolve: (result: IteratorResult<Candidate>) => void
  readonly own: Set<Reader>
}
