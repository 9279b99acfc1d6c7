/**
 * When this server compares itself with which other one: at each new connection, every few minutes, after a gap, and when something came
 * from elsewhere. One turn at a time, so that what several servers have comes from one of them; whoever gives nothing waits ever longer.
 */

import { HOUR, jittered, MINUTE, type Millis, SECOND } from '@shoal/base'
import type { Step } from '../../sync/reconcile.ts'
import type { SyncAskMessage, SyncRecordsMessage, SyncTellMessage, SyncWantMessage } from '../../wire/message.ts'
import type { RowWrite } from '../effects.ts'
import type { Kernel, Timer } from '../kernel.ts'
import { has } from '../peer.ts'
import type { Peer } from '../session.ts'
import type { Sessions } from '../sessions.ts'
import { Intake, type IntakeParts } from './intake.ts'
import type { ItemIndex } from './item-index.ts'
import { AGREED_MARK, REPAIRING_MARK } from './item-rows.ts'
import { Pace } from './pace.ts'
import { Serving } from './serving.ts'
import { type Fault, type Outcome, Turn, type TurnParts } from './turn.ts'

/** After a connection: first come the handshake's own messages. Whoever was dialled leaves the first comparison to the other. */
const FIRST_AFTER: Millis = 100
const FIRST_AFTER_DIALLED: Millis = 30 * SECOND
/** After something came in from elsewhere, or a gap was seen, or a turn was cut short. */
const SOON: Millis = SECOND
const RETRY_AFTER: Millis = 5 * SECOND
const RETRY_AFTER_MAX: Millis = HOUR
/** A turn that lasts so long lets the others have theirs, or ends where nothing came of it all that time. */
const TURN_MAX: Millis = 2 * MINUTE
/** Differences that stay, since one side refuses what the other has, are found anew each time: of so few that costs nothing to speak of. */
const REFUSED_FEW = 256
const FORGED_COUNTED_MAX = 32
/** How often it is written down that all is well. */
const AGREED_EVERY: Millis = HOUR

export interface CatchUpParts extends Omit<IntakeParts, 'pace' | 'items'> {
  readonly items: ItemIndex
  readonly sessions: Sessions
  readonly interval: Millis
}

interface Link {
  readonly peer: Peer
  dueAt: Millis
  /** Turns in a row that came to nothing. */
  failures: number
  timer: Timer | undefined
}

export class CatchUp {
  readonly #parts: CatchUpParts
  readonly #kernel: Kernel
  readonly #serving: Serving
  readonly #turnParts: TurnParts
  readonly #intake: Intake
  /** BOUNDED: by the servers that are connected. */
  readonly #links = new Map<Peer, Link>()
  #turn: Turn | undefined
  #turnTimer: Timer | undefined
  #agreedAt: Millis = Number.NEGATIVE_INFINITY

  constructor(parts: CatchUpParts) {
    this.#parts = parts
    const { kernel, items, fanout, sessions } = parts
    this.#kernel = kernel
    this.#intake = new Intake({ ...parts, pace: new Pace(kernel) })
    this.#turnParts = { kernel, items, fanout, intake: this.#intake }
    this.#serving = new Serving({
      kernel,
      items,
      sessions,
      fanout,
      onNeed: (peer, step) => this.#handleNeed(peer, step),
    })
  }

  get links(): number {
    return this.#links.size
  }

  /** Sets of prefixes that are kept for clients. */
  get prefixes(): number {
    return this.#serving.prefixes
  }

  get refusals(): number {
    return this.#intake.refusals
  }

  handleServer(peer: Peer): void {
    if (!has(peer, 'sync')) return
    const link: Link = { peer, dueAt: Number.POSITIVE_INFINITY, failures: 0, timer: undefined }
    this.#links.set(peer, link)
    const isOurs = peer.session.direction === 'outbound'
    this.#arm(link, isOurs ? FIRST_AFTER : this.#jittered(FIRST_AFTER_DIALLED))
  }

  handleGone(peer: Peer): void {
    const link = this.#links.get(peer)
    if (link === undefined) return
    this.#kernel.cancel(link.timer)
    this.#links.delete(peer)
    if (this.#turn?.peer === peer) this.#turn.end()
  }

  /** One of both lacks what should have been brought to it. */
  noteGap(peer: Peer): void {
    const link = this.#links.get(peer)
    if (link !== undefined) this.#armSoon(link, SOON)
  }

  /** Something that was here is gone. */
  noteMissing(): void {
    this.#intake.forgetRefusals()
    for (const link of this.#links.values()) this.#armSoon(link, SOON)
  }

  handleAsk(peer: Peer, message: SyncAskMessage): void {
    if (message.prefix !== undefined && has(peer, 'sync')) {
      this.#serving.handleAsk(peer, message)
      return
    }
    const link = this.#linkOf(peer)
    if (link === undefined) return
    // The other side compares: ours need not be soon.
    if (this.#turn?.peer !== peer && link.failures === 0) this.#arm(link, this.#jittered(2 * this.#parts.interval))
    this.#serving.handleAsk(peer, message)
  }

  handleWant(peer: Peer, message: SyncWantMessage): void {
    const mayAsk = message.prefix !== undefined && has(peer, 'sync')
    if (mayAsk || this.#linkOf(peer) !== undefined) this.#serving.handleWant(peer, message)
  }

  handleTell(peer: Peer, message: SyncTellMessage): void {
    this.#note(peer, (turn) => turn.handleTell(message))
  }

  handleRecords(peer: Peer, message: SyncRecordsMessage): void {
    this.#note(peer, (turn) => turn.handleRecords(message))
  }

  /** True where it answers a question of ours. */
  handleAck(peer: Peer, id: string): boolean {
    return this.#turn?.peer === peer && this.#turn.handleRefusal(id)
  }

  #note(peer: Peer, handle: (turn: Turn) => Fault | undefined): void {
    if (this.#linkOf(peer) === undefined) return
    const fault = this.#turn?.peer === peer ? handle(this.#turn) : 'unasked'
    if (fault === undefined) return
    this.#kernel.counters.add(`sync.${fault}`)
    // What comes too late was asked for once.
    this.#parts.sessions.fault(peer.session, fault === 'unasked' ? 'over-rate' : fault)
  }

  /** `undefined` for whoever has not named the feature. */
  #linkOf(peer: Peer): Link | undefined {
    const link = this.#links.get(peer)
    if (link === undefined) this.#parts.sessions.fault(peer.session, 'out-of-turn')
    return link
  }

  /** While another server's turn lasts, what this one has may come from there. */
  #handleNeed(peer: Peer, { need, needRanges }: Step): void {
    const link = this.#links.get(peer)
    if (link === undefined || (need.length === 0 && needRanges.length === 0)) return
    // Whoever gave nothing the last time waits, whatever he says he has.
    if (link.failures > 0 && this.#turn?.peer !== peer) return
    if (this.#turn !== undefined && this.#turn.peer !== peer) {
      this.#armSoon(link, SOON)
      return
    }
    const turn = this.#turn ?? this.#begin(link)
    turn.enqueue(need, needRanges)
  }

  #begin(link: Link): Turn {
    const turn = new Turn(this.#turnParts, {
      peer: link.peer,
      onEnd: (outcome) => this.#handleEnd(link, turn, outcome),
    })
    this.#turn = turn
    this.#limit(turn)
    this.#kernel.counters.add('sync.turns')
    return turn
  }

  /** To break off what goes well would cost another comparison of everything. */
  #limit(turn: Turn): void {
    const { stored } = turn
    this.#turnTimer = this.#kernel.after(TURN_MAX, () => {
      if (turn.stored === stored || this.#isAnotherDue(turn.peer)) turn.end()
      else this.#limit(turn)
    })
  }

  #isAnotherDue(peer: Peer): boolean {
    for (const link of this.#links.values()) if (link.peer !== peer && link.dueAt <= this.#kernel.steady) return true
    return false
  }

  #handleEnd(link: Link, turn: Turn, outcome: Outcome): void {
    if (this.#turn !== turn) return
    this.#turn = undefined
    this.#kernel.cancel(this.#turnTimer)
    const { isComplete, stored, found, missed, forged, isPutOff } = outcome
    for (let i = 0; i < Math.min(forged, FORGED_COUNTED_MAX); i++) {
      this.#parts.sessions.fault(link.peer.session, 'bad-record')
    }
    this.#kernel.counters.add(isComplete ? 'sync.completed' : 'sync.broken-off')
    const isGood = stored > 0 || (isComplete && missed + forged === 0 && found <= REFUSED_FEW)
    link.failures = isGood ? 0 : link.failures + 1
    if (isComplete && missed === 0) this.#noteAgreed()
    this.#arm(link, this.#pauseAfter(link, { isDone: isComplete && stored === 0, isPutOff }))
    if (stored > 0) for (const other of this.#links.values()) if (other !== link) this.#armSoon(other, SOON)
    this.#startDue()
  }

  #pauseAfter(link: Link, { isDone, isPutOff }: { isDone: boolean; isPutOff: boolean }): Millis {
    const { interval } = this.#parts
    if (link.failures > 0) {
      const first = isPutOff ? SOON : RETRY_AFTER
      return this.#jittered(Math.min(first * 2 ** Math.min(link.failures - 1, 12), RETRY_AFTER_MAX))
    }
    if (!isDone) return this.#jittered(SOON)
    return this.#jittered(link.peer.session.direction === 'outbound' ? interval : 2 * interval)
  }

  #armSoon(link: Link, delay: Millis): void {
    if (link.failures === 0 && link.dueAt > this.#kernel.steady + 2 * delay) this.#arm(link, this.#jittered(delay))
  }

  #arm(link: Link, delay: Millis): void {
    if (this.#links.get(link.peer) !== link) return
    this.#kernel.cancel(link.timer)
    link.dueAt = this.#kernel.steady + delay
    link.timer = this.#kernel.after(delay, () => this.#startDue())
  }

  /** Whoever has waited longest. */
  #startDue(): void {
    if (this.#turn !== undefined) return
    if (!this.#parts.items.isReady) {
      for (const link of this.#links.values()) if (link.dueAt <= this.#kernel.steady) this.#arm(link, SOON)
      return
    }
    let first: Link | undefined
    for (const link of this.#links.values()) {
      if (link.dueAt <= this.#kernel.steady && (first === undefined || link.dueAt < first.dueAt)) first = link
    }
    if (first === undefined) return
    first.dueAt = Number.POSITIVE_INFINITY
    this.#begin(first).compare()
  }

  #noteAgreed(): void {
    const { items } = this.#parts
    if (this.#kernel.steady < this.#agreedAt + AGREED_EVERY && !items.isRepairing) return
    this.#agreedAt = this.#kernel.steady
    const writes: RowWrite[] = [{ key: AGREED_MARK, value: String(this.#kernel.now) }]
    if (items.isRepairing) writes.push({ key: REPAIRING_MARK })
    items.isRepairing = false
    this.#kernel.ask('commit', { writes, expect: new Map() }, () => undefined)
  }

  #jittered(delay: Millis): Millis {
    return jittered(delay, 0.25, this.#kernel.random)
  }
}
