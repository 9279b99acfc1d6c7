import fc from 'fast-check'
import { expect, test } from 'vitest'
import { valueText } from '../../src/core/records/hash.ts'
import type { WireRecord } from '../../src/core/records/record.ts'
import { recordText } from '../../src/core/records/record-text.ts'
import { recordMessageText } from '../../src/core/wire/serialise.ts'

const value = fc.oneof(fc.constant(undefined), fc.jsonValue(), fc.string({ unit: 'binary' }))
const record: fc.Arbitrary<WireRecord> = fc.record({
  k: fc.string({ unit: 'binary' }),
  a: fc.string(),
  n: fc.oneof(fc.nat(), fc.string()),
  t: fc.nat(),
  h: fc.constant('ab'.repeat(32)),
  s: fc.string(),
  v: value,
  c: fc.option(fc.string()),
})

test('[T-120] the text of a record is the JSON of all its fields, whatever they hold', () => {
  fc.assert(
    fc.property(record, (given) => {
      const { k, a, n, t, h, s, v, c } = given
      const text = recordText(given, valueText(v))
      expect(text).toBe(JSON.stringify({ k, a, n, t, h, s, v, c }))
      expect(recordText(given)).toBe(text)
    }),
  )
})

test('[T-120] a put around such a text is the JSON of the message', () => {
  fc.assert(
    fc.property(record, fc.string(), fc.array(fc.string()), (data, id, to) => {
      expect(recordMessageText({ type: 'put', id, to }, JSON.stringify(data))).toBe(
        JSON.stringify({ type: 'put', id, to, data }),
      )
    }),
  )
})
