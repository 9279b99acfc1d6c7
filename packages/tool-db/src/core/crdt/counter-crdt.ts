/** A counter: the sum of what was added and taken away, each change once. */

import { UsageError } from '@shoal/base'
import { CRDT_COUNTER } from './base-crdt.ts'
import {
  type CounterChanges,
  type CounterOperations,
  compareCounterChanges,
  compareTexts,
  isCounterChange,
} from './change.ts'
import type { Added } from './change-log.ts'
import { ConvergentCrdt } from './convergent-crdt.ts'

// The unused type parameter is tool-db's: its programs may name it.
export class CounterCrdt<_T = number> extends ConvergentCrdt<number, CounterChanges, number> {
  override type: string = CRDT_COUNTER
  #sum = 0
  /** Of the amounts without their sign: while it is a safe integer every partial sum is exact, in any order. */
  #reach = 0
  /** Of changes that are added up in their order, since fractions give another sum in another. */
  #value: number | undefined
  #nextIndex = 0

  constructor(author: string, changes?: readonly CounterChanges[]) {
    super(author, {
      identityOf: ({ t, i, a }) => `${t}${i} ${a}`,
      compare: (a, b) => compareCounterChanges(a, b) || compareTexts(a.a, b.a) || compareTexts(a.t, b.t),
    })
    if (changes !== undefined) this.mergeChanges(changes)
  }

  override get value(): number {
    if (Number.isSafeInteger(this.#reach)) return this.#sum
    this.#value ??= this.log.sorted().reduce((sum, change) => sum + amountOf(change), 0)
    return this.#value
  }

  ADD(value: number): void {
    this.#change('ADD', value)
  }

  SUB(value: number): void {
    this.#change('SUB', value)
  }

  protected override isChange(input: unknown): input is CounterChanges {
    return isCounterChange(input)
  }

  protected override handleAdded(change: CounterChanges, added: Added<CounterChanges>): void {
    if (change.a === this.author) this.#nextIndex = Math.max(this.#nextIndex, change.i + 1)
    this.#value = undefined
    this.#sum += amountOf(change)
    this.#reach += Number.isInteger(change.v) ? Math.abs(change.v) : Number.NaN
    if (added.kind === 'replaced') this.#sum -= amountOf(added.loser)
  }

  #change(t: CounterOperations, value: number): void {
    if (!Number.isFinite(value)) throw new UsageError(`a counter counts in finite numbers: ${String(value)}`)
    this.append({ t, v: value, a: this.author, i: this.#nextIndex } as CounterChanges)
  }
}

function amountOf({ t, v }: CounterChanges): number {
  return t === 'ADD' ? v : -v
}
