/** CRDT documents out of the store: whole for the application, page by page for others, cut to one message for plain peers. */

import { utf8Length } from '@shoal/base'
import { changeSetOf, isOwn, type ReadSet } from '../crdt/change-set.ts'
import { namespaceOf } from '../records/key.ts'
import type { WireRecord } from '../records/record.ts'
import { KNOWN_HASH_LENGTH } from '../wire/fields.ts'
import {
  foreignDocument,
  indexRowKey,
  recordOfSetRow,
  type SetName,
  setNameOf,
  setsPrefix,
  unsignedChanges,
  unsignedRowKey,
} from './crdt-rows.ts'
import type { HeldRow } from './effects.ts'
import type { Kernel } from './kernel.ts'
import { recordOfRow } from './rows.ts'

export interface ReadDocument {
  readonly sets: readonly ReadSet[]
  /** What tool-db left in this store, which nobody's signature covers. */
  readonly unsigned: readonly unknown[]
}

export interface SetsPage {
  readonly records: readonly WireRecord[]
  /** Where to go on. */
  readonly next: string | undefined
  /** Bytes that were read for it. */
  readonly length: number
}

export interface CutDocument {
  readonly records: readonly WireRecord[]
  /** UTF-16 units that were read for it. */
  readonly length: number
}

type Then<T> = (value: T | undefined, error?: unknown) => void

/** False: enough was seen. */
type Visit = (rowKey: string, row: HeldRow | undefined) => boolean

const NAMES = 256
const BATCH = 16
/** Of names that one page may pass over. */
const SCANS_PER_PAGE = 16
/** Of names that a cut document passes over, and of bytes that it reads beside those that it holds. */
const SCANS_PER_CUT = 64
const READ_FACTOR = 4
/** Of bytes, for each author of a cut document. */
const SHARE_MIN = 4_096
/** A set that goes away while it is read was taken in by another, which may stand where nobody looks any more. */
const TRIES = 3

export class CrdtReader {
  readonly #kernel: Kernel

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  /** All sets of a kind but those that are known, by their whole hashes. */
  document(key: string, wish: { kind: string; known: ReadonlySet<string> }, then: Then<ReadDocument>): void {
    this.#unsigned(key, wish.kind, (unsigned, error) => {
      if (unsigned === undefined) return then(undefined, error)
      this.#sets(key, wish, TRIES, (sets, failure) => {
        if (sets === undefined) then(undefined, failure)
        else then({ sets, unsigned })
      })
    })
  }

  /** The first so many. */
  names(key: string, limit: number, then: (names: readonly SetName[] | undefined) => void): void {
    this.#kernel.ask('scan', { prefix: setsPrefix(key), after: undefined, limit }, (result) => {
      then(result.ok ? result.value.keys.map((rowKey) => setNameOf(key, rowKey)) : undefined)
    })
  }

  /** As much as one message holds, of what is not known by the beginnings of its hashes. */
  page(key: string, wish: { known: ReadonlySet<string>; after: string | undefined }, then: Then<SetsPage>): void {
    const prefix = setsPrefix(key)
    const sizeMax = this.#kernel.limits.messageSizeMax / 2
    const records: WireRecord[] = []
    let size = 0
    let read = 0
    let isFull = false
    let last = wish.after
    const walk = {
      after: wish.after === undefined ? undefined : prefix + wish.after,
      scansMax: SCANS_PER_PAGE,
      isWanted: (rowKey: string) => !wish.known.has(setNameOf(key, rowKey).hash.slice(0, KNOWN_HASH_LENGTH)),
    }
    const visit: Visit = (rowKey, row) => {
      const record = recordOfSetRow(key, row)
      const length = record === undefined ? 0 : (utf8Length(row?.value ?? '') ?? 0)
      read += length
      isFull = records.length > 0 && size + length > sizeMax
      if (isFull) return false
      if (record !== undefined) records.push(record)
      size += length
      last = rowKey.slice(prefix.length)
      return true
    }
    this.#walk(key, walk, visit, (end, error) => {
      if (end === undefined) return then(undefined, error)
      then({ records, next: isFull ? last : end.stoppedAt?.slice(prefix.length), length: read })
    })
  }

  /**
   * Records of one kind that fit together into `sizeMax` bytes, no author taking the share of another. Who is beyond his
   * share is read no further, and nobody is once `READ_FACTOR` times as much was read as there is room.
   */
  cut(key: string, wish: { kind: string; authors: number; sizeMax: number }, then: Then<CutDocument>): void {
    // Whoever invents a thousand authors must not leave room for nobody: then those who come first have it.
    const share = Math.max(SHARE_MIN, wish.sizeMax / Math.max(1, wish.authors))
    const used = new Map<string, number>()
    const records: WireRecord[] = []
    let length = 0
    let held = 0
    let isCut = false
    const isWanted = (rowKey: string): boolean => {
      const { kind, author } = setNameOf(key, rowKey)
      return kind === wish.kind && (used.get(author) ?? 0) <= share
    }
    const visit: Visit = (_, row) => {
      const record = recordOfSetRow(key, row)
      if (record === undefined) return true
      length += row?.value.length ?? 0
      const own = utf8Length(row?.value ?? '') ?? 0
      const size = (used.get(record.a) ?? 0) + own
      used.set(record.a, size)
      if (size > share || held + own > wish.sizeMax) isCut = true
      else {
        records.push(record)
        held += own
      }
      return length <= wish.sizeMax * READ_FACTOR
    }
    this.#walk(key, { after: undefined, scansMax: SCANS_PER_CUT, isWanted }, visit, (end, error) => {
      if (end === undefined) return then(undefined, error)
      if (isCut || end.stoppedAt !== undefined) this.#kernel.counters.add('crdt.cut')
      then({ records, length })
    })
  }

  #sets(
    key: string,
    { kind, known }: { kind: string; known: ReadonlySet<string> },
    tries: number,
    then: Then<readonly ReadSet[]>,
  ): void {
    const sets: ReadSet[] = []
    let hasGone = false
    const isWanted = (rowKey: string): boolean => {
      const name = setNameOf(key, rowKey)
      return name.kind === kind && !known.has(name.hash)
    }
    const visit: Visit = (_, row) => {
      hasGone ||= row === undefined
      const record = recordOfSetRow(key, row)
      const counted = record === undefined ? undefined : changeSetOf(record)
      if (record !== undefined && counted !== undefined) sets.push({ hash: record.h, changes: counted.changes })
      return true
    }
    this.#walk(key, { after: undefined, scansMax: Number.POSITIVE_INFINITY, isWanted }, visit, (end, error) => {
      if (end === undefined) return then(undefined, error)
      if (!hasGone || tries <= 1) return then(sets)
      const all = new Set([...known, ...sets.map(({ hash }) => hash)])
      this.#sets(key, { kind, known: all }, tries - 1, (more, failure) => {
        if (more === undefined) then(undefined, failure)
        else then([...sets, ...more])
      })
    })
  }

  #unsigned(key: string, kind: string, then: Then<readonly unknown[]>): void {
    this.#kernel.ask('load', { keys: [unsignedRowKey(key), key, indexRowKey(key)] }, (result) => {
      if (!result.ok) return then(undefined, result.error ?? new Error('the store failed'))
      const [kept, row, index] = result.value
      const record = recordOfRow(key, kept ?? foreignDocument(key, row, index))
      if (record === undefined || !Array.isArray(record.v)) return then([])
      const document = unsignedChanges(record)
      if (document.kind !== kind) return then([])
      const namespace = namespaceOf(key)
      const { changes } = document
      then(namespace.kind === 'private' ? changes.filter((each) => isOwn(kind, each, namespace.owner)) : changes)
    })
  }

  /** Goes through the sets of a key in the order of their names. `stoppedAt`: more names are behind it. */
  #walk(
    key: string,
    walk: { after: string | undefined; scansMax: number; isWanted(rowKey: string): boolean },
    visit: Visit,
    then: Then<{ readonly stoppedAt: string | undefined }>,
  ): void {
    const { after, scansMax, isWanted } = walk
    this.#kernel.ask('scan', { prefix: setsPrefix(key), after, limit: NAMES }, (names) => {
      if (!names.ok) return then(undefined, names.error ?? new Error('the store failed'))
      const { keys, more } = names.value
      // Asked when its turn comes: what was read before may say that no more is wanted.
      const readFrom = (start: number): void => {
        const batch: string[] = []
        let next = start
        for (; next < keys.length && batch.length < BATCH; next++) {
          const rowKey = keys[next] as string
          if (isWanted(rowKey)) batch.push(rowKey)
        }
        if (batch.length > 0) {
          this.#kernel.ask('load', { keys: batch }, (rows) => {
            if (!rows.ok) return then(undefined, rows.error ?? new Error('the store failed'))
            for (const [i, row] of rows.value.entries()) {
              if (!visit(batch[i] as string, row)) return then({ stoppedAt: batch[i] as string })
            }
            readFrom(next)
          })
          return
        }
        const last = keys.at(-1)
        if (!more || last === undefined) then({ stoppedAt: undefined })
        else if (scansMax <= 1) then({ stoppedAt: last })
        else this.#walk(key, { after: last, scansMax: scansMax - 1, isWanted }, visit, then)
      }
      readFrom(0)
    })
  }
}
