/** A map: at each key the change with the greatest index stands; of one index a deletion goes before, then the greater author. */

import { UsageError } from '@shoal/base'
import { writtenValue } from '../records/write.ts'
import { CRDT_MAP } from './base-crdt.ts'
import { compareMapChanges, compareTexts, isMapChange, type MapChanges, type SetMapChange } from './change.ts'
import type { Added } from './change-log.ts'
import { ConvergentCrdt } from './convergent-crdt.ts'

/** The changes of one key. */
interface History<T> {
  changes: MapChanges<T>[]
  /** False where they are to be put in order, and without those that others took the place of, before they are looked at. */
  isInOrder: boolean
}

export class MapCrdt<T> extends ConvergentCrdt<T, MapChanges<T>, Record<string, T>> {
  override type: string = CRDT_MAP
  /** BOUNDED: by the changes. */
  readonly #byKey = new Map<string, History<T>>()
  readonly #losers = new WeakSet<MapChanges<T>>()
  #value: Record<string, T> | undefined

  constructor(author: string, changes?: readonly MapChanges<T>[]) {
    super(author, {
      identityOf: ({ t, i, a, k }) => `${t}${i} ${a.length} ${a}${k}`,
      compare: compareWithKey,
    })
    if (changes !== undefined) this.mergeChanges(changes)
  }

  override get value(): Record<string, T> {
    this.#value ??= this.#calculated()
    return this.#value
  }

  SET(key: string, value: T): void {
    const v = writtenValue(value).value as T
    this.append({ t: 'SET', k: checkedKey(key), a: this.author, v, i: this.#nextIndex(key) })
  }

  DEL(key: string): void {
    this.append({ t: 'DEL', k: checkedKey(key), a: this.author, i: this.#nextIndex(key) })
  }

  protected override isChange(input: unknown): input is MapChanges<T> {
    return isMapChange(input)
  }

  protected override handleAdded(change: MapChanges<T>, added: Added<MapChanges<T>>): void {
    this.#value = undefined
    if (added.kind === 'replaced') this.#losers.add(added.loser)
    const history = this.#byKey.get(change.k)
    if (history === undefined) {
      this.#byKey.set(change.k, { changes: [change], isInOrder: true })
      return
    }
    // Most changes are the newest of their key. Whoever sends them the other way round has them sorted once, not each put in its place.
    const last = history.changes.at(-1) as MapChanges<T>
    if (added.kind === 'replaced' || compareWithKey(change, last) < 0) history.isInOrder = false
    history.changes.push(change)
  }

  #inOrder(history: History<T>): readonly MapChanges<T>[] {
    if (!history.isInOrder) {
      history.changes = history.changes.filter((change) => !this.#losers.has(change)).sort(compareWithKey)
      history.isInOrder = true
    }
    return history.changes
  }

  /** Behind all that is known of the key; an index that somebody drove to its end stays there. */
  #nextIndex(key: string): number {
    const history = this.#byKey.get(key)
    const last = history === undefined ? undefined : this.#inOrder(history).at(-1)
    return Math.min((last?.i ?? 0) + 1, Number.MAX_SAFE_INTEGER)
  }

  /** Names in the order in which they came to be there, as tool-db's value has them. */
  #calculated(): Record<string, T> {
    const live: { readonly first: MapChanges<T>; readonly last: SetMapChange<T> }[] = []
    for (const each of this.#byKey.values()) {
      const history = this.#inOrder(each)
      const last = history.at(-1)
      if (last?.t !== 'SET') continue
      let first = history.length - 1
      while (first > 0 && history[first - 1]?.t === 'SET') first--
      live.push({ first: history[first] as MapChanges<T>, last })
    }
    live.sort((a, b) => compareWithKey(a.first, b.first))
    // Names such as __proto__ are names like any other: fromEntries defines them, and assigns nothing.
    return Object.fromEntries(live.map(({ last }) => [last.k, last.v]))
  }
}

function compareWithKey(a: MapChanges<unknown>, b: MapChanges<unknown>): number {
  return compareMapChanges(a, b) || compareTexts(a.k, b.k)
}

function checkedKey(key: string): string {
  if (typeof key !== 'string') throw new UsageError('the key of a map is a text')
  return key
}
