/** A map: at each key the change with the greatest index stands; of one index a deletion goes before, then the greater author. */

import { UsageError } from '@shoal/base'
import { writtenValue } from '../records/write.ts'
import { CRDT_MAP } from './base-crdt.ts'
import { compareMapChanges, compareTexts, isMapChange, type MapChanges, type SetMapChange } from './change.ts'
import type { Added } from './change-log.ts'
import { ConvergentCrdt } from './convergent-crdt.ts'

export class MapCrdt<T> extends ConvergentCrdt<T, MapChanges<T>, Record<string, T>> {
  override type: string = CRDT_MAP
  /** The changes of each key, in order. BOUNDED: by the changes. */
  readonly #byKey = new Map<string, MapChanges<T>[]>()
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
    const history = this.#byKey.get(change.k)
    if (history === undefined) {
      this.#byKey.set(change.k, [change])
      return
    }
    if (added.kind === 'replaced') history.splice(history.indexOf(added.loser), 1)
    let place = history.length
    // Most changes are the newest of their key.
    if (place > 0 && compareWithKey(change, history[place - 1] as MapChanges<T>) < 0) place = placeIn(history, change)
    history.splice(place, 0, change)
  }

  /** Behind all that is known of the key; an index that somebody drove to its end stays there. */
  #nextIndex(key: string): number {
    const last = this.#byKey.get(key)?.at(-1)
    return Math.min((last?.i ?? 0) + 1, Number.MAX_SAFE_INTEGER)
  }

  /** Names in the order in which they came to be there, as tool-db's value has them. */
  #calculated(): Record<string, T> {
    const live: { readonly first: MapChanges<T>; readonly last: SetMapChange<T> }[] = []
    for (const history of this.#byKey.values()) {
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

function placeIn<T>(history: readonly MapChanges<T>[], change: MapChanges<T>): number {
  let [from, to] = [0, history.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if (compareWithKey(history[middle] as MapChanges<T>, change) < 0) from = middle + 1
    else to = middle
  }
  return from
}

function checkedKey(key: string): string {
  if (typeof key !== 'string') throw new UsageError('the key of a map is a text')
  return key
}
