/**
 * One turn of catching up with one server: what differs is found out step by step, what it has and we lack is asked for in
 * bounded parts, and the next part only when the one before was taken in. It ends when both sides say the same, or
 * when nothing comes of it any more.
 */

import { fromBase64, type Millis, SECOND, toBase64 } from '@shoal/base'
import { openReconciliation, type ReconcileContext, reconcile } from '../../sync/reconcile.ts'
import { comparePlaces, ITEM_BYTES, type PlaceRange, type SyncItem } from '../../sync/sync-item.ts'
import { parseSync, type SyncMessage, serialiseSync, serialiseWant } from '../../sync/sync-message.ts'
import type { SyncRecordsMessage, SyncTellMessage } from '../../wire/message.ts'
import type { Fanout } from '../fanout.ts'
import type { Kernel, Timer } from '../kernel.ts'
import type { Peer } from '../session.ts'
import type { Intake, Taken } from './intake.ts'
import type { ItemIndex } from './item-index.ts'
import { nameOf } from './item-rows.ts'
import { RECORDS_PER_ANSWER_MAX } from './serving.ts'

/** How long the other side may say nothing. */
const PATIENCE: Millis = 30 * SECOND
/** It asks for more while so many answers wait to be taken in: one is on its way while the other is verified. */
const UNTAKEN_MAX = 1
/** The comparison goes on when fewer items than this are left to ask for. */
const QUEUED_MIN = 512
/** Of what a server found while it answered, no more is kept: the rest shows at the next comparison. */
const QUEUED_MAX = 8_192
const RANGES_MAX = 256
/** Steps and answers in a row that brought nothing: what is told and what is delivered contradict each other. */
const FRUITLESS_MAX = 64

export interface TurnParts {
  readonly kernel: Kernel
  readonly items: Pick<ItemIndex, 'tree' | 'settle'>
  readonly fanout: Fanout
  readonly intake: Intake
}

export interface Outcome {
  /** Everything was compared, and everything that was wanted has come. */
  readonly isComplete: boolean
  readonly stored: number
  /** What the other side has and we lacked, as it said; of ranges nothing is counted. */
  readonly found: number
  /** Wanted, and not to be had or not to be stored just now. */
  readonly missed: number
  /** What no honest server sends. */
  readonly forged: number
  /** The other side said that it has no time. */
  readonly isPutOff: boolean
}

type Want =
  | { readonly kind: 'items'; readonly id: string; readonly items: readonly SyncItem[] }
  | { readonly kind: 'range'; readonly id: string; readonly range: PlaceRange }

/** What was wrong with an answer, for the conduct of whoever sent it. */
export type Fault = 'malformed' | 'unasked'

export class Turn {
  readonly peer: Peer
  readonly #parts: TurnParts
  readonly #context: ReconcileContext
  /** All that is compared begins with it. */
  readonly #prefix: string | undefined
  readonly #onEnd: (outcome: Outcome) => void
  /** What is to be said next in the comparison; empty once everything was compared. */
  #next: SyncMessage = []
  /** The id of our step that waits for its answer. */
  #asked: string | undefined
  #wanted: Want | undefined
  /** BOUNDED: QUEUED_MAX, and one step's. */
  #queue: SyncItem[] = []
  /** BOUNDED: RANGES_MAX. */
  readonly #ranges: PlaceRange[] = []
  #untaken = 0
  /** Hashing what has changed here, before a step. */
  #isSettling = false
  #hasCompared = false
  #found = 0
  #fruitless = 0
  #stored = 0
  #missed = 0
  #forged = 0
  #isPutOff = false
  #hasLeftOut = false
  #patience: Timer | undefined
  #isOver = false

  constructor(
    parts: TurnParts,
    init: { readonly peer: Peer; readonly prefix?: string; onEnd(outcome: Outcome): void },
  ) {
    this.#parts = parts
    this.peer = init.peer
    this.#prefix = init.prefix
    this.#onEnd = init.onEnd
    const { sha256, random } = parts.kernel
    this.#context = { sha256, salt: random.bytes(16) }
  }

  get stored(): number {
    return this.#stored
  }

  /** Compares everything. */
  compare(): void {
    const { items } = this.#parts
    this.#hasCompared = true
    this.#isSettling = true
    this.#wait()
    items.settle(() => {
      if (this.#isOver) return
      this.#isSettling = false
      this.#next = openReconciliation(items.tree, this.#context)
      this.#goOn()
    })
  }

  /** What the other side has and we lack, as far as is known. */
  enqueue(need: readonly SyncItem[], ranges: readonly PlaceRange[]): void {
    this.#found += need.length
    const room = QUEUED_MAX - this.#queue.length
    if (need.length > room || ranges.length > RANGES_MAX - this.#ranges.length) this.#hasLeftOut = true
    this.#queue.push(...need.slice(0, Math.max(0, room)))
    this.#ranges.push(...ranges.slice(0, RANGES_MAX - this.#ranges.length))
    this.#goOn()
  }

  /** True where it is ours. */
  handleTell(message: SyncTellMessage): Fault | undefined {
    if (message.id !== this.#asked) return 'unasked'
    const bytes = fromBase64(message.data)
    const parsed = bytes === undefined ? undefined : parseSync(bytes)
    if (parsed?.ok !== true) return this.#fail('malformed')
    this.#asked = undefined
    const { items } = this.#parts
    this.#isSettling = true
    items.settle(() => {
      if (this.#isOver) return
      this.#isSettling = false
      const step = reconcile(items.tree, parsed.message, this.#context)
      this.#next = step.reply
      this.#noteFruit(0)
      this.enqueue(step.need, step.needRanges)
    })
    return undefined
  }

  handleRecords(message: SyncRecordsMessage): Fault | undefined {
    const want = this.#wanted
    if (want === undefined || message.id !== want.id) return 'unasked'
    this.#wanted = undefined
    const { records } = message
    const prefix = this.#prefix
    if (prefix !== undefined && !records.every(({ k }) => k.startsWith(prefix))) return this.#fail('malformed')
    const isFitting = want.kind === 'items' ? this.#goOnBehind(want.items, message) : this.#goOnAt(want.range, message)
    if (!isFitting) return this.#fail('malformed')
    this.#untaken++
    this.#parts.intake.take(records, { certified: this.peer.certificate !== undefined }, (taken) => {
      this.#untaken--
      this.#noteTaken(taken)
      if (!this.#isOver) this.#goOn()
    })
    this.#goOn()
    return undefined
  }

  /** The other side has no time, or its store failed. */
  handleRefusal(id: string): boolean {
    if (id !== this.#asked && id !== this.#wanted?.id) return false
    this.#isPutOff = true
    this.end()
    return true
  }

  /** Whatever it waits for: nothing more is asked. What is being taken in is taken. */
  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#parts.kernel.cancel(this.#patience)
    const isDone = this.#asked === undefined && this.#wanted === undefined && !this.#isSettling && !this.#isPutOff
    const isEmpty = this.#next.length === 0 && this.#queue.length === 0 && this.#ranges.length === 0
    this.#onEnd({
      isComplete: this.#hasCompared && isDone && isEmpty && !this.#hasLeftOut,
      stored: this.#stored,
      found: this.#found,
      missed: this.#missed,
      forged: this.#forged,
      isPutOff: this.#isPutOff,
    })
  }

  #goOn(): void {
    if (this.#isOver || this.#isSettling) return
    if (this.#fruitless > FRUITLESS_MAX) {
      this.end()
      return
    }
    this.#wait()
    if (this.#wanted === undefined && this.#untaken <= UNTAKEN_MAX) this.#want()
    if (this.#asked === undefined && this.#next.length > 0 && this.#queue.length < QUEUED_MIN) this.#ask()
    if (this.#wanted === undefined && this.#asked === undefined && this.#untaken === 0) this.end()
  }

  #ask(): void {
    const id = this.#parts.kernel.messageId()
    this.#asked = id
    const data = toBase64(serialiseSync(this.#next))
    this.#parts.kernel.counters.add('sync.compared-bytes', data.length)
    this.#send({ type: 'syncAsk', id, to: [], salt: toBase64(this.#context.salt), data, ...this.#about })
    this.#next = []
  }

  /** Items before ranges: they are few, and known to be missing. */
  #want(): void {
    const items: SyncItem[] = []
    let taken = 0
    while (items.length < RECORDS_PER_ANSWER_MAX && taken < this.#queue.length) {
      const item = this.#queue[taken++] as SyncItem
      if (this.#parts.intake.wants(nameOf(item))) items.push(item)
    }
    this.#queue.splice(0, taken)
    // Each step gives its own in order; a want is written in order, and what is left of one step goes before the next one's.
    items.sort((a, b) => a.time - b.time)
    const range = items.length > 0 ? undefined : this.#ranges.shift()
    if (items.length === 0 && range === undefined) return
    const id = this.#parts.kernel.messageId()
    this.#wanted = range === undefined ? { kind: 'items', id, items } : { kind: 'range', id, range }
    const data = toBase64(serialiseWant(this.#wanted))
    this.#parts.kernel.counters.add('sync.compared-bytes', data.length)
    this.#send({ type: 'syncWant', id, to: [], data, ...this.#about })
  }

  /** False where the answer is none to this question. */
  #goOnBehind(items: readonly SyncItem[], { looked, records, next }: SyncRecordsMessage): boolean {
    if (looked === undefined || looked < 1 || looked > items.length || next !== undefined) return false
    if (records.length > looked) return false
    this.#missed += looked - records.length
    this.#queue = [...items.slice(looked), ...this.#queue]
    return true
  }

  #goOnAt({ from, to }: PlaceRange, { looked, next, records }: SyncRecordsMessage): boolean {
    if (looked !== undefined) return false
    if (records.length === 0) this.#missed++
    if (next === undefined) return true
    const place = fromBase64(next)
    if (place?.length !== ITEM_BYTES) return false
    if (comparePlaces(from, place) >= 0 || comparePlaces(place, to) >= 0) return false
    this.#ranges.unshift({ from: place, to })
    return true
  }

  #noteTaken({ stored, known, refused, passing, forged }: Taken): void {
    this.#stored += stored
    this.#forged += forged
    this.#missed += passing + forged
    // What this server's rules refuse was delivered as it was told, and behind it may come what they take.
    this.#noteFruit(stored + known + refused - forged)
  }

  #noteFruit(count: number): void {
    this.#fruitless = count > 0 ? 0 : this.#fruitless + 1
  }

  #fail(fault: Fault): Fault {
    this.#forged++
    this.#hasLeftOut = true
    this.end()
    return fault
  }

  get #about(): { readonly prefix?: string } {
    return this.#prefix === undefined ? {} : { prefix: this.#prefix }
  }

  #send(message: Parameters<Fanout['send']>[1]): void {
    this.#parts.fanout.send(this.peer, message)
  }

  #wait(): void {
    const { kernel } = this.#parts
    kernel.cancel(this.#patience)
    this.#patience = kernel.after(PATIENCE, () => {
      // Our own store, or our own work, may take longer than the other side should.
      if (this.#untaken > 0 || this.#isSettling) return this.#wait()
      kernel.counters.add('sync.timed-out')
      this.end()
    })
  }
}
