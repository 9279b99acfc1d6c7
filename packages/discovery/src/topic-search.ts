/** Drives the machine of one topic: asks the sources as it says, gives it what they find, and wakes it when it is due. */

import type { Endpoint, RandomSource } from '@shoal/base'
import type { Candidate, CandidateSource, DialOutcome, SignedRoster } from '@shoal/peer'
import type { AnnouncePace } from './core/announce-schedule.ts'
import type { BookLimits } from './core/book-rules.ts'
import type { LookupPace } from './core/lookup-schedule.ts'
import type { Sighting } from './core/place.ts'
import { type SearchCounts, type SearchEffect, TopicMachine } from './core/topic-machine.ts'
import type { AnnouncedPort, TopicMember } from './core/topic-member.ts'
import { Alarm, monotonicNow } from './node/alarm.ts'
import type { AnnounceResult, LookupResult, Source, SourceHandle, SourceTopic } from './node/source.ts'

/** What a session is to the search of its topic. */
export interface SearchListener {
  /** There may be candidates for it. */
  handleCandidates(): void
  handleSearched(source: CandidateSource, result: LookupResult): void
  handleAnnounced(source: CandidateSource, result: AnnounceResult): void
  handleFault(source: CandidateSource, fault: SearchFault): void
  handleRoster(roster: SignedRoster): void
}

/** Why a look-up or an announce went wrong; it is repeated in any case. */
export interface SearchFault {
  readonly action: 'lookup' | 'announce'
  readonly error: unknown
}

export interface TopicSearchInit {
  readonly topic: SourceTopic
  readonly sources: readonly Source[]
  readonly random: RandomSource
  readonly paces: { readonly lookup: LookupPace; readonly announce: AnnouncePace }
  readonly limits: BookLimits
  /** Shared by the searches of one Discovery. */
  readonly counts: SearchCounts
  /** The last session has left: whoever joins next needs a new search. */
  readonly onEmpty: () => void
}

/** On a topic with an owner nobody is dialled before it is known who is revoked; where nobody tells, not for ever. */
const ROSTER_WITHIN_MS = 3_000

interface Running {
  readonly abort: AbortController
  readonly done: Promise<void>
}

export class TopicSearch {
  readonly #init: TopicSearchInit
  readonly #machine: TopicMachine
  readonly #alarm = new Alarm(() => this.#turn())
  /** UNBOUNDED: one a join of our own user, until it leaves. */
  readonly #listeners = new Map<TopicMember, SearchListener>()
  /** BOUNDED: one a source. */
  readonly #handles: ReadonlyMap<CandidateSource, SourceHandle>
  /** By task. BOUNDED: by the machine's tasks, and those that were stopped and are about to end. */
  readonly #running = new Map<number, Running>()
  /** What came while the sources were being attached, before there was a session to give it to. BOUNDED: by the sources' own bounds. */
  #early: Sighting[] | undefined = []
  #roster: SignedRoster | undefined
  /** While the roster is read for the first time. */
  #awaiting: NodeJS.Timeout | undefined

  constructor(init: TopicSearchInit) {
    this.#init = init
    this.#handles = new Map(
      init.sources.map((source) => [
        source.kind,
        source.attach(init.topic, {
          sight: (sighting) => this.#sight({ ...sighting, source: source.kind }),
          handleRoster: (roster) => this.#handleRoster(roster),
        }),
      ]),
    )
    if (this.#handles.get('roster')?.lookup !== undefined) {
      this.#awaiting = setTimeout(() => this.#endWait(), ROSTER_WITHIN_MS)
    }
    this.#machine = new TopicMachine({
      now: monotonicNow(),
      random: init.random,
      paces: init.paces,
      limits: init.limits,
      counts: init.counts,
      sources: [...this.#handles].map(([source, { lookup, announce }]) => ({
        source,
        looksUp: lookup !== undefined,
        announces: announce !== undefined,
      })),
    })
  }

  join(
    listener: SearchListener,
    about: { readonly port: AnnouncedPort | undefined; readonly announceTo: readonly CandidateSource[] | undefined },
  ): TopicMember {
    const now = monotonicNow()
    const member = this.#machine.join(now, about)
    this.#listeners.set(member, listener)
    for (const sighting of this.#early ?? []) this.#machine.handleSighting(now, sighting)
    this.#early = undefined
    void this.#turn()
    return member
  }

  /** Resolves when nothing more is sent on behalf of the session. */
  async leave(member: TopicMember): Promise<void> {
    if (!this.#listeners.delete(member)) return
    this.#machine.leave(member)
    const isLast = this.#machine.isEmpty
    if (isLast) this.#init.onEmpty()
    await this.#turn()
    if (!isLast) return
    this.#endWait()
    for (const handle of this.#handles.values()) handle.detach()
  }

  /** Resolves when nothing more is sent to the sources that are not to hear of the port any more. */
  async announceTo(member: TopicMember, sources: readonly CandidateSource[] | undefined): Promise<void> {
    this.#machine.announceTo(monotonicNow(), member, sources)
    await this.#turn()
  }

  report(member: TopicMember, endpoint: Endpoint, outcome: DialOutcome): void {
    for (const handle of this.#handles.values()) handle.handleOutcome?.(endpoint, outcome)
    this.#machine.report(monotonicNow(), member, endpoint, outcome)
    void this.#turn()
  }

  poll(member: TopicMember): Candidate | undefined {
    return this.#awaiting === undefined ? this.#machine.pollCandidate(monotonicNow(), member) : undefined
  }

  /** Looks up and announces now, whatever the schedules say. */
  update(): void {
    this.#machine.update(monotonicNow())
    void this.#turn()
  }

  /** The network has changed or come back, or this machine has slept. */
  wake(): void {
    this.#machine.handleWake(monotonicNow())
    void this.#turn()
  }

  /** What the owner of the topic has published last, as far as we know. */
  get roster(): SignedRoster | undefined {
    return this.#roster
  }

  /** What a peer has handed on. */
  offerRoster(roster: SignedRoster): void {
    for (const handle of this.#handles.values()) handle.handleRoster?.(roster)
  }

  /** Whoever has a turn next hears of the candidates that have waited. */
  #endWait(): void {
    if (this.#awaiting === undefined) return
    clearTimeout(this.#awaiting)
    this.#awaiting = undefined
    for (const listener of this.#listeners.values()) listener.handleCandidates()
  }

  #handleRoster(roster: SignedRoster): void {
    this.#roster = roster
    for (const listener of this.#listeners.values()) listener.handleRoster(roster)
  }

  #sight(sighting: Sighting): void {
    if (this.#early !== undefined) {
      this.#early.push(sighting)
      return
    }
    this.#machine.handleSighting(monotonicNow(), sighting)
    void this.#turn()
  }

  /** Does what the machine says now; resolves when what it ended has ended. */
  async #turn(): Promise<void> {
    const now = monotonicNow()
    const endings: Promise<unknown>[] = []
    for (let effect: SearchEffect | undefined; (effect = this.#machine.pollEffect(now)); ) {
      endings.push(this.#perform(effect))
    }
    this.#alarm.set(this.#machine.pollTimeout())
    for (const listener of this.#listeners.values()) listener.handleCandidates()
    await Promise.all(endings)
  }

  /** Resolves, of what ends something, when that has ended. */
  async #perform(effect: SearchEffect): Promise<void> {
    switch (effect.kind) {
      case 'lookup':
        this.#startLookup(effect)
        return
      case 'announce':
        this.#startAnnounce(effect)
        return
      case 'stop': {
        const running = this.#running.get(effect.task)
        running?.abort.abort()
        await running?.done
        return
      }
      case 'withdraw': {
        const { source, port, stopped } = effect
        if (stopped !== undefined) await this.#running.get(stopped)?.done
        await this.#handles.get(source)?.withdraw?.(port)
        return
      }
    }
  }

  #startLookup({ task, source }: SearchEffect & { kind: 'lookup' }): void {
    const ask = this.#handles.get(source)?.lookup
    if (ask === undefined) return
    this.#run(task, ask, (outcome) => {
      this.#machine.handleSearched(monotonicNow(), task)
      if (source === 'roster') this.#endWait()
      // Before anybody hears of it: a listener that throws must not stop the schedule.
      void this.#turn()
      for (const listener of this.#listeners.values()) {
        if (!outcome.ok) listener.handleFault(source, { action: 'lookup', error: outcome.error })
        listener.handleSearched(source, outcome.ok ? outcome.value : { answered: false })
      }
    })
  }

  #startAnnounce({ task, source, port }: SearchEffect & { kind: 'announce' }): void {
    const announce = this.#handles.get(source)?.announce
    if (announce === undefined) return
    const action = (signal: AbortSignal): Promise<AnnounceResult> => announce(port, signal)
    this.#run(task, action, (outcome) => {
      const result = outcome.ok ? outcome.value : { nodes: 0 }
      this.#machine.handleAnnounced(monotonicNow(), task, result.nodes)
      void this.#turn()
      for (const [member, listener] of this.#listeners) {
        if (!this.#machine.isAnnouncing(member, source, port)) continue
        if (!outcome.ok) listener.handleFault(source, { action: 'announce', error: outcome.error })
        listener.handleAnnounced(source, result)
      }
    })
  }

  /** Runs one action; `onDone` hears of it unless it was stopped. */
  #run<T>(task: number, action: (signal: AbortSignal) => Promise<T>, onDone: (outcome: Outcome<T>) => void): void {
    const abort = new AbortController()
    const settle = (outcome: Outcome<T>): void => {
      this.#running.delete(task)
      if (!abort.signal.aborted) onDone(outcome)
    }
    const done = action(abort.signal).then(
      (value) => settle({ ok: true, value }),
      (error: unknown) => settle({ ok: false, error }),
    )
    this.#running.set(task, { abort, done })
  }
}

type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown }
