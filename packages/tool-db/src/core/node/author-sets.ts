/** What one author has under one key: digests of the changes of each signed set, by which a set that holds another is told. */

import { contains, hasDigest } from '../crdt/digest.ts'
import { compareStamps, type Stamp } from '../records/order.ts'

export interface HeldSet {
  /** The record's hash, which names the set. */
  readonly hash: string
  readonly kind: string
  readonly time: number
  /** UTF-16 units of the row. */
  readonly size: number
  readonly digests: Float64Array
  /** Of a type that nothing but a plain record names: anybody can show a set of somebody's under as many of these as he likes. */
  readonly isLoose: boolean
}

/** What takes up an author's share. */
export interface Room {
  readonly sets: number
  /** A change that is in two sets counts twice. */
  readonly changes: number
  readonly size: number
}

export type Judgement =
  /** Its changes are all in one that is held. */
  | { readonly kind: 'held' }
  /** It takes the place of these. */
  | { readonly kind: 'new'; readonly replaced: readonly HeldSet[] }

const NO_ROOM: Room = { sets: 0, changes: 0, size: 0 }

export class AuthorSets {
  /** BOUNDED: crdtSetsPerAuthorMax, and as many loose ones. */
  readonly #sets = new Map<string, HeldSet>()
  /** What they take up, counted as they come and go: there may be thousands. */
  #firm = NO_ROOM
  #loose = NO_ROOM

  get count(): number {
    return this.#sets.size
  }

  get changes(): number {
    return this.#firm.changes + this.#loose.changes
  }

  *[Symbol.iterator](): Iterator<HeldSet> {
    yield* this.#sets.values()
  }

  add(set: HeldSet): void {
    this.remove(set)
    this.#sets.set(nameOf(set), set)
    this.#count(set, 1)
  }

  remove(set: HeldSet): void {
    const held = this.#sets.get(nameOf(set))
    if (held === undefined) return
    this.#sets.delete(nameOf(set))
    this.#count(held, -1)
  }

  /** What was taken up once this set is there: loose ones have a share by themselves. */
  roomWith(set: HeldSet, replaced: readonly HeldSet[]): Room {
    let room = withSet(set.isLoose ? this.#loose : this.#firm, set, 1)
    for (const held of replaced) if (held.isLoose === set.isLoose) room = withSet(room, held, -1)
    return room
  }

  /**
   * What stays is what no other set holds, and of equal ones the earliest: the same sets on every node, whatever the
   * order in which they come.
   */
  judge(set: HeldSet): Judgement {
    if (this.#sets.has(nameOf(set))) return { kind: 'held' }
    const replaced: HeldSet[] = []
    for (const held of this.#sets.values()) {
      if (held.kind !== set.kind) continue
      const isWithin = contains(held.digests, set.digests)
      const isEqual = isWithin && held.digests.length === set.digests.length
      if (isEqual ? compareStamps(stampOf(set), stampOf(held)) >= 0 : isWithin) return { kind: 'held' }
      if (isEqual || contains(set.digests, held.digests)) replaced.push(held)
    }
    return { kind: 'new', replaced }
  }

  #count(set: HeldSet, sign: 1 | -1): void {
    if (set.isLoose) this.#loose = withSet(this.#loose, set, sign)
    else this.#firm = withSet(this.#firm, set, sign)
  }

  /** Of these digests, those that no set of the kind has. */
  missing(kind: string, digests: readonly number[]): ReadonlySet<number> {
    const missing = new Set(digests)
    for (const held of this.#sets.values()) {
      if (held.kind !== kind) continue
      // Whichever side is the smaller is gone through.
      if (held.digests.length < missing.size * 4) for (const digest of held.digests) missing.delete(digest)
      else for (const digest of missing) if (hasDigest(held.digests, digest)) missing.delete(digest)
      if (missing.size === 0) break
    }
    return missing
  }
}

function nameOf({ hash, kind }: HeldSet): string {
  return `${hash}:${kind}`
}

function withSet({ sets, changes, size }: Room, set: HeldSet, sign: 1 | -1): Room {
  return { sets: sets + sign, changes: changes + sign * set.digests.length, size: size + sign * set.size }
}

function stampOf({ time, hash }: HeldSet): Stamp {
  return { t: time, h: hash }
}
