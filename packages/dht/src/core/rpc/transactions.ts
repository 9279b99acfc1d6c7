/**
 * Our queries in flight: matched by transaction id and endpoint, bounded, each with three deadlines. A query that
 * stalls stops holding up others long before it is given up, and an answer that comes in between still counts.
 */

import { type Deadline, DeadlineQueue, type Endpoint, type Millis, type RandomSource } from '@shoal/base'
import { isSameEndpoint, type NodeAddress } from '../id/address.ts'
import type { OutgoingQuery } from '../krpc/query.ts'

/** stalled: overdue by measured round trips; overdue: most likely lost; timed-out: given up and forgotten. */
export type TransactionPhase = 'paced' | 'waiting' | 'stalled' | 'overdue' | 'timed-out'

const OVERDUE_FACTOR = 3
const OVERDUE_MIN_MS: Millis = 150
const OVERDUE_MAX_MS: Millis = 4_000
const TIMEOUT_FACTOR = 4
const TIMEOUT_MIN_MS: Millis = 1_500
const TIMEOUT_MAX_MS: Millis = 6_000

export interface Transaction<P> {
  /** One character a byte. */
  readonly id: string
  readonly to: NodeAddress
  readonly query: OutgoingQuery
  readonly purpose: P
  /** When it is overdue after being sent. */
  readonly patience: Millis
  readonly sentAt: Millis
  readonly phase: TransactionPhase
}

interface Entry<P> extends Transaction<P> {
  sentAt: Millis
  phase: TransactionPhase
  deadline: Deadline<Entry<P>> | undefined
}

export interface TransactionInit<P> {
  readonly to: NodeAddress
  readonly query: OutgoingQuery
  readonly purpose: P
  readonly patience: Millis
  /** Waits this long before it is sent. */
  readonly delay: Millis
}

export class Transactions<P> {
  readonly #random: RandomSource
  readonly #inFlightMax: number
  /** BOUNDED: inFlightMax; `start` refuses more. */
  readonly #entries = new Map<string, Entry<P>>()
  /** BOUNDED: one for each entry. */
  readonly #deadlines = new DeadlineQueue<Entry<P>>()

  constructor(random: RandomSource, inFlightMax: number) {
    this.#random = random
    this.#inFlightMax = inFlightMax
  }

  get size(): number {
    return this.#entries.size
  }

  nextAt(): Millis | undefined {
    return this.#deadlines.nextAt()
  }

  /** `undefined` where too many are in flight. In phase `paced` it is to be sent when it falls due, else now. */
  start(now: Millis, init: TransactionInit<P>): Transaction<P> | undefined {
    if (this.#entries.size >= this.#inFlightMax) return undefined
    let id = this.#newId()
    while (this.#entries.has(id)) id = this.#newId()
    const { to, query, purpose, patience, delay } = init
    const entry: Entry<P> = { id, to, query, purpose, patience, sentAt: now, phase: 'waiting', deadline: undefined }
    this.#entries.set(id, entry)
    if (delay > 0) {
      entry.phase = 'paced'
      entry.deadline = this.#deadlines.add(now + delay, entry)
    } else {
      entry.deadline = this.#deadlines.add(now + patience, entry)
    }
    return entry
  }

  /** Four random bytes: whoever does not see our queries cannot guess an answer's id. */
  #newId(): string {
    const word = this.#random.uint32()
    return String.fromCharCode(word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff, word & 0xff)
  }

  /** The query that this id and sender answer, taken out; `undefined` for late, forged and repeated answers. */
  take(id: string, from: Endpoint): Transaction<P> | undefined {
    const entry = this.#entries.get(id)
    if (entry === undefined || entry.phase === 'paced' || !isSameEndpoint(entry.to, from)) return undefined
    this.#remove(entry)
    return entry
  }

  /** The next query whose deadline has passed, moved on to its next phase. `waiting` means: send it now. */
  takeDue(now: Millis): Transaction<P> | undefined {
    const entry = this.#deadlines.takeDue(now)
    if (entry === undefined) return undefined
    entry.deadline = undefined
    switch (entry.phase) {
      case 'paced':
        entry.phase = 'waiting'
        entry.sentAt = now
        entry.deadline = this.#deadlines.add(now + entry.patience, entry)
        break
      case 'waiting':
        entry.phase = 'stalled'
        entry.deadline = this.#deadlines.add(entry.sentAt + overdueAfter(entry.patience), entry)
        break
      case 'stalled':
        entry.phase = 'overdue'
        entry.deadline = this.#deadlines.add(entry.sentAt + timedOutAfter(entry.patience), entry)
        break
      default:
        entry.phase = 'timed-out'
        this.#remove(entry)
    }
    return entry
  }

  /** Forgets the queries of a purpose that nobody waits for any more. */
  cancel(isCancelled: (purpose: P) => boolean): void {
    for (const entry of this.#entries.values()) if (isCancelled(entry.purpose)) this.#remove(entry)
  }

  #remove(entry: Entry<P>): void {
    this.#entries.delete(entry.id)
    if (entry.deadline !== undefined) this.#deadlines.remove(entry.deadline)
    entry.deadline = undefined
  }
}

function overdueAfter(patience: Millis): Millis {
  return Math.max(patience, Math.min(Math.max(patience * OVERDUE_FACTOR, OVERDUE_MIN_MS), OVERDUE_MAX_MS))
}

function timedOutAfter(patience: Millis): Millis {
  return Math.min(Math.max(patience * TIMEOUT_FACTOR, TIMEOUT_MIN_MS), TIMEOUT_MAX_MS)
}
