/**
 * Records that another server was asked for, many at a time. Each is verified as fully as one that was put, but they share one read,
 * one commit and the turns they take: where others have something to do, they get most of the time.
 */

import { MINUTE, type Millis } from '@shoal/base'
import { isCrdtRecord } from '../../crdt/change-set.ts'
import { recordHash } from '../../records/hash.ts'
import { namespaceOf } from '../../records/key.ts'
import { wins } from '../../records/order.ts'
import type { WireRecord } from '../../records/record.ts'
import { recordText } from '../../records/record-text.ts'
import type { NamedItem } from '../../sync/record-item.ts'
import type { Admission } from '../admission.ts'
import type { RefusalCode } from '../commands.ts'
import { type HeldRow, NO_VERSION, type RowWrite } from '../effects.ts'
import type { Fanout } from '../fanout.ts'
import type { Kernel } from '../kernel.ts'
import type { Listeners } from '../listeners.ts'
import { isPassing } from '../peer.ts'
import { Remembered } from '../remembered.ts'
import { liveRecord, recordOfRow, sideRows } from '../rows.ts'
import type { ItemChange, ItemIndex } from './item-index.ts'
import type { Pace } from './pace.ts'

/** What is not wanted is remembered so long, */
const REFUSED_TIME: Millis = 24 * 3_600_000
/** and so much of it. */
const REFUSED_MAX = 65_536
/** Where two clocks are wrong by as much as they may be, a record can be twice as far ahead as is taken: it is asked for again. */
const AHEAD_SOON_MAX: Millis = 5 * MINUTE
/** Rows that others write at the same time are read again so often; then each record goes in by itself. */
const COMMIT_TRIES = 3

/** What an intake has to know of the items, and to change. */
export type KeptItems = Pick<ItemIndex, 'has' | 'itemOf' | 'change' | 'mayBeForgotten' | 'isRepairing'>

export interface IntakeParts {
  readonly kernel: Kernel
  readonly items: KeptItems
  readonly admission: Admission
  readonly fanout: Fanout
  readonly listeners: Listeners
  readonly pace: Pace
  hasVerifierFor(key: string): boolean
  onStored(record: WireRecord): void
}

export interface Taken {
  stored: number
  /** Held already. */
  known: number
  refused: number
  /** Not now: the store failed, or too much is going on. */
  passing: number
  /** Of the refused: what no honest server sends. */
  forged: number
}

/** Who sent them. */
export interface Bringer {
  /** A server that the topic's owner has certified. */
  readonly certified: boolean
}

interface Heap extends Bringer {
  readonly records: readonly WireRecord[]
  then(taken: Taken): void
}

interface Candidate extends Bringer {
  readonly record: WireRecord
  readonly item: NamedItem
  readonly valueText: string
}

interface Planned {
  readonly record: WireRecord
  /** Its JSON; absent where it is held already. */
  readonly text: string | undefined
  readonly change: ItemChange
  readonly writes: readonly RowWrite[]
}

/** Refusals that no server causes which verifies what it keeps. */
const FORGERIES: ReadonlySet<RefusalCode> = new Set<RefusalCode>([
  'InvalidHashNonce',
  'InvalidSignature',
  'AddressMismatch',
  'InvalidData',
])

export class Intake {
  readonly #parts: IntakeParts
  /** Ids of what was verified and not taken, or has been replaced: it is not asked for again. BOUNDED: REFUSED_MAX, REFUSED_TIME. */
  readonly #refused: Remembered
  /** BOUNDED: by the one turn that goes on, and what the one before it left. */
  readonly #waiting: Heap[] = []

  constructor(parts: IntakeParts) {
    this.#parts = parts
    this.#refused = new Remembered(parts.kernel, { lifetime: REFUSED_TIME, countMax: REFUSED_MAX })
  }

  get refusals(): number {
    return this.#refused.size
  }

  /** What was held is gone: what was refused for its sake may be better than nothing. */
  forgetRefusals(): void {
    this.#refused.clear()
  }

  /** False for what is here, or is not wanted. */
  wants(item: NamedItem): boolean {
    return !this.#parts.items.has(item) && !this.#refused.has(item.id)
  }

  /** One heap after the other is verified; while one is being written the next has its turn. */
  take(records: readonly WireRecord[], { certified }: Bringer, then: (taken: Taken) => void): void {
    this.#waiting.push({ records, certified, then })
    if (this.#waiting.length === 1) this.#verifyNext()
  }

  #verifyNext(): void {
    const [heap] = this.#waiting
    if (heap === undefined) return
    const { records, then } = heap
    const taken: Taken = { stored: 0, known: 0, refused: 0, passing: 0, forged: 0 }
    const good: Candidate[] = []
    let left = 1
    const end = (): void => {
      if (--left === 0) then(taken)
    }
    const slice = (start: number): void => {
      if (start >= records.length) {
        this.#store(good, taken, end)
        this.#waiting.shift()
        this.#verifyNext()
        return
      }
      const last = Math.min(records.length, start + this.#parts.pace.count)
      const judged: Candidate[] = []
      for (let i = start; i < last; i++) {
        const candidate = this.#judge(records[i] as WireRecord, heap, taken)
        if (candidate === undefined) continue
        if (this.#goesAlone(candidate.record)) {
          left++
          this.#admit(candidate, taken, end)
        } else judged.push(candidate)
      }
      this.#verify(judged, taken, (verified) => {
        good.push(...verified)
        this.#parts.pace.breathe(() => slice(last))
      })
    }
    slice(0)
  }

  #judge(record: WireRecord, { certified }: Bringer, taken: Taken): Candidate | undefined {
    const { items, admission } = this.#parts
    const item = items.itemOf(record)
    if (!this.wants(item)) {
      taken.known++
      return undefined
    }
    const checked = admission.check(record)
    if (checked.ok) return { record, item, certified, valueText: checked.valueText }
    this.#refuseUnverified(record, item, { code: checked.code, taken })
    return undefined
  }

  /** Much is refused before its hash is looked at; but whoever changes the date of a good record leaves it its id. */
  #refuseUnverified(
    record: WireRecord,
    item: NamedItem,
    { code, taken }: { readonly code: RefusalCode; readonly taken: Taken },
  ): void {
    const { kernel } = this.#parts
    if (recordHash(record, kernel.sha256) !== record.h) this.#refuse(item, 'InvalidHashNonce', taken)
    else if (code === 'InvalidTimestamp' && record.t <= kernel.now + AHEAD_SOON_MAX) {
      kernel.counters.add('sync.ahead')
      taken.passing++
    } else this.#refuse(item, code, taken)
  }

  /** Names have claims, documents have sets, and custom verification may take its time. */
  #goesAlone(record: WireRecord): boolean {
    return namespaceOf(record.k).kind === 'frozen' || isCrdtRecord(record) || this.#parts.hasVerifierFor(record.k)
  }

  #verify(candidates: readonly Candidate[], taken: Taken, then: (verified: readonly Candidate[]) => void): void {
    const { kernel } = this.#parts
    if (candidates.length === 0) {
      then(candidates)
      return
    }
    const signed = candidates.map(({ record }) => ({ text: record.h, address: record.a, signature: record.s }))
    kernel.ask('verify-all', { signed }, (result) => {
      const verified = candidates.filter(({ item }, i) => {
        const isGood = result.ok && result.value[i] === true
        if (!isGood) this.#refuse(item, result.ok ? 'InvalidSignature' : 'TOO_BUSY', taken)
        return isGood
      })
      then(verified)
    })
  }

  #refuse({ id }: NamedItem, code: RefusalCode, taken: Taken): void {
    this.#parts.kernel.counters.add(`sync.refused.${code}`)
    if (isPassing(code)) {
      taken.passing++
      return
    }
    taken.refused++
    // Whoever forges chooses the ids: those of good records must not be kept out by it.
    if (FORGERIES.has(code)) taken.forged++
    else this.#refused.add(id)
  }

  #admit({ record, item, certified }: Candidate, taken: Taken, then: () => void): void {
    const { admission, kernel, fanout, listeners, items } = this.#parts
    admission.admit(record, { kind: 'sync', certified }, (verdict) => {
      if (verdict.kind === 'refused') this.#refuse(item, verdict.code, taken)
      else if (verdict.kind === 'unchanged') {
        taken.known++
        if (!items.has(item)) this.#refused.add(item.id)
      } else {
        taken.stored++
        kernel.counters.add('sync.stored')
        const shown = verdict.crdt?.counted ?? verdict.held
        if (verdict.isShown) {
          fanout.push({ record: shown, text: undefined })
          listeners.trigger(shown.k, shown)
        }
      }
      then()
    })
  }

  /** One read and one commit for all of them; of a key that comes twice the second goes by itself. */
  #store(candidates: readonly Candidate[], taken: Taken, then: () => void, tries = COMMIT_TRIES): void {
    const keys = new Set<string>()
    const batch: Candidate[] = []
    const others: Candidate[] = []
    for (const candidate of candidates) {
      if (keys.has(candidate.record.k)) others.push(candidate)
      else batch.push(candidate)
      keys.add(candidate.record.k)
    }
    let left = others.length + 1
    const end = (): void => {
      if (--left === 0) then()
    }
    for (const other of others) this.#admit(other, taken, end)
    if (batch.length === 0) {
      end()
      return
    }
    const { kernel } = this.#parts
    kernel.ask('load', { keys: [...keys] }, (loaded) => {
      if (!loaded.ok) {
        taken.passing += batch.length
        return end()
      }
      this.#commit(batch, loaded.value, taken, (isDone) => {
        if (isDone) return end()
        if (tries > 1) return this.#store(batch, taken, end, tries - 1)
        left += batch.length - 1
        for (const each of batch) this.#admit(each, taken, end)
      })
    })
  }

  /** False where a row was written meanwhile. */
  #commit(
    batch: readonly Candidate[],
    rows: readonly (HeldRow | undefined)[],
    taken: Taken,
    then: (isDone: boolean) => void,
  ): void {
    const { kernel } = this.#parts
    const writes: RowWrite[] = []
    const expect = new Map<string, string>()
    const planned: Planned[] = []
    for (const [i, candidate] of batch.entries()) {
      const plan = this.#plan(candidate, rows[i], taken)
      if (plan === undefined) continue
      writes.push(...plan.writes)
      expect.set(candidate.record.k, rows[i]?.version ?? NO_VERSION)
      planned.push(plan)
    }
    if (planned.length === 0) {
      then(true)
      return
    }
    kernel.ask('commit', { writes, expect }, (result) => {
      if (result.ok && !result.value) return then(false)
      if (!result.ok) taken.passing += planned.length
      else for (const plan of planned) this.#tell(plan, taken)
      then(true)
    })
  }

  /** `undefined` where nothing is to be written. */
  #plan({ record, item, valueText }: Candidate, row: HeldRow | undefined, taken: Taken): Planned | undefined {
    const { kernel, items } = this.#parts
    const previous = recordOfRow(record.k, row)
    const held = liveRecord(previous, kernel.now)
    const place = { item, row: record.k }
    if (previous !== undefined && held === undefined && !wins(record, previous)) {
      // What has ended may have been written over a deletion, which is back once it is removed.
      taken.passing++
      return undefined
    }
    if (held?.h === record.h && held.c === record.c) {
      // Only its item was missing.
      const change = items.change([], [place])
      return { record, text: undefined, change, writes: change.writes }
    }
    if (held !== undefined && !wins(record, held)) {
      taken.known++
      this.#refused.add(item.id)
      return undefined
    }
    if (previous === undefined && !items.isRepairing && items.mayBeForgotten(record)) {
      this.#refuse(item, 'Forgotten', taken)
      return undefined
    }
    const text = recordText(record, valueText)
    const gone = previous === undefined || isCrdtRecord(previous) ? [] : [items.itemOf(previous)]
    const change = items.change(gone, [place])
    const writes = [{ key: record.k, value: text }, ...sideRows(record, previous), ...change.writes]
    return { record, text, change, writes }
  }

  #tell({ record, text, change }: Planned, taken: Taken): void {
    const { kernel, fanout, listeners, onStored } = this.#parts
    change.apply()
    if (text === undefined) {
      taken.known++
      return
    }
    taken.stored++
    kernel.counters.add('sync.stored')
    onStored(record)
    fanout.push({ record, text })
    listeners.trigger(record.k, record)
  }
}
