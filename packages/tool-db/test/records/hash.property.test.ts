import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hashPrefix, recordHash, valueText } from '../../src/core/records/hash.ts'
import { boundNonce, isNonce } from '../../src/core/records/nonce.ts'
import { isShallow, parseRecord } from '../../src/core/records/parse-record.ts'
import { golden, plain, sha256, verdict } from './golden.ts'

const address = golden.user.address
const good = await plain({})

test('[R-12] no two records of one author that are taken have one hashed text', () => {
  const value = fc.constantFrom<unknown>(
    1,
    11,
    111,
    '',
    '1',
    `1${address}`,
    `${address}1795329614770`,
    null,
    undefined,
    [1],
    {},
  )
  const time = fc.constantFrom(1_111_111_111_111, 1_111_111_111_112, 1_211_111_111_111)
  const hex = 'a'.repeat(64)
  const nonce = fc.constantFrom<number | string>(0, 1, 11, 111, 2, 1111, boundNonce(1, hex), boundNonce(11, hex))
  const one = fc.tuple(value, time, nonce)
  fc.assert(
    fc.property(one, one, (a, b) => {
      const text = ([v, t, n]: typeof a): string => hashPrefix(valueText(v), address, t) + n
      const same = valueText(a[0]) === valueText(b[0]) && a[1] === b[1] && a[2] === b[2]
      expect(text(a) === text(b)).toBe(same)
    }),
    { numRuns: 5_000 },
  )
})

test('[R-2] parsing a record never throws, and takes nothing but records', () => {
  const fields = fc.record(
    Object.fromEntries(
      Object.entries(good).map(([field, value]) => [field, fc.oneof(fc.constant(value), fc.anything())]),
    ),
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(fc.oneof(fc.anything(), fields), (input) => {
      const result = parseRecord(input)
      if (!result.ok) return
      expect(Object.keys(result.record).length).toBe(8)
      expect(isNonce(result.record.n)).toBe(true)
      expect(isShallow(result.record.v, 64)).toBe(true)
      recordHash(result.record, sha256)
    }),
    { numRuns: 3_000 },
  )
})

test('[R-10] any JSON value survives the wire under its hash', async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue({ maxDepth: 6 }), async (v) => {
      expect(await verdict(JSON.parse(JSON.stringify(await plain({ v }))))).toBe('Verified')
    }),
    { numRuns: 200 },
  )
})
