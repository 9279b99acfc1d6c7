import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareStamps, nextTime, type Stamp, wins } from '../../src/core/records/order.ts'

const stamp = fc.record({
  t: fc.constantFrom(1_795_400_000_000, 1_795_400_000_001, 1_795_400_000_002),
  h: fc.constantFrom('0a', '0f', 'a0', 'f0'),
})

test('[R-26] the greater time wins, and of one time the greater hash; the same record changes nothing', () => {
  const at = (t: number, h: string): Stamp => ({ t, h })
  expect(wins(at(2, 'a'), at(1, 'f'))).toBe(true)
  expect(wins(at(1, 'f'), at(2, 'a'))).toBe(false)
  expect(wins(at(1, 'b'), at(1, 'a'))).toBe(true)
  expect(wins(at(1, 'a'), at(1, 'b'))).toBe(false)
  expect(wins(at(1, 'a'), at(1, 'a'))).toBe(false)
  expect(wins(at(1, 'a'), undefined)).toBe(true)
})

test('[R-26] the order is total, so any order of arrival ends with the same record', () => {
  fc.assert(
    fc.property(stamp, stamp, stamp, (a, b, c) => {
      expect(Math.sign(compareStamps(a, b))).toBe(-Math.sign(compareStamps(b, a)) + 0)
      expect(compareStamps(a, b) === 0).toBe(a.t === b.t && a.h === b.h)
      if (compareStamps(a, b) < 0 && compareStamps(b, c) < 0) expect(compareStamps(a, c)).toBeLessThan(0)
    }),
  )
  fc.assert(
    fc.property(fc.uniqueArray(stamp, { minLength: 1, selector: (s) => s.t + s.h }), fc.gen(), (stamps, gen) => {
      const end = (all: readonly Stamp[]): Stamp | undefined =>
        all.reduce<Stamp | undefined>((held, next) => (wins(next, held) ? next : held), undefined)
      const shuffled = gen(() => fc.shuffledSubarray(stamps, { minLength: stamps.length }))
      expect(end(shuffled)).toEqual(end(stamps))
    }),
  )
})

test('[R-27] a writer comes after what it holds, whatever its clock says', () => {
  expect(nextTime(100, undefined)).toBe(100)
  expect(nextTime(100, 50)).toBe(100)
  expect(nextTime(100, 100)).toBe(101)
  expect(nextTime(100, 5_000)).toBe(5_001)
  expect(nextTime(100.75, undefined)).toBe(100)
})
