/**
 * Checks, beside everything else, that what is stored is still what its authors signed. Checksums find what a disk has changed; what was
 * changed behind them (by another program, by memory that fails) only a signature tells. All records are walked in the order of
 * their rows, then all items; where the walk was is written down, so that a restart goes on there.
 */

import { HOUR, MINUTE, type Millis, SECOND, toHex } from '@shoal/base'
import { isCrdtRecord } from '../../crdt/change-set.ts'
import type { WireRecord } from '../../records/record.ts'
import { indexRowKey, isSetRow, SET_ROW_PREFIX } from '../crdt-rows.ts'
import type { HeldRow } from '../effects.ts'
import type { Damage } from '../events.ts'
import { claimsKey, recordsOfRows } from '../rows.ts'
import { DAMAGED_PREFIX, DamagedRows, type DamagedRowsParts, soundRecord } from './damaged-rows.ts'
import { ITEM_PREFIX, itemOfRowKey, recordsAt, rowsAt } from './item-rows.ts'

/** Where the walk is. */
export const SCRUB_MARK = '\u0000scrub'

/** After a start there is enough to do. */
const FIRST_AFTER: Millis = 2 * SECOND
/** From the end of one walk to the next. */
const AGAIN_AFTER: Millis = 7 * 24 * HOUR
const RETRY_AFTER: Millis = MINUTE
/** Rows of one slice: together some two milliseconds. */
const ROWS_PER_SLICE = 16
/** What one row takes on an ordinary machine: a read, two hashes and a signature, or the read of an item and its record. */
const MICROS_PER_RECORD = 140
const MICROS_PER_ITEM = 30
/** So many rows are walked again after a crash. */
const ROWS_PER_MARK = 4_096
/** Of damaged records. With more than that it is rather the settings than the disk: they are left where they are. */
const KEPT_MAX = 1_024
const KEPT_TIME: Millis = 30 * 24 * HOUR

/** Of fewer records nobody asks how far it is. */
const TOLD_FROM = 10_000

const PASSES = ['', SET_ROW_PREFIX, ITEM_PREFIX] as const

export interface ScrubParts extends DamagedRowsParts {
  /** Of one core. */
  readonly share: number
  /** What was set aside should be asked for. */
  onMissing(): void
}

interface Walk {
  pass: number
  after: string | undefined
  checked: number
  damaged: number
}

type Rows = ReadonlyMap<string, HeldRow | undefined>

export class Scrub {
  readonly #parts: ScrubParts
  readonly #damagedRows: DamagedRows
  #walk: Walk = { pass: 0, after: undefined, checked: 0, damaged: 0 }
  #isWalking = false
  #sinceMark = 0
  /** Tenths of the walk that were told. */
  #told = 0
  #kept = 0

  constructor(parts: ScrubParts) {
    this.#parts = parts
    this.#damagedRows = new DamagedRows(parts)
  }

  get stats(): Readonly<Record<string, number>> {
    const { pass, checked } = this.#walk
    return {
      'now.scrub-running': this.#isWalking ? 1 : 0,
      'now.scrub-checked': checked,
      'now.scrub-pass': this.#isWalking ? pass + 1 : 0,
      'now.scrub-missing': this.#parts.items.missing.size,
    }
  }

  /** Once, when the store is open. */
  start(): void {
    const { kernel, share } = this.#parts
    this.#readKept(undefined)
    if (share <= 0) return
    kernel.after(FIRST_AFTER, () => {
      kernel.ask('load', { keys: [SCRUB_MARK] }, (loaded) => {
        if (loaded.ok) this.#walk = walkOf(loaded.value[0]) ?? this.#walk
        this.#isWalking = true
        this.#step()
      })
    })
  }

  /** What was set aside before: it is not to be taken for forgotten; what was repaired long ago is let go. */
  #readKept(after: string | undefined): void {
    const { kernel, items } = this.#parts
    kernel.ask('scan', { prefix: DAMAGED_PREFIX, after, limit: ROWS_PER_SLICE }, (names) => {
      if (!names.ok) return
      const { keys, more } = names.value
      const places = keys.map((key) => key.slice(DAMAGED_PREFIX.length))
      kernel.ask('load', { keys: [...keys, ...places] }, (loaded) => {
        if (!loaded.ok) return
        const rows = loaded.value
        const old = keys.filter((_, i) => keptAt(rows[i]) < kernel.now - KEPT_TIME)
        for (const [i, place] of places.entries()) if (rows[keys.length + i] === undefined) items.missing.add(place)
        this.#kept += keys.length - old.length
        if (old.length > 0) this.#remove(old)
        if (more) kernel.ask('pause', {}, () => this.#readKept(keys.at(-1)))
      })
    })
  }

  #remove(keys: readonly string[]): void {
    const { kernel, items } = this.#parts
    for (const key of keys) items.missing.delete(key.slice(DAMAGED_PREFIX.length))
    kernel.ask('commit', { writes: keys.map((key) => ({ key })), expect: new Map() }, () => undefined)
  }

  #step(): void {
    const { kernel, items, share } = this.#parts
    const { pass, after } = this.#walk
    const startedAt = kernel.now
    const later = (): void => void kernel.after(RETRY_AFTER, () => this.#step())
    if (!items.isReady) {
      later()
      return
    }
    kernel.ask('scan', { prefix: PASSES[pass] ?? '', after, limit: ROWS_PER_SLICE }, (scanned) => {
      if (!scanned.ok) return later()
      const { keys, more } = scanned.value
      this.#check(keys, (isDone) => {
        if (!isDone) return later()
        this.#walk.after = keys.at(-1) ?? after
        this.#walk.checked += pass < 2 ? keys.length : 0
        kernel.counters.add(pass < 2 ? 'scrub.records' : 'scrub.items', keys.length)
        this.#sinceMark += keys.length
        this.#tellProgress()
        if (!more && !this.#nextPass()) return
        if (this.#kept >= KEPT_MAX) return this.#end(false)
        if (this.#sinceMark >= ROWS_PER_MARK) this.#mark(JSON.stringify(this.#walk))
        // Where others have something to do, a slice takes as long as they do, and the pause after it grows with that.
        const micros = keys.length * (pass < 2 ? MICROS_PER_RECORD : MICROS_PER_ITEM)
        const spent = Math.max(micros / 1_000, kernel.now - startedAt)
        kernel.after(Math.ceil(spent / share), () => this.#step())
      })
    })
  }

  #tellProgress(): void {
    const { kernel, items } = this.#parts
    const total = items.tree.size
    const { checked } = this.#walk
    const tenths = Math.min(9, Math.floor((10 * checked) / total))
    if (total < TOLD_FROM || tenths <= this.#told) return
    this.#told = tenths
    kernel.emit({ kind: 'scrubbing', about: { checked, total } })
  }

  /** False at the end of the last. */
  #nextPass(): boolean {
    if (this.#walk.pass === PASSES.length - 1) {
      this.#end(true)
      return false
    }
    this.#walk.pass++
    this.#walk.after = undefined
    return true
  }

  #end(complete: boolean): void {
    const { kernel } = this.#parts
    const { checked, damaged } = this.#walk
    this.#isWalking = false
    this.#told = 0
    kernel.counters.add(complete ? 'scrub.rounds' : 'scrub.stopped')
    kernel.emit({ kind: 'scrubbed', about: { checked, damaged, complete } })
    this.#mark(undefined)
    if (!complete) return
    kernel.after(AGAIN_AFTER, () => {
      this.#walk = { pass: 0, after: undefined, checked: 0, damaged: 0 }
      this.#isWalking = true
      this.#step()
    })
  }

  #mark(value: string | undefined): void {
    this.#sinceMark = 0
    const write = value === undefined ? { key: SCRUB_MARK } : { key: SCRUB_MARK, value }
    this.#parts.kernel.ask('commit', { writes: [write], expect: new Map() }, () => undefined)
  }

  /** False where the store failed. */
  #check(keys: readonly string[], then: (isDone: boolean) => void): void {
    if (this.#walk.pass === 2) this.#checkItems(keys, then)
    else this.#checkRecords(keys, then)
  }

  #checkRecords(places: readonly string[], then: (isDone: boolean) => void): void {
    const { kernel } = this.#parts
    const rowKeys = places.flatMap((place) => (isSetRow(place) ? [place] : [...rowsAt(place), indexRowKey(place)]))
    kernel.ask('load', { keys: rowKeys }, (loaded) => {
      if (!loaded.ok) return then(false)
      const rows = new Map(rowKeys.map((key, i) => [key, loaded.value[i]]))
      this.#each(places, (place, done) => this.#checkPlace(place, rows, done), then)
    })
  }

  #checkPlace(place: string, rows: Rows, then: (isDone: boolean) => void): void {
    const row = rows.get(place)
    if (row === undefined) {
      then(true)
      return
    }
    const records = recordsToCheck(place, rows)
    // Under a key anything may lie in a store that tool-db wrote; a row of our own is a set.
    if (records === undefined) {
      if (isSetRow(place)) this.#setAside(place, 'unreadable', { rows, records: [] }, then)
      else then(true)
      return
    }
    let damage: Damage | undefined
    let left = records.length
    // A document that tool-db has merged: nobody has signed it.
    if (left === 0) {
      then(true)
      return
    }
    for (const record of records) {
      this.#damagedRows.judge(record, (found) => {
        damage ??= found
        if (--left > 0) return
        if (damage === undefined) then(true)
        else this.#setAside(place, damage, { rows, records }, then)
      })
    }
  }

  #setAside(
    place: string,
    damage: Damage,
    { rows, records }: { readonly rows: Rows; readonly records: readonly WireRecord[] },
    then: (isDone: boolean) => void,
  ): void {
    const items = records.map((record) => this.#parts.items.itemOf(record))
    this.#damagedRows.setAside({ place, damage, rows, items }, (outcome) => {
      if (outcome === 'set-aside') this.#noteDamaged()
      then(outcome !== 'failed')
    })
  }

  #noteDamaged(): void {
    this.#walk.damaged++
    this.#kept++
    this.#parts.onMissing()
  }

  #checkItems(itemRows: readonly string[], then: (isDone: boolean) => void): void {
    const { kernel } = this.#parts
    kernel.ask('load', { keys: itemRows }, (loaded) => {
      if (!loaded.ok) return then(false)
      const places = loaded.value.map((row) => row?.value)
      const rowKeys = [...new Set(places.flatMap((place) => (place ? rowsAt(place) : [])))]
      kernel.ask('load', { keys: rowKeys }, (found) => {
        if (!found.ok) return then(false)
        const rows = new Map(rowKeys.map((key, i) => [key, found.value[i]]))
        const placeOf = new Map(itemRows.map((itemRow, i) => [itemRow, places[i]]))
        this.#each(itemRows, (itemRow, done) => this.#checkItem(itemRow, placeOf.get(itemRow), rows, done), then)
      })
    })
  }

  #checkItem(itemRow: string, place: string | undefined, rows: Rows, then: (isDone: boolean) => void): void {
    const { items, kernel, onMissing } = this.#parts
    const item = itemOfRowKey(itemRow)
    if (place === undefined || item === undefined) {
      then(true)
      return
    }
    const id = toHex(item.id)
    if (recordsAt(place, rows).some((record) => items.itemOf(record).id === id)) {
      then(true)
      return
    }
    this.#damagedRows.removeItem(itemRow, place, (outcome) => {
      if (outcome === 'set-aside') this.#noteDamaged()
      if (outcome === 'removed') {
        kernel.counters.add('scrub.lost')
        onMissing()
      }
      then(outcome !== 'failed')
    })
  }

  #each(
    keys: readonly string[],
    check: (key: string, done: (isDone: boolean) => void) => void,
    then: (isDone: boolean) => void,
  ): void {
    let left = keys.length
    let isDone = true
    if (left === 0) {
      then(true)
      return
    }
    for (const key of keys) {
      check(key, (isGood) => {
        isDone &&= isGood
        if (--left === 0) then(isDone)
      })
    }
  }
}

/** `undefined` for what is no record; none where nobody has signed what lies there: a document that tool-db has merged. */
function recordsToCheck(place: string, rows: Rows): readonly WireRecord[] | undefined {
  const row = rows.get(place)
  const record = soundRecord(place, row)
  if (record === undefined) return undefined
  if (isSetRow(place)) return [record]
  if (isCrdtRecord(record)) return rows.get(indexRowKey(place)) === undefined ? [] : [record]
  return recordsOfRows(place, row, rows.get(claimsKey(place)))
}

/** What a walk was at; `undefined` for what is none. */
function walkOf(row: HeldRow | undefined): Walk | undefined {
  try {
    const { pass, after, checked, damaged } = JSON.parse(row?.value ?? '') as Partial<Record<keyof Walk, unknown>>
    if (!Number.isSafeInteger(checked) || !Number.isSafeInteger(damaged)) return undefined
    if (typeof after !== 'string' || (pass !== 0 && pass !== 1 && pass !== 2)) return undefined
    return { pass, after, checked: checked as number, damaged: damaged as number }
  } catch {
    return undefined
  }
}

function keptAt(row: HeldRow | undefined): Millis {
  try {
    const { at } = JSON.parse(row?.value ?? '') as { readonly at?: unknown }
    return typeof at === 'number' ? at : 0
  } catch {
    return 0
  }
}
