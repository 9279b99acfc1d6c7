/**
 * One step of range-based set reconciliation: what the other side says of its ranges comes in, what we say of ours goes out, with the
 * ids that were found on one side only. Nothing is kept between steps, so either side may change its set, or break off and
 * begin again, at any time: a range that was not finished is told anew as a fingerprint.
 *
 * The initiator learns all differences; the responder only answers. Both bound what one step costs: in bytes, in items expanded for
 * fingerprints, and in differences told. Where a bound is met, the rest of the order becomes one fingerprint, which the other side splits.
 */

import { bytesEqual, latin1 } from '@shoal/base'
import type { ItemTree } from './item-tree.ts'
import { END, type Place, placeBetween, START, type SyncItem } from './sync-item.ts'
import { type RangeContent, rangeBytes, type SyncMessage, type SyncRange } from './sync-message.ts'

/** A range that differs is told in this many parts. */
const SPLIT = 16
/** Up to this many items a range is told by their ids: about as long as the fingerprints of a split. */
const IDS_MAX: number = 2 * SPLIT
/** An initiator that has so many more items in a range than the other side told splits it again, so that one step stays small. */
const COMPARED_MAX = 512

export interface StepLimits {
  /** Of one message; 4,096 at least, so that each step tells something. */
  readonly messageBytesMax: number
  /** Items expanded for fingerprints in one step, about 7 µs each in Node. */
  readonly workMax: number
  /** With so many differences found a step of the initiator ends; the range under way may still add about a thousand. */
  readonly differencesMax: number
}

export const DEFAULT_STEP_LIMITS: StepLimits = { messageBytesMax: 32_768, workMax: 4_096, differencesMax: 1_000 }

export interface Step {
  /** What to send; empty when nothing differs any more. */
  readonly reply: SyncMessage
  /** Ours, which the other side does not have. Empty for a responder. */
  readonly have: readonly SyncItem[]
  /** Ids that the other side has and we do not. Empty for a responder. */
  readonly need: readonly Uint8Array[]
}

export type Side = 'initiator' | 'responder'

/** The first message of an initiator: its whole set, in parts. */
export function openReconciliation(tree: ItemTree, limits: StepLimits = DEFAULT_STEP_LIMITS): SyncMessage {
  const step = new StepBuilder(tree, limits)
  step.tell(0, tree.size, END)
  return step.reply
}

export interface ReconcileOptions {
  readonly side: Side
  readonly limits?: StepLimits
}

export function reconcile(tree: ItemTree, message: SyncMessage, options: ReconcileOptions): Step {
  const { side, limits = DEFAULT_STEP_LIMITS } = options
  const step = new StepBuilder(tree, limits)
  let from: Place = START
  let low = 0
  for (const { to, content } of message) {
    const high = tree.rank(to)
    if (step.full) {
      step.rest(low)
      break
    }
    answerRange(step, { from, to, low, high, content, side })
    if (step.cut) break
    from = to
    low = high
  }
  return step
}

interface Range {
  readonly from: Place
  readonly to: Place
  /** Our items in it: ranks `low` to `high` (excluded). */
  readonly low: number
  readonly high: number
  readonly content: RangeContent
  readonly side: Side
}

function answerRange(step: StepBuilder, range: Range): void {
  const { to, low, high, content, side } = range
  switch (content.kind) {
    case 'skip':
      step.skip(to)
      return
    case 'fingerprint':
      if (step.fingerprintEquals(low, high, content.fingerprint)) step.skip(to)
      else step.tell(low, high, to)
      return
    case 'ids':
      if (side === 'responder') step.listIds(low, high, to)
      else if (high - low > content.ids.length + COMPARED_MAX) step.tell(low, high, to)
      else {
        step.compare(low, high, content.ids)
        step.skip(to)
      }
      return
  }
}

/** Builds the reply from the front; `cut` once the rest has been told as one fingerprint. */
class StepBuilder implements Step {
  readonly #tree: ItemTree
  readonly #limits: StepLimits
  readonly #reply: SyncRange[] = []
  readonly #have: SyncItem[] = []
  readonly #need: Uint8Array[] = []
  #bytes = 1
  #work = 0
  /** Ranges that need not be told run together into one skip, and are left out at the end. */
  #skipTo: Place | undefined
  #cut = false

  constructor(tree: ItemTree, limits: StepLimits) {
    this.#tree = tree
    this.#limits = limits
  }

  get reply(): SyncMessage {
    return this.#reply
  }

  get have(): readonly SyncItem[] {
    return this.#have
  }

  get need(): readonly Uint8Array[] {
    return this.#need
  }

  get cut(): boolean {
    return this.#cut
  }

  /** True where only the fingerprint of the rest still fits. */
  get full(): boolean {
    return (
      this.#bytes + (SPLIT + 2) * FINGERPRINT_RANGE_BYTES > this.#limits.messageBytesMax ||
      this.#work > this.#limits.workMax ||
      this.#have.length + this.#need.length >= this.#limits.differencesMax
    )
  }

  fingerprintEquals(low: number, high: number, fingerprint: Uint8Array): boolean {
    return bytesEqual(this.#fingerprint(low, high), fingerprint)
  }

  skip(to: Place): void {
    this.#skipTo = to
  }

  /** Our items of these ranks: by ids where they are few, else in parts with their fingerprints. */
  tell(low: number, high: number, to: Place): void {
    const count = high - low
    if (count <= IDS_MAX) {
      this.#push({ to, content: { kind: 'ids', ids: this.#tree.ids(low, high) } })
      return
    }
    for (let part = 0; part < SPLIT; part++) {
      const first = low + Math.floor((count * part) / SPLIT)
      const last = low + Math.floor((count * (part + 1)) / SPLIT)
      const end = part === SPLIT - 1 ? to : this.#placeAt(last)
      this.#push({ to: end, content: { kind: 'fingerprint', fingerprint: this.#fingerprint(first, last) } })
    }
  }

  /** A responder's answer to ids: its own, as many as fit. */
  listIds(low: number, high: number, to: Place): void {
    const room = Math.max(IDS_MAX, Math.floor((this.#limits.messageBytesMax - this.#bytes) / 32) - SPLIT)
    const last = Math.min(high, low + room)
    this.#push({ to: last < high ? this.#placeAt(last) : to, content: { kind: 'ids', ids: this.#tree.ids(low, last) } })
    if (last < high) this.rest(last)
  }

  /** An initiator's comparison with the other side's ids. */
  compare(low: number, high: number, ids: readonly Uint8Array[]): void {
    const theirs = new Set(ids.map((id) => latin1(id)))
    for (const item of this.#tree.items(low, high)) {
      if (!theirs.delete(latin1(item.id))) this.#have.push(item)
    }
    for (const id of ids) if (theirs.delete(latin1(id))) this.#need.push(id)
  }

  /** Everything from this rank on as one fingerprint. */
  rest(low: number): void {
    this.#cut = true
    this.#push({ to: END, content: { kind: 'fingerprint', fingerprint: this.#fingerprint(low, this.#tree.size) } })
  }

  #push(range: SyncRange): void {
    if (this.#skipTo !== undefined) {
      this.#reply.push({ to: this.#skipTo, content: { kind: 'skip' } })
      this.#bytes += rangeBytes({ kind: 'skip' })
      this.#skipTo = undefined
    }
    this.#reply.push(range)
    this.#bytes += rangeBytes(range.content)
  }

  #fingerprint(low: number, high: number): Uint8Array {
    const { bytes, work } = this.#tree.fingerprint(low, high)
    this.#work += work
    return bytes
  }

  /** Between the items of ranks `rank - 1` and `rank`. */
  #placeAt(rank: number): Uint8Array {
    return placeBetween(this.#tree.packedAt(rank - 1), this.#tree.packedAt(rank))
  }
}

const FINGERPRINT_RANGE_BYTES: number = rangeBytes({ kind: 'fingerprint', fingerprint: new Uint8Array(0) })
