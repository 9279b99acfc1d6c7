/**
 * One step of range-based set reconciliation: what the other side says of its ranges comes in, what we say of ours goes out, with
 * what was found that only the other side has. Nothing is kept between steps, so either side may change its set, or break off and
 * begin again, at any time: a range that was not finished is told anew as a fingerprint.
 *
 * Both sides do the same and both learn what they lack. A step is bounded in bytes, in items expanded for fingerprints, and in what is
 * found; where a bound is met, the rest of the order becomes one fingerprint, which the other side splits.
 */

import { bytesEqual, type Hash, latin1 } from '@shoal/base'
import type { ItemTree } from './item-tree.ts'
import { END, type Place, type PlaceRange, placeBetween, START, type SyncItem } from './sync-item.ts'
import { FINGERPRINT_BYTES, type RangeContent, rangeBytes, type SyncMessage, type SyncRange } from './sync-message.ts'

/** A range that differs is told in this many parts. */
const SPLIT = 16
/** Up to this many items a range is told by their ids, which is about as long as the fingerprints of a split. */
const IDS_MAX = 10
/** Of more that the other side lacks it is told the range alone: their ids would be as long as a tenth of the records. */
const BACK_MAX = 128

export interface StepLimits {
  /** Of one message; 8,192 at least, so that each step tells something. */
  readonly messageBytesMax: number
  /** Items expanded for fingerprints in one step, about 1 µs each in Node. */
  readonly workMax: number
  /** With so many found a step ends. */
  readonly needMax: number
}

export const DEFAULT_STEP_LIMITS: StepLimits = { messageBytesMax: 24_576, workMax: 4_096, needMax: 1_000 }

export interface Step {
  /** What to send; empty when nothing differs any more. */
  readonly reply: SyncMessage
  /** What only the other side has, in order. */
  readonly need: readonly SyncItem[]
  /** Where the other side has more than it lists. */
  readonly needRanges: readonly PlaceRange[]
  /** Items that were expanded. */
  readonly work: number
}

export interface ReconcileContext {
  readonly sha256: Hash
  /**
   * Drawn by whoever began. A fingerprint on the wire is eight bytes of SHA-256 over this and the fingerprint of the tree: strangers, who
   * don't know it, can't make two ranges look equal but by a chance of 2^-64, and not twice.
   */
  readonly salt: Uint8Array
  readonly limits?: StepLimits
}

/** The first message: our whole set, in parts. */
export function openReconciliation(tree: ItemTree, context: ReconcileContext): SyncMessage {
  const step = new StepBuilder(tree, context)
  step.tell(0, tree.size, END)
  return step.reply
}

export function reconcile(tree: ItemTree, message: SyncMessage, context: ReconcileContext): Step {
  const step = new StepBuilder(tree, context)
  let from: Place = START
  let low = 0
  for (const { to, content } of message) {
    if (step.full) {
      step.rest(low)
      break
    }
    const high = tree.rank(to)
    step.answer({ from, to, low, high }, content)
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
}

/** Builds the reply from the front. */
class StepBuilder implements Step {
  readonly #tree: ItemTree
  readonly #context: ReconcileContext
  readonly #limits: StepLimits
  readonly #reply: SyncRange[] = []
  readonly #need: SyncItem[] = []
  readonly #needRanges: PlaceRange[] = []
  #bytes = 1
  #work = 0
  /** Ranges that need not be told run together into one skip, and are left out at the end. */
  #skipTo: Place | undefined

  constructor(tree: ItemTree, context: ReconcileContext) {
    this.#tree = tree
    this.#context = context
    this.#limits = context.limits ?? DEFAULT_STEP_LIMITS
  }

  get reply(): SyncMessage {
    return this.#reply
  }

  get need(): readonly SyncItem[] {
    return this.#need
  }

  get needRanges(): readonly PlaceRange[] {
    return this.#needRanges
  }

  get work(): number {
    return this.#work
  }

  /** True where only the fingerprint of the rest still fits. */
  get full(): boolean {
    return (
      this.#bytes + LARGEST_ANSWER_BYTES > this.#limits.messageBytesMax ||
      this.#work > this.#limits.workMax ||
      this.#need.length >= this.#limits.needMax
    )
  }

  answer(range: Range, content: RangeContent): void {
    const { to, low, high } = range
    switch (content.kind) {
      case 'skip':
        this.#skipTo = to
        return
      case 'fingerprint':
        if (bytesEqual(this.#fingerprint(low, high), content.fingerprint)) this.#skipTo = to
        else this.tell(low, high, to)
        return
      case 'ids':
        this.#noteMissing(content.items)
        this.#tellBack(range, content.items)
        return
      case 'back':
        this.#noteMissing(content.items)
        this.#skipTo = to
        return
      case 'many':
        this.#needRanges.push({ from: range.from as Uint8Array, to })
        this.#skipTo = to
        return
    }
  }

  /** Our items of these ranks: by ids where they are few, else in parts with their fingerprints. */
  tell(low: number, high: number, to: Place): void {
    const count = high - low
    if (count <= IDS_MAX) {
      this.#push({ to, content: { kind: 'ids', items: this.#tree.items(low, high) } })
      return
    }
    for (let part = 0; part < SPLIT; part++) {
      const first = low + Math.floor((count * part) / SPLIT)
      const last = low + Math.floor((count * (part + 1)) / SPLIT)
      // Fewer items than parts: some of the parts would be empty.
      if (first === last) continue
      const end = last === high ? to : this.#placeAt(last)
      this.#push({ to: end, content: { kind: 'fingerprint', fingerprint: this.#fingerprint(first, last) } })
    }
  }

  /** Everything from this rank on as one fingerprint. */
  rest(low: number): void {
    const fingerprint = this.#fingerprint(low, this.#tree.size)
    this.#push({ to: END, content: { kind: 'fingerprint', fingerprint } })
  }

  #noteMissing(items: readonly SyncItem[]): void {
    for (const item of items) if (!this.#tree.has(item)) this.#need.push(item)
  }

  /** Of ours in the range, what is not among theirs. */
  #tellBack({ to, low, high }: Range, theirs: readonly SyncItem[]): void {
    if (high - low > theirs.length + BACK_MAX) {
      this.#push({ to, content: { kind: 'many' } })
      return
    }
    const known = new Set(theirs.map(({ id }) => latin1(id)))
    const items = this.#tree.items(low, high).filter(({ id }) => !known.has(latin1(id)))
    if (items.length > BACK_MAX) this.#push({ to, content: { kind: 'many' } })
    else if (items.length > 0) this.#push({ to, content: { kind: 'back', items } })
    else this.#skipTo = to
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
    const { sha256, salt } = this.#context
    const salted = new Uint8Array(salt.length + bytes.length)
    salted.set(salt)
    salted.set(bytes, salt.length)
    return sha256(salted).slice(0, FINGERPRINT_BYTES)
  }

  /** Between the items of ranks `rank - 1` and `rank`. */
  #placeAt(rank: number): Uint8Array {
    return placeBetween(this.#tree.packedAt(rank - 1).slice(), this.#tree.packedAt(rank))
  }
}

const NO_ID = new Uint8Array(32)
const LARGEST_ANSWER_BYTES: number =
  2 * rangeBytes({ kind: 'skip' }) + rangeBytes({ kind: 'back', items: Array(BACK_MAX).fill({ time: 0, id: NO_ID }) })
