/**
 * One topic while anybody here is interested in it: asks the sources on their schedules, at most one look-up of a source
 * at a time however many sessions there are, and hands what they find to all of them.
 */

import type { Endpoint, Millis, RandomSource } from '@shoal/base'
import type { CandidateSource, DialOutcome } from '@shoal/peer'
import { type AnnouncePace, AnnounceSchedule } from './core/announce-schedule.ts'
import { type LookupPace, LookupSchedule } from './core/lookup-schedule.ts'
import { checkSighting, type Place, type Sighting, type SightingRejection } from './core/place.ts'
import { Alarm, monotonicNow } from './node/alarm.ts'
import type { AnnouncedPort, AnnounceResult, LookupResult, Source, SourceHandle, SourceTopic } from './node/source.ts'

/** What a session is to the search of its topic. */
export interface SearchMember {
  readonly port: AnnouncedPort | undefined
  /** Whether the port is to be known there. */
  announcesTo(source: CandidateSource): boolean
  /** Whether it still lacks what it looks for. */
  isInNeed(): boolean
  places(): Iterable<Place>
  sight(now: Millis, place: Place): void
  handleSearched(source: CandidateSource, result: LookupResult): void
  handleAnnounced(source: CandidateSource, result: AnnounceResult): void
  handleFault(source: CandidateSource, fault: SearchFault): void
}

/** Why a look-up or an announce went wrong; it is repeated in any case. */
export interface SearchFault {
  readonly action: 'lookup' | 'announce'
  readonly error: unknown
}

export interface SearchPaces {
  readonly lookup: LookupPace
  readonly announce: AnnouncePace
}

export interface SearchCounts {
  lookups: number
  announces: number
  /** Sightings that were not even looked at twice. */
  rejected: Record<SightingRejection, number>
}

export interface TopicSearchInit {
  readonly topic: SourceTopic
  readonly sources: readonly Source[]
  readonly random: RandomSource
  readonly paces: SearchPaces
  /** Shared by the searches of one Discovery. */
  readonly counts: SearchCounts
  /** The last member has left: whoever joins next needs a new search. */
  readonly onEmpty: () => void
}

interface Running {
  readonly abort: AbortController
  readonly done: Promise<void>
}

interface Lookups {
  readonly source: CandidateSource
  readonly schedule: LookupSchedule
  readonly ask: (signal: AbortSignal) => Promise<LookupResult>
  running: Running | undefined
}

interface Announces {
  readonly source: CandidateSource
  readonly portKey: string
  readonly schedule: AnnounceSchedule
  readonly announce: (signal: AbortSignal) => Promise<AnnounceResult>
  readonly withdraw: () => Promise<void>
  running: Running | undefined
}

export class TopicSearch {
  readonly #init: TopicSearchInit
  readonly #alarm = new Alarm(() => this.#tick())
  /** UNBOUNDED: one a join of our own user, until it leaves. */
  readonly #members = new Set<SearchMember>()
  readonly #handles: readonly { readonly source: CandidateSource; readonly handle: SourceHandle }[]
  /** BOUNDED: one a source. */
  readonly #lookups: readonly Lookups[]
  /** BOUNDED: one a source and port that a member announces. */
  readonly #announces = new Set<Announces>()
  /** What came while the sources were being attached, before there was a member to give it to. BOUNDED: by the sources' own bounds. */
  #early: Place[] | undefined = []

  constructor(init: TopicSearchInit) {
    this.#init = init
    this.#handles = init.sources.map((source) => ({
      source: source.kind,
      handle: source.attach(init.topic, { sight: (sighting) => this.#sight({ ...sighting, source: source.kind }) }),
    }))
    const { random } = init
    this.#lookups = this.#handles.flatMap(({ source, handle: { lookup } }) =>
      lookup === undefined
        ? []
        : {
            source,
            schedule: new LookupSchedule({ now: monotonicNow(), random, pace: init.paces.lookup }),
            ask: lookup,
            running: undefined,
          },
    )
  }

  join(member: SearchMember): void {
    const now = monotonicNow()
    const known = this.#early ?? this.#members.values().next().value?.places() ?? []
    this.#early = undefined
    this.#members.add(member)
    for (const place of known) member.sight(now, place)
    this.#announce(member)
    for (const lookups of this.#lookups) lookups.schedule.handleRequest(now)
    this.handleNeed()
  }

  /** Resolves when nothing more is sent on behalf of the member. */
  async leave(member: SearchMember): Promise<void> {
    if (!this.#members.delete(member)) return
    const stopping = this.#stopAnnouncing()
    const isLast = this.#members.size === 0
    if (isLast) {
      this.#init.onEmpty()
      this.#alarm.set(undefined)
      for (const lookups of this.#lookups) stopping.push(stop(lookups))
    }
    await Promise.all(stopping)
    if (isLast) for (const { handle } of this.#handles) handle.detach()
  }

  /** What became of a dial of one of the members. */
  handleOutcome(endpoint: Endpoint, outcome: DialOutcome): void {
    for (const { handle } of this.#handles) handle.handleOutcome?.(endpoint, outcome)
  }

  /** A member's need may have changed. */
  handleNeed(): void {
    let isNeeded = false
    for (const member of this.#members) isNeeded ||= member.isInNeed()
    const now = monotonicNow()
    for (const lookups of this.#lookups) lookups.schedule.handleNeed(now, isNeeded)
    this.#tick()
  }

  /** A member lost a server. */
  handleLoss(): void {
    const now = monotonicNow()
    for (const lookups of this.#lookups) lookups.schedule.handleLoss(now)
    this.#tick()
  }

  /** Looks up and announces now, whatever the schedules say. */
  update(): void {
    const now = monotonicNow()
    for (const lookups of this.#lookups) lookups.schedule.handleRequest(now)
    for (const announces of this.#announces) announces.schedule.handleRequest(now)
    this.#tick()
  }

  /** A member announces to more sources from now on, or to fewer; resolves when nothing more is sent to the others. */
  async handleAnnouncing(member: SearchMember): Promise<void> {
    if (!this.#members.has(member)) return
    this.#announce(member)
    const stopping = this.#stopAnnouncing()
    this.#tick()
    await Promise.all(stopping)
  }

  #announce(member: SearchMember): void {
    const { port } = member
    if (port === undefined) return
    const key = portKeyOf(port)
    const { random, paces } = this.#init
    for (const { source, handle } of this.#handles) {
      const { announce } = handle
      if (announce === undefined || !member.announcesTo(source)) continue
      if ([...this.#announces].some((known) => known.source === source && known.portKey === key)) continue
      this.#announces.add({
        source,
        portKey: key,
        schedule: new AnnounceSchedule({ now: monotonicNow(), random, pace: paces.announce }),
        announce: (signal) => announce(port, signal),
        withdraw: async () => handle.withdraw?.(port),
        running: undefined,
      })
    }
  }

  #stopAnnouncing(): Promise<void>[] {
    const stopping: Promise<void>[] = []
    for (const announces of this.#announces) {
      if ([...this.#members].some((member) => isOf(announces, member))) continue
      this.#announces.delete(announces)
      stopping.push(stop(announces).then(announces.withdraw))
    }
    return stopping
  }

  #sight(sighting: Sighting): void {
    const checked = checkSighting(sighting)
    if (!checked.ok) {
      this.#init.counts.rejected[checked.reason] += 1
      return
    }
    if (this.#early !== undefined) this.#early.push(checked.value)
    const now = monotonicNow()
    for (const member of this.#members) member.sight(now, checked.value)
  }

  #tick(): void {
    if (this.#members.size === 0) return
    const now = monotonicNow()
    for (const lookups of this.#lookups) if (lookups.schedule.poll(now)) this.#startLookup(lookups)
    for (const announces of this.#announces) if (announces.schedule.poll(now)) this.#startAnnounce(announces)
    let next: Millis | undefined
    for (const { schedule } of [...this.#lookups, ...this.#announces]) {
      const at = schedule.pollTimeout()
      if (at !== undefined && (next === undefined || at < next)) next = at
    }
    this.#alarm.set(next)
  }

  #startLookup(lookups: Lookups): void {
    this.#init.counts.lookups += 1
    lookups.running = run(lookups.ask, (outcome) => {
      lookups.running = undefined
      lookups.schedule.handleDone(monotonicNow())
      // Before anybody hears of it: a listener that throws must not stop the schedule.
      this.#tick()
      for (const member of this.#members) {
        if (!outcome.ok) member.handleFault(lookups.source, { action: 'lookup', error: outcome.error })
        member.handleSearched(lookups.source, outcome.ok ? outcome.value : { answered: false })
      }
    })
  }

  #startAnnounce(announces: Announces): void {
    this.#init.counts.announces += 1
    announces.running = run(announces.announce, (outcome) => {
      announces.running = undefined
      const result = outcome.ok ? outcome.value : { nodes: 0 }
      announces.schedule.handleDone(monotonicNow(), result.nodes)
      this.#tick()
      for (const member of this.#members) {
        if (!isOf(announces, member)) continue
        if (!outcome.ok) member.handleFault(announces.source, { action: 'announce', error: outcome.error })
        member.handleAnnounced(announces.source, result)
      }
    })
  }
}

type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown }

/** Runs one action; `onDone` hears of it unless it was stopped. */
function run<T>(action: (signal: AbortSignal) => Promise<T>, onDone: (outcome: Outcome<T>) => void): Running {
  const abort = new AbortController()
  const settle = (outcome: Outcome<T>): void => {
    if (!abort.signal.aborted) onDone(outcome)
  }
  const done = action(abort.signal).then(
    (value) => settle({ ok: true, value }),
    (error: unknown) => settle({ ok: false, error }),
  )
  return { abort, done }
}

function stop(task: { running: Running | undefined }): Promise<void> {
  const { running } = task
  running?.abort.abort()
  return running?.done ?? Promise.resolve()
}

function isOf({ source, portKey }: Announces, member: SearchMember): boolean {
  return member.port !== undefined && portKeyOf(member.port) === portKey && member.announcesTo(source)
}

function portKeyOf(port: AnnouncedPort): string {
  return `${port.port}${port.impliedPort ? ' implied' : ''}`
}
