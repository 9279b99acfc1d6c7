import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type Arrival,
  decideFrozen,
  FREE_NAME,
  type FrozenName,
  type FrozenRules,
  shownRecord,
} from '../../src/core/records/frozen.ts'
import { compareStamps } from '../../src/core/records/order.ts'
import type { WireRecord } from '../../src/core/records/record.ts'
import { NOW } from './golden.ts'

const ARRIVALS: readonly Arrival[] = [
  { kind: 'live' },
  { kind: 'answer' },
  { kind: 'sync', certified: false },
  { kind: 'sync', certified: true },
]

// Few authors, times and hashes, so that ties and repeats are common; all fresh, so that every node takes them.
const record = fc
  .record({
    a: fc.constantFrom('a', 'b', 'c', 'd'),
    age: fc.integer({ min: 0, max: 6 }),
    h: fc.constantFrom('0', '1', '2'),
  })
  .map(({ a, age, h }): WireRecord => ({ k: '==n', a, n: 0, h: h + a, t: NOW - age, s: '', v: age, c: null }))

function run(records: readonly { record: WireRecord; arrival: Arrival }[], rules: FrozenRules): FrozenName {
  let name = FREE_NAME
  for (const one of records) {
    const decision = decideFrozen(name, one.record, { arrival: one.arrival, now: NOW, rules })
    if ('name' in decision) name = decision.name
  }
  return name
}

const arrivals = fc.array(fc.record({ record, arrival: fc.constantFrom(...ARRIVALS) }), { minLength: 1, maxLength: 14 })

test('[R-33] whatever the order, repeats and ways of arrival, every node ends with the same claims', () => {
  const rules = { claimWindowMs: 120_000, contestedMax: 8 }
  fc.assert(
    fc.property(arrivals, fc.gen(), (first, gen) => {
      const again = gen(() => fc.array(fc.constantFrom(...first), { maxLength: 5 }))
      const second = gen(() => fc.shuffledSubarray([...first, ...again], { minLength: first.length + again.length }))
      const other = second.map((one) => ({ ...one, arrival: gen(() => fc.constantFrom(...ARRIVALS)) }))
      const name = run(first, rules)
      expect(run(other, rules)).toEqual(name)
      const records = first.map((one) => one.record)
      const earliest = [...records].sort(compareStamps)[0]
      const last = records
        .filter((one) => one.a === earliest?.a)
        .sort(compareStamps)
        .at(-1)
      expect(shownRecord(name)).toEqual(last)
    }),
    { numRuns: 2_000 },
  )
})

test('[R-33] the owner is the same on every node also where more claim the name than are kept', () => {
  const rules = { claimWindowMs: 120_000, contestedMax: 1 }
  fc.assert(
    fc.property(arrivals, fc.gen(), (first, gen) => {
      const second = gen(() => fc.shuffledSubarray(first, { minLength: first.length }))
      expect(run(second, rules)[0]?.first).toEqual(run(first, rules)[0]?.first)
      expect(run(first, rules).length).toBeLessThanOrEqual(2)
    }),
    { numRuns: 2_000 },
  )
})
