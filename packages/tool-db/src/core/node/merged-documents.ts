/**
 * CRDT documents as plain peers take them, who know of one document under one signature: a single author's own set, or all
 * sets merged and signed by us. Making one costs what the document is long, so one is made for all who wait for it, and kept.
 */

import { CRDT_COUNTER, CRDT_LIST, CRDT_MAP } from '../crdt/base-crdt.ts'
import { changeSetOf, isCrdtRecord, isKnownKind } from '../crdt/change-set.ts'
import { CounterCrdt } from '../crdt/counter-crdt.ts'
import { ListCrdt } from '../crdt/list-crdt.ts'
import { MapCrdt } from '../crdt/map-crdt.ts'
import type { WireRecord } from '../records/record.ts'
import { writtenValue } from '../records/write.ts'
import type { CrdtReader } from './crdt-reader.ts'
import { indexOfRow, indexRowKey } from './crdt-rows.ts'
import type { HeldRow } from './effects.ts'
import type { HeavyReads } from './heavy-reads.ts'
import type { Kernel } from './kernel.ts'
import { liveRecordOfRow } from './rows.ts'
import type { Peer } from './session.ts'
import type { SignDraft } from './sign-draft.ts'

export type Merged =
  | { readonly kind: 'made'; readonly record: WireRecord }
  | { readonly kind: 'none' }
  /** Too many wait already. */
  | { readonly kind: 'busy' }
  | { readonly kind: 'failed'; readonly error: unknown }

type Then = (merged: Merged) => void

export interface MergedDocumentsParts {
  readonly kernel: Kernel
  readonly reader: CrdtReader
  readonly heavy: HeavyReads
  readonly peerAddress: string
  readonly sign: SignDraft
}

interface Rows {
  readonly row: HeldRow | undefined
  readonly index: HeldRow | undefined
}

interface Made {
  /** The index row that it was made of. */
  readonly index: string
  readonly record: WireRecord
  readonly size: number
}

/** UTF-16 units of the documents that are kept. */
const KEPT_SIZE_MAX = 8 * 1024 * 1024
/** What a short document takes, all in all. */
const KEPT_OVERHEAD = 1_024
const KEYS_WAITING_MAX = 256
/** For each peer. */
const WAITING_MAX = 16
/** Of what a peer may receive in one message, for all that is not changes. */
const ENVELOPE_SIZE = 8_192

export class MergedDocuments {
  readonly #parts: MergedDocumentsParts
  /** BOUNDED: KEPT_SIZE_MAX, oldest out. */
  readonly #made = new Map<string, Made>()
  #madeSize = 0
  /** Who waits for a key's. BOUNDED: KEYS_WAITING_MAX; WAITING_MAX for each peer, all askers by readsMax. */
  readonly #waiting = new Map<string, Then[]>()
  /** How many each waits for. BOUNDED: by those who wait. */
  readonly #asked = new Map<Peer, number>()

  constructor(parts: MergedDocumentsParts) {
    this.#parts = parts
  }

  /** `asker`: for whom it is; nobody where we send it of our own accord. */
  of(key: string, asker: Peer | undefined, then: Then): void {
    this.#load(key, (rows, error) => {
      const ready = rows === undefined ? { kind: 'failed' as const, error } : this.#ready(key, rows)
      if (ready === undefined) this.#wait(key, asker, then)
      else then(ready)
    })
  }

  #wait(key: string, asker: Peer | undefined, then: Then): void {
    const others = this.#waiting.get(key)
    const asked = asker === undefined ? 0 : (this.#asked.get(asker) ?? 0)
    if (asked >= WAITING_MAX || (others === undefined && this.#waiting.size >= KEYS_WAITING_MAX)) {
      this.#parts.kernel.counters.add('refused.merges')
      then({ kind: 'busy' })
      return
    }
    const settle: Then = (merged) => {
      if (asker !== undefined) this.#forgetOne(asker)
      then(merged)
    }
    if (asker !== undefined) this.#asked.set(asker, asked + 1)
    if (others !== undefined) {
      others.push(settle)
      return
    }
    this.#waiting.set(key, [settle])
    this.#parts.heavy.enter(this, (done) => {
      this.#make(key, (merged, length) => {
        const waiting = this.#waiting.get(key) ?? []
        this.#waiting.delete(key)
        for (const each of waiting) each(merged)
        done(length)
      })
    })
  }

  #forgetOne(asker: Peer): void {
    const left = (this.#asked.get(asker) ?? 1) - 1
    if (left > 0) this.#asked.set(asker, left)
    else this.#asked.delete(asker)
  }

  /** What is there without any work. */
  #ready(key: string, { row, index }: Rows): Merged | undefined {
    if (kindOf(index) === undefined) {
      const held = liveRecordOfRow(key, row, this.#parts.kernel.now)
      // A document that tool-db wrote, and nobody has since.
      return held !== undefined && isCrdtRecord(held) ? { kind: 'made', record: held } : { kind: 'none' }
    }
    const made = this.#made.get(key)
    return made !== undefined && made.index === index?.value ? { kind: 'made', record: made.record } : undefined
  }

  #make(key: string, then: (merged: Merged, length: number) => void): void {
    const { kernel, reader } = this.#parts
    this.#load(key, (rows, error) => {
      const ready = rows === undefined ? { kind: 'failed' as const, error } : this.#ready(key, rows)
      const kind = kindOf(rows?.index)
      if (rows === undefined || ready !== undefined || kind === undefined) return then(ready ?? { kind: 'none' }, 0)
      const { authors } = indexOfRow(rows.index)
      const sizeMax = Math.min(kernel.limits.valueSizeMax, kernel.limits.messageSizeMax - ENVELOPE_SIZE)
      reader.cut(key, { kind, authors, sizeMax }, (cut, failure) => {
        if (cut === undefined) return then({ kind: 'failed', error: failure }, 0)
        const heldAt = liveRecordOfRow(key, rows.row, kernel.now)?.t
        this.#sealed(key, { kind, records: cut.records, heldAt }, (record, problem) => {
          if (record !== undefined) this.#keep(key, { index: rows.index?.value ?? '', record, size: cut.length })
          kernel.counters.add('crdt.merged')
          if (problem !== undefined) then({ kind: 'failed', error: problem }, cut.length)
          else then(record === undefined ? { kind: 'none' } : { kind: 'made', record }, cut.length)
        })
      })
    })
  }

  #sealed(
    key: string,
    document: { kind: string; records: readonly WireRecord[]; heldAt: number | undefined },
    then: (record: WireRecord | undefined, error?: unknown) => void,
  ): void {
    const { records, kind, heldAt } = document
    const [only] = records
    if (only === undefined) {
      then(undefined)
      return
    }
    // The author's own word is worth more than ours.
    const isWhole = changeSetOf(only)?.changes.length === (only.v as readonly unknown[]).length
    if (records.length === 1 && isWhole) {
      then(only)
      return
    }
    const value = writtenValue(mergedChanges(kind, records))
    const author = { signer: 'peer', address: this.#parts.peerAddress }
    this.#parts.sign({ key, value, author, type: kind, ttl: undefined }, heldAt, then)
  }

  #keep(key: string, made: Made): void {
    this.#forget(key)
    this.#made.set(key, made)
    this.#madeSize += made.size + KEPT_OVERHEAD
    for (const oldest of this.#made.keys()) {
      if (this.#madeSize <= KEPT_SIZE_MAX) return
      this.#forget(oldest)
    }
  }

  #forget(key: string): void {
    const made = this.#made.get(key)
    if (made === undefined) return
    this.#made.delete(key)
    this.#madeSize -= made.size + KEPT_OVERHEAD
  }

  #load(key: string, then: (rows: Rows | undefined, error?: unknown) => void): void {
    this.#parts.kernel.ask('load', { keys: [key, indexRowKey(key)] }, (result) => {
      if (!result.ok) return then(undefined, result.error ?? new Error('the store failed'))
      then({ row: result.value[0], index: result.value[1] })
    })
  }
}

/** What came first, but nothing that a stranger may have made of somebody's plain set. */
function kindOf(index: HeldRow | undefined): string | undefined {
  const { kinds } = indexOfRow(index)
  return kinds.find(isKnownKind) ?? kinds[0]
}

/** Each change once, in tool-db's order, so that a plain peer that merges finds nothing to do. */
function mergedChanges(kind: string, records: readonly WireRecord[]): readonly unknown[] {
  const changes = records.flatMap((record) => changeSetOf(record)?.changes ?? [])
  switch (kind) {
    case CRDT_MAP:
      return new MapCrdt('', changes as never).getChanges()
    case CRDT_LIST:
      return new ListCrdt('', changes as never).getChanges()
    case CRDT_COUNTER:
      return new CounterCrdt('', changes as never).getChanges()
    default:
      return changes
  }
}
