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

export class AuthorSets {
  /** BOUNDED: crdtSetsPerAuthorMax. */
  readonly #sets = new Map<string, HeldSet>()

  get count(): number {
    return this.#sets.size
  }

  get changes(): number {
    return roomOf(this).changes
  }

  *[Symbol.iterator](): Iterator<HeldSet> {
    yield* this.#sets.values()
  }

  add(set: HeldSet): void {
    this.#sets.set(nameOf(set), set)
  }

  remove(set: HeldSet): void {
    this.#sets.delete(nameOf(set))
  }

  /** What was taken up once this set is there: loose ones have a share by themselves. */
  roomWith(set: HeldSet, replaced: readonly HeldSet[]): Room {
    const gone = new Set(replaced)
    return roomOf([...this].filter((held) => held.isLoose === set.isLoose && !gone.has(held)).concat(set))
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

function roomOf(all: Iterable<HeldSet>): Room {
  const room = { sets: 0, changes: 0, size: 0 }
  for (const { digests, size } of all) {
    room.sets++
    room.changes += digests.length
    room.size += size
  }
  return room
}

function stampOf({ time, hash }: HeldSet): Stamp {
  return { t: time, h: hash }
}
