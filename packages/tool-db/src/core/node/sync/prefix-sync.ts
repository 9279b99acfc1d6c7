/**
 * A client brings the records of a prefix up to date: with each connected server it is found out what differs, and what is lacking here is
 * fetched and verified as everything is. One prefix after the other, one server after the other.
 */

import { jittered, type Millis, SECOND } from '@shoal/base'
import type { SyncAskMessage, SyncRecordsMessage, SyncTellMessage, SyncWantMessage } from '../../wire/message.ts'
import type { CommandResult } from '../commands.ts'
import type { Timer } from '../kernel.ts'
import { has } from '../peer.ts'
import type { Peer } from '../session.ts'
import type { Sessions } from '../sessions.ts'
import { Intake, type IntakeParts } from './intake.ts'
import type { ItemIndex } from './item-index.ts'
import { Pace } from './pace.ts'
import type { PrefixSet } from './prefix-set.ts'
import { PrefixSets } from './prefix-sets.ts'
import { type Fault, type Outcome, Turn } from './turn.ts'

const WAITING_MAX = 64
const FORGED_COUNTED_MAX = 32
/** A server that has no time is asked again. */
const AGAIN_AFTER: Millis = SECOND

export interface PrefixSyncParts extends Omit<IntakeParts, 'pace' | 'items'> {
  readonly items: ItemIndex
  readonly sessions: Sessions
  servers(): Iterable<Peer>
}

interface Job {
  readonly prefix: string
  readonly then: (result: CommandResult) => void
  /** BOUNDED: by the servers that are connected. */
  readonly asked: Set<Peer>
  timer: Timer | undefined
  set: PrefixSet | undefined
  stored: number
  /** Servers that have nothing that is not here, by now. */
  equal: number
  tooLarge: number
  /** Servers that are to be asked again. */
  again: number
  isOver: boolean
}

export class PrefixSync {
  readonly #parts: PrefixSyncParts
  readonly #sets: PrefixSets
  readonly #intake: Intake
  /** The first is being worked on. BOUNDED: WAITING_MAX. */
  readonly #jobs: Job[] = []
  #turn: Turn | undefined

  constructor(parts: PrefixSyncParts) {
    this.#parts = parts
    this.#sets = new PrefixSets(parts)
    const { items } = parts
    this.#intake = new Intake({
      ...parts,
      items: {
        has: (item) => this.#jobs[0]?.set?.has(item) ?? false,
        itemOf: (record) => items.itemOf(record),
        change: (gone, come) => items.change(gone, come),
        mayBeForgotten: () => false,
        isRepairing: false,
      },
      pace: new Pace(parts.kernel),
    })
  }

  get prefixes(): number {
    return this.#sets.size
  }

  sync({ prefix, timeout }: { prefix: string; timeout: Millis }, then: (result: CommandResult) => void): void {
    if (this.#jobs.length >= WAITING_MAX) {
      then({ kind: 'refused', code: 'TOO_BUSY' })
      return
    }
    const job: Job = {
      prefix,
      then,
      asked: new Set(),
      timer: undefined,
      set: undefined,
      stored: 0,
      equal: 0,
      tooLarge: 0,
      again: 0,
      isOver: false,
    }
    job.timer = this.#parts.kernel.after(timeout, () => this.#finish(job))
    this.#jobs.push(job)
    if (this.#jobs.length === 1) this.#begin(job)
  }

  handleServer(): void {
    const [job] = this.#jobs
    if (job?.set !== undefined && this.#turn === undefined) this.#next(job)
  }

  handleGone(peer: Peer): void {
    if (this.#turn?.peer === peer) this.#turn.end()
  }

  handleTell(peer: Peer, message: SyncTellMessage): void {
    this.#note(peer, (turn) => turn.handleTell(message))
  }

  handleRecords(peer: Peer, message: SyncRecordsMessage): void {
    this.#note(peer, (turn) => turn.handleRecords(message))
  }

  /** Nobody compares himself with a client. */
  handleAsk(peer: Peer, _message: SyncAskMessage): void {
    this.#parts.sessions.fault(peer.session, 'out-of-turn')
  }

  handleWant(peer: Peer, _message: SyncWantMessage): void {
    this.#parts.sessions.fault(peer.session, 'out-of-turn')
  }

  /** True where it answers a question of ours. */
  handleAck(peer: Peer, id: string, code: string): boolean {
    const [job] = this.#jobs
    if (job === undefined || this.#turn?.peer !== peer) return false
    if (code === 'TOO_LARGE') job.tooLarge++
    if (this.#turn.handleRefusal(id)) return true
    if (code === 'TOO_LARGE') job.tooLarge--
    return false
  }

  #note(peer: Peer, handle: (turn: Turn) => Fault | undefined): void {
    const fault = this.#turn?.peer === peer ? handle(this.#turn) : 'unasked'
    if (fault === undefined) return
    this.#parts.kernel.counters.add(`sync.${fault}`)
    // What comes too late was asked for once.
    this.#parts.sessions.fault(peer.session, fault === 'unasked' ? 'over-rate' : fault)
  }

  #begin(job: Job): void {
    this.#sets.get(job.prefix, (set) => {
      if (job.isOver) return
      if (typeof set === 'string') {
        this.#finish(job, { kind: 'refused', code: set === 'failed' ? 'STORE_FAILED' : 'TOO_LARGE' })
        return
      }
      job.set = set
      this.#next(job)
    })
  }

  #next(job: Job): void {
    const { kernel, fanout, servers } = this.#parts
    const { set, prefix, asked } = job
    if (job.isOver || set === undefined) return
    const peer = [...servers()].find((each) => has(each, 'sync') && !asked.has(each))
    if (peer === undefined) {
      // With nobody there it waits for somebody.
      if (asked.size > 0 && job.again === 0) this.#finish(job)
      return
    }
    asked.add(peer)
    const turn = new Turn(
      { kernel, items: set, fanout, intake: this.#intake },
      { peer, prefix, onEnd: (outcome) => this.#handleEnd(job, peer, outcome) },
    )
    this.#turn = turn
    turn.compare()
  }

  #handleEnd(job: Job, peer: Peer, { stored, isComplete, missed, forged, isPutOff }: Outcome): void {
    const { sessions, kernel } = this.#parts
    this.#turn = undefined
    for (let i = 0; i < Math.min(forged, FORGED_COUNTED_MAX); i++) sessions.fault(peer.session, 'bad-record')
    job.stored += stored
    if (isComplete && missed === 0) job.equal++
    if (!isPutOff || job.tooLarge > 0) {
      this.#next(job)
      return
    }
    job.again++
    kernel.after(jittered(AGAIN_AFTER, 0.5, kernel.random), () => {
      job.again--
      job.asked.delete(peer)
      if (this.#turn === undefined) this.#next(job)
    })
  }

  #finish(job: Job, result?: CommandResult): void {
    if (job.isOver) return
    job.isOver = true
    this.#parts.kernel.cancel(job.timer)
    const isFirst = this.#jobs[0] === job
    if (isFirst) this.#turn?.end()
    this.#jobs.splice(this.#jobs.indexOf(job), 1)
    const { stored, equal, asked, tooLarge } = job
    if (result !== undefined) job.then(result)
    else if (equal === 0 && tooLarge > 0) job.then({ kind: 'refused', code: 'TOO_LARGE' })
    else job.then({ kind: 'sync-prefix', stored, servers: equal, complete: equal > 0 && equal === asked.size })
    const [next] = this.#jobs
    if (isFirst && next !== undefined) this.#begin(next)
  }
}
