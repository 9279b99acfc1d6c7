/**
 * One topic while anybody here is interested in it, as a pure machine: when to ask which source and to announce to it, at most
 * one look-up of a source at a time however many sessions there are, and each session's book of what they told.
 */

import type { Endpoint, Millis, RandomSource } from '@shoal/base'
import type { Candidate, CandidateSource, DialOutcome } from '@shoal/peer'
import { ANNOUNCE_PACE, type AnnouncePace, AnnounceSchedule } from './announce-schedule.ts'
import { BOOK_LIMITS, type BookLimits } from './book-rules.ts'
import { CandidateBook } from './candidate-book.ts'
import { LOOKUP_PACE, type LookupPace, LookupSchedule } from './lookup-schedule.ts'
import { checkSighting, type Sighting, type SightingRejection } from './place.ts'
import { type AnnouncedPort, portKey, TopicMember } from './topic-member.ts'

/** What a source can be asked for; what it tells of itself comes in any case. */
export interface SourceAbilities {
  readonly source: CandidateSource
  readonly looksUp: boolean
  readonly announces: boolean
}

export interface SearchCounts {
  lookups: number
  announces: number
  /** Sightings that were not even looked at twice. */
  rejected: Record<SightingRejection, number>
}

export interface TopicMachineInit {
  readonly now: Millis
  readonly random: RandomSource
  readonly sources: readonly SourceAbilities[]
  readonly paces?: { readonly lookup?: LookupPace; readonly announce?: AnnouncePace }
  readonly limits?: BookLimits
  /** Shared by the machines of one Discovery. */
  readonly counts?: SearchCounts
}

/**
 * - lookup: ask once, and answer with `handleSearched`. - announce: announce once, and answer with `handleAnnounced`.
 * - stop: the task is wanted no more; an answer is of no account. - withdraw: nobody announces the port there any more; said
 *   after the `stop` of an announce that is on its way.
 */
export type SearchEffect =
  | { readonly kind: 'lookup'; readonly task: number; readonly source: CandidateSource }
  | {
      readonly kind: 'announce'
      readonly task: number
      readonly source: CandidateSource
      readonly port: AnnouncedPort
    }
  | { readonly kind: 'stop'; readonly task: number }
  | {
      readonly kind: 'withdraw'
      readonly source: CandidateSource
      readonly port: AnnouncedPort
      /** The announce that was stopped; what withdraws waits for its end. */
      readonly stopped: number | undefined
    }

interface Lookups {
  readonly source: CandidateSource
  readonly schedule: LookupSchedule
  task: number | undefined
}

interface Announces {
  readonly source: CandidateSource
  readonly port: AnnouncedPort
  readonly schedule: AnnounceSchedule
  task: number | undefined
}

export class TopicMachine {
  readonly #init: TopicMachineInit
  readonly #counts: SearchCounts
  /** UNBOUNDED: one a join of our own user, until it leaves. */
  readonly #members = new Set<TopicMember>()
  /** BOUNDED: one a source. */
  readonly #lookups: readonly Lookups[]
  /** By source and port. BOUNDED: one a source and port that a member announces. */
  readonly #announces = new Map<string, Announces>()
  /** What ends; whoever drives us takes it at once. BOUNDED: by the lookups and announces. */
  readonly #endings: SearchEffect[] = []
  /** New places that each source has told of since its last look-up ended. BOUNDED: by the kinds of source. */
  readonly #found = new Map<CandidateSource, number>()
  #tasks = 0

  constructor(init: TopicMachineInit) {
    this.#init = init
    this.#counts = init.counts ?? newSearchCounts()
    this.#lookups = init.sources.flatMap(({ source, looksUp }) =>
      looksUp
        ? {
            source,
            schedule: new LookupSchedule({
              now: init.now,
              random: init.random,
              pace: init.paces?.lookup ?? LOOKUP_PACE,
            }),
            task: undefined,
          }
        : [],
    )
  }

  get isEmpty(): boolean {
    return this.#members.size === 0
  }

  /** A port announces; `announceTo` names the only sources that hear of it. */
  join(
    now: Millis,
    about: { readonly port?: AnnouncedPort | undefined; readonly announceTo?: readonly CandidateSource[] | undefined },
  ): TopicMember {
    const { random, limits = BOOK_LIMITS } = this.#init
    const book = new CandidateBook({ now, random, limits })
    const member = new TopicMember({ book, port: about.port, announceTo: about.announceTo })
    const [other] = this.#members
    for (const place of other?.book.places() ?? []) book.sight(now, place)
    this.#members.add(member)
    this.#announce(now, member)
    for (const { schedule } of this.#lookups) schedule.handleRequest(now)
    this.#heedNeed(now)
    return member
  }

  leave(member: TopicMember): void {
    if (!this.#members.delete(member)) return
    this.#stopAnnouncing()
    if (!this.isEmpty) return
    for (const lookups of this.#lookups) {
      if (lookups.task !== undefined) this.#endings.push({ kind: 'stop', task: lookups.task })
      lookups.task = undefined
    }
  }

  /** From now on only these sources hear of the member's port; all without any. */
  announceTo(now: Millis, member: TopicMember, sources: readonly CandidateSource[] | undefined): void {
    member.announceTo = sources
    if (!this.#members.has(member)) return
    this.#announce(now, member)
    this.#stopAnnouncing()
  }

  isAnnouncing(member: TopicMember, source: CandidateSource, port: AnnouncedPort): boolean {
    return this.#members.has(member) && member.announces(port, source)
  }

  /** What a source tells: remote input. */
  handleSighting(now: Millis, sighting: Sighting): void {
    const checked = checkSighting(sighting)
    if (!checked.ok) {
      this.#counts.rejected[checked.reason] += 1
      return
    }
    const { source } = sighting
    let isNew = false
    for (const member of this.#members) isNew = member.book.sight(now, checked.value) === 'added' || isNew
    if (isNew) this.#found.set(source, (this.#found.get(source) ?? 0) + 1)
    this.#heedNeed(now)
  }

  /** A look-up has ended, in whatever way. */
  handleSearched(now: Millis, task: number): void {
    for (const lookups of this.#lookups) {
      if (lookups.task !== task) continue
      lookups.task = undefined
      lookups.schedule.handleDone(now, this.#found.get(lookups.source))
      this.#found.delete(lookups.source)
    }
  }

  /** An announce has ended; `nodes` stored it. */
  handleAnnounced(now: Millis, task: number, nodes: number): void {
    for (const announces of this.#announces.values()) {
      if (announces.task !== task) continue
      announces.task = undefined
      announces.schedule.handleDone(now, nodes)
    }
  }

  /** What became of a dial of this member's. */
  report(now: Millis, member: TopicMember, endpoint: Endpoint, outcome: DialOutcome): void {
    if (!this.#members.has(member)) return
    const before = member.book.connected
    member.hasReports = true
    member.book.report(now, endpoint, outcome)
    this.#heedNeed(now)
    if (member.book.connected >= before) return
    for (const { schedule } of this.#lookups) schedule.handleLoss(now)
  }

  /** Looks up and announces now, whatever the schedules say. */
  update(now: Millis): void {
    for (const { schedule } of this.#lookups) schedule.handleRequest(now)
    for (const { schedule } of this.#announces.values()) schedule.handleRequest(now)
  }

  /** The network has changed or come back, or this machine has slept: whatever was known of it may be wrong. */
  handleWake(now: Millis): void {
    for (const { schedule } of this.#lookups) schedule.handleWake(now)
    for (const { schedule } of this.#announces.values()) schedule.handleWake(now)
    for (const { book } of this.#members) book.handleWake(now)
  }

  pollEffect(now: Millis): SearchEffect | undefined {
    const ending = this.#endings.shift()
    if (ending !== undefined || this.isEmpty) return ending
    for (const lookups of this.#lookups) {
      if (!lookups.schedule.poll(now)) continue
      this.#counts.lookups += 1
      return { kind: 'lookup', task: (lookups.task = ++this.#tasks), source: lookups.source }
    }
    for (const announces of this.#announces.values()) {
      if (!announces.schedule.poll(now)) continue
      this.#counts.announces += 1
      const { source, port } = announces
      return { kind: 'announce', task: (announces.task = ++this.#tasks), source, port }
    }
    return undefined
  }

  /** The member's next place that is worth a dial now. */
  pollCandidate(now: Millis, member: TopicMember): Candidate | undefined {
    return this.#members.has(member) ? member.book.poll(now) : undefined
  }

  /** When `pollEffect` may have something; books have deadlines of their own. */
  pollTimeout(): Millis | undefined {
    if (this.isEmpty) return undefined
    let next: Millis | undefined
    for (const { schedule } of [...this.#lookups, ...this.#announces.values()]) {
      const at = schedule.pollTimeout()
      if (at !== undefined && (next === undefined || at < next)) next = at
    }
    return next
  }

  #heedNeed(now: Millis): void {
    let isNeeded = false
    for (const member of this.#members) isNeeded ||= member.isInNeed
    for (const { schedule } of this.#lookups) schedule.handleNeed(now, isNeeded)
  }

  #announce(now: Millis, member: TopicMember): void {
    const { port } = member
    if (port === undefined) return
    const { random, paces, sources } = this.#init
    for (const { source, announces } of sources) {
      const key = `${source} ${portKey(port)}`
      if (!announces || !member.announces(port, source) || this.#announces.has(key)) continue
      const schedule = new AnnounceSchedule({ now, random, pace: paces?.announce ?? ANNOUNCE_PACE })
      this.#announces.set(key, { source, port, schedule, task: undefined })
    }
  }

  #stopAnnouncing(): void {
    for (const [key, { source, port, task }] of this.#announces) {
      if ([...this.#members].some((member) => member.announces(port, source))) continue
      this.#announces.delete(key)
      if (task !== undefined) this.#endings.push({ kind: 'stop', task })
      this.#endings.push({ kind: 'withdraw', source, port, stopped: task })
    }
  }
}

export function newSearchCounts(): SearchCounts {
  return { lookups: 0, announces: 0, rejected: { malformed: 0, port: 0, martian: 0, scope: 0 } }
}
