/**
 * Change-sets into the store. State is their union: a verified set whose changes are not all held is added, whatever its
 * date; nothing that counts is ever taken away but by a set of its author that holds it. What one author may take up under
 * a key is bounded, so that nobody can use up the room of another.
 */

import { utf8Length } from '@shoal/base'
import { type ChangeSet, changeSetOf, isCrdtRecord, isKnownKind } from '../crdt/change-set.ts'
import { digestOf, digestsOf } from '../crdt/digest.ts'
import { valueText } from '../records/hash.ts'
import { namespaceOf } from '../records/key.ts'
import { wins } from '../records/order.ts'
import type { WireRecord } from '../records/record.ts'
import { type NamedItem, namedItem } from '../sync/record-item.ts'
import { AuthorSets, type HeldSet } from './author-sets.ts'
import type { RefusalCode } from './commands.ts'
import { CrdtCache } from './crdt-cache.ts'
import {
  authorPrefix,
  foreignDocument,
  indexOfRow,
  indexRowKey,
  recordOfSetRow,
  setNameOf,
  setRowKey,
  textOfIndex,
  unsignedRowKey,
} from './crdt-rows.ts'
import { type HeldRow, NO_VERSION, type RowWrite } from './effects.ts'
import { HeavyReads } from './heavy-reads.ts'
import type { Kernel } from './kernel.ts'
import { recordOfRow, sideRows } from './rows.ts'
import { type ItemChange, type ItemIndex, NO_CHANGE } from './sync/item-index.ts'

/** What a commit has changed, for those who are to be told. */
export interface CrdtNews {
  /** The record with its signer's own changes alone: what readers merge. */
  readonly counted: WireRecord
  /** Dated before something that is there already: plain peers would drop it. */
  readonly isLate: boolean
  /** Hashes of the sets that it holds, and took the place of. */
  readonly replaced: readonly string[]
}

/** The rows of a key, and what its author has there. */
export interface OpenKey {
  readonly row: HeldRow | undefined
  readonly index: HeldRow | undefined
  readonly sets: AuthorSets
}

export interface NotOpened {
  readonly ok: false
  readonly code: RefusalCode
  readonly error: unknown
}

export type Opened = (OpenKey & { readonly ok: true }) | NotOpened

export type SetPlan =
  | { readonly kind: 'held' }
  | { readonly kind: 'refused'; readonly code: RefusalCode }
  | {
      readonly kind: 'write'
      readonly news: CrdtNews
      readonly writes: readonly RowWrite[]
      readonly change: ItemChange
      readonly set: HeldSet
      readonly replaced: readonly HeldSet[]
      readonly indexText: string
      /** JSON of the record. */
      readonly text: string
    }

/** Rows that are read at once. */
const BATCH = 8
/** Keys of which what an author has there is being read again. */
const COLD_MAX = 8

export class CrdtStore {
  readonly #kernel: Kernel
  readonly #items: ItemIndex
  readonly #cache: CrdtCache
  readonly #heavy: HeavyReads

  constructor({ kernel, items }: { readonly kernel: Kernel; readonly items: ItemIndex }) {
    this.#kernel = kernel
    this.#items = items
    this.#cache = new CrdtCache(kernel.limits.crdtCacheSizeMax)
    this.#heavy = new HeavyReads({ kernel, lengthPerMs: 4_096, waitingMax: COLD_MAX, waitingPerAskerMax: COLD_MAX })
  }

  /** Gives a refusal where the store failed, or where too many keys are being read anew for others. */
  open({ key, author, isOurs }: { key: string; author: string; isOurs: boolean }, then: (open: Opened) => void): void {
    this.#kernel.ask('load', { keys: [key, indexRowKey(key)] }, (result) => {
      if (!result.ok) return then({ ok: false, code: 'STORE_FAILED', error: result.error })
      const [row, index] = result.value
      const version = index?.value ?? NO_VERSION
      const cached = this.#cache.get(key, version, author)
      if (cached !== undefined) return then({ ok: true, row, index, sets: cached })
      if (index === undefined) return then({ ok: true, row, index, sets: new AuthorSets() })
      this.#readSets({ key, author, isOurs }, (read) => {
        if (!read.ok) return then(read)
        this.#cache.set(key, version, author, read.sets)
        then({ ok: true, row, index, sets: read.sets })
      })
    })
  }

  plan(record: WireRecord, { row, index, sets }: OpenKey): SetPlan {
    const counted = changeSetOf(record)
    if (counted === undefined) return { kind: 'refused', code: 'NoOwnChanges' }
    // A name has one owner; what several people write has none.
    if (namespaceOf(record.k).kind === 'frozen') return { kind: 'refused', code: 'InvalidKey' }
    const text = JSON.stringify(record)
    if (this.#isTooLarge(record, text)) return { kind: 'refused', code: 'TOO_LARGE' }
    const set = heldSetOf(record, counted, text.length)
    const judged = sets.judge(set)
    if (judged.kind === 'held') return judged
    const before = indexOfRow(index)
    const full = this.#fullness(set, judged.replaced, sets, before.authors)
    if (full !== undefined) return { kind: 'refused', code: full }
    const { a: author } = record
    const { kind } = counted
    const held = recordOfRow(record.k, row)
    const isLate = held !== undefined && !wins(record, held)
    const foreign = foreignDocument(record.k, row, index)
    const indexText = textOfIndex({
      n: before.n + 1,
      authors: before.authors + (sets.count === 0 ? 1 : 0),
      kinds: kindsWith(before.kinds, kind),
    })
    const writes: RowWrite[] = [
      { key: setRowKey(record.k, { author, hash: record.h, kind }), value: text },
      ...judged.replaced.map(({ hash, kind: its }) => ({ key: setRowKey(record.k, { author, hash, kind: its }) })),
      { key: indexRowKey(record.k), value: indexText },
      ...(isLate ? [] : [{ key: record.k, value: text }, ...sideRows(record, held)]),
      ...(foreign === undefined ? [] : [{ key: unsignedRowKey(record.k), value: foreign.value }]),
    ]
    const news = {
      counted: { ...record, v: counted.changes, c: kind },
      isLate,
      replaced: judged.replaced.map(({ hash }) => hash),
    }
    const change = this.#changeOf(record, set, { replaced: judged.replaced, held: isLate ? undefined : held })
    return { kind: 'write', news, writes, change, set, replaced: judged.replaced, indexText, text }
  }

  commit(
    record: WireRecord,
    { row, index, sets }: OpenKey,
    plan: SetPlan & { kind: 'write' },
    then: (outcome: 'committed' | 'conflict' | 'failed', error?: unknown) => void,
  ): void {
    const { k: key, a: author } = record
    const expect = new Map([
      [key, row?.version ?? NO_VERSION],
      [indexRowKey(key), index?.version ?? NO_VERSION],
    ])
    this.#kernel.ask('commit', { writes: [...plan.writes, ...plan.change.writes], expect }, (result) => {
      if (!result.ok || !result.value) {
        this.#cache.forget(key)
        return result.ok ? then('conflict') : then('failed', result.error)
      }
      plan.change.apply()
      for (const each of plan.replaced) sets.remove(each)
      sets.add(plan.set)
      this.#cache.set(key, plan.indexText, author, sets)
      then('committed')
    })
  }

  /** `held`: what stood under the key, and does no more. */
  #changeOf(
    { k: key, a: author }: WireRecord,
    set: HeldSet,
    { replaced, held }: { readonly replaced: readonly HeldSet[]; readonly held: WireRecord | undefined },
  ): ItemChange {
    if (!this.#items.isFollowed) return NO_CHANGE
    const itemOf = ({ hash, kind, time }: HeldSet): NamedItem =>
      namedItem({ key, type: kind, hash, time }, this.#kernel.sha256)
    const gone = replaced.map(itemOf)
    if (held !== undefined && !isCrdtRecord(held)) gone.push(this.#items.itemOf(held))
    const row = setRowKey(key, { author, hash: set.hash, kind: set.kind })
    return this.#items.change(gone, [{ item: itemOf(set), row }])
  }

  /** Where this very set is held: then it has an item, whatever came between. */
  keepItem(record: WireRecord, open: OpenKey, then: () => void): void {
    const set = [...open.sets].find(({ hash }) => hash === record.h)
    if (set === undefined || this.#items.hasRecord(record)) {
      then()
      return
    }
    const change = this.#changeOf(record, set, { replaced: [], held: undefined })
    const expect = new Map([[indexRowKey(record.k), open.index?.version ?? NO_VERSION]])
    this.#kernel.ask('commit', { writes: change.writes, expect }, (result) => {
      if (result.ok && result.value) change.apply()
      then()
    })
  }

  /** An author's latest set of those that are shorter. */
  tail(key: string, { sets }: OpenKey, wish: { author: string; kind: string; sizeMax: number }): SetReader {
    let latest: HeldSet | undefined
    for (const set of sets) {
      if (set.kind !== wish.kind || set.size >= wish.sizeMax) continue
      if (latest === undefined || set.time > latest.time) latest = set
    }
    return latest === undefined ? (then) => then(undefined) : this.#readerOf(key, wish.author, latest)
  }

  /** The latest set of an author. */
  latest(key: string, open: OpenKey, wish: { author: string; kind: string }): SetReader {
    return this.tail(key, open, { ...wish, sizeMax: Number.POSITIVE_INFINITY })
  }

  #readerOf(key: string, author: string, { hash, kind }: HeldSet): SetReader {
    return (then) => {
      this.#kernel.ask('load', { keys: [setRowKey(key, { author, hash, kind })] }, (result) => {
        then(result.ok ? recordOfSetRow(key, result.value[0]) : undefined)
      })
    }
  }

  #isTooLarge(record: WireRecord, text: string): boolean {
    const { crdtSetSizeMax } = this.#kernel.limits
    // Most are far below it, in whatever script.
    return text.length * 3 > crdtSetSizeMax && (utf8Length(valueText(record.v)) ?? 0) > crdtSetSizeMax
  }

  #fullness(set: HeldSet, replaced: readonly HeldSet[], sets: AuthorSets, authors: number): RefusalCode | undefined {
    const { crdtAuthorsMax, crdtSetsPerAuthorMax, crdtChangesPerAuthorMax, crdtSizePerAuthorMax } = this.#kernel.limits
    if (sets.count === 0 && authors >= crdtAuthorsMax) return 'CRDT_AUTHORS_FULL'
    const room = sets.roomWith(set, replaced)
    const isFull =
      room.sets > crdtSetsPerAuthorMax || room.changes > crdtChangesPerAuthorMax || room.size > crdtSizePerAuthorMax
    return isFull ? 'CRDT_AUTHOR_FULL' : undefined
  }

  #readSets(
    { key, author, isOurs }: { key: string; author: string; isOurs: boolean },
    then: (read: { ok: true; sets: AuthorSets } | NotOpened) => void,
  ): void {
    const sets = new AuthorSets()
    const prefix = authorPrefix(key, author)
    const readFrom = (names: readonly string[], start: number): void => {
      if (start >= names.length) {
        then({ ok: true, sets })
        return
      }
      const batch = names.slice(start, start + BATCH)
      const read = (done: (length: number) => void): void => {
        this.#kernel.ask('load', { keys: batch }, (rows) => {
          if (!rows.ok) {
            done(0)
            return then({ ok: false, code: 'STORE_FAILED', error: rows.error })
          }
          let length = 0
          for (const [i, row] of rows.value.entries()) {
            length += row?.value.length ?? 0
            noteSet(sets, key, batch[i] as string, row)
          }
          done(length)
          readFrom(names, start + BATCH)
        })
      }
      if (isOurs) read(() => undefined)
      else if (!this.#heavy.enter(this, read)) then({ ok: false, code: 'TOO_BUSY', error: undefined })
    }
    // Loose sets have a share by themselves.
    const limit = 2 * this.#kernel.limits.crdtSetsPerAuthorMax
    this.#kernel.ask('scan', { prefix, after: undefined, limit }, (names) => {
      if (names.ok) readFrom(names.value.keys, 0)
      else then({ ok: false, code: 'STORE_FAILED', error: names.error })
    })
  }
}

/** Reads one record; `undefined` where it is gone. */
export type SetReader = (then: (record: WireRecord | undefined) => void) => void

/** Of these changes, those that an author's sets do not have yet. */
export function freshChanges({ sets }: OpenKey, { kind, changes, texts }: ChangeSet): readonly unknown[] {
  const digests = texts.map(digestOf)
  const missing = new Set(sets.missing(kind, digests))
  return changes.filter((_, i) => missing.delete(digests[i] as number))
}

function noteSet(sets: AuthorSets, key: string, rowKey: string, row: HeldRow | undefined): void {
  const record = recordOfSetRow(key, row)
  const counted = record === undefined ? undefined : changeSetOf(record)
  if (record === undefined || counted === undefined || record.a !== setNameOf(key, rowKey).author) return
  sets.add(heldSetOf(record, counted, row?.value.length ?? 0))
}

function heldSetOf(record: WireRecord, { kind, texts }: ChangeSet, size: number): HeldSet {
  return { hash: record.h, kind, time: record.t, size, digests: digestsOf(texts), isLoose: isLoose(record, kind) }
}

/** The first one, and those of tool-db: of kinds of their own strangers may invent any number. */
function kindsWith(kinds: readonly string[], kind: string): readonly string[] {
  return kinds.includes(kind) || (kinds.length > 0 && !isKnownKind(kind)) ? kinds : [...kinds, kind]
}

function isLoose(record: WireRecord, kind: string): boolean {
  return typeof record.n === 'number' && !isKnownKind(kind)
}
