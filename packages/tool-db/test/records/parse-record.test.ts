import { expect, test } from 'vitest'
import { parseRecord, VALUE_DEPTH_MAX } from '../../src/core/records/parse-record.ts'
import { bound, golden, goldenRecords, NOW, plain } from './golden.ts'

const good = await plain({})
const code = (change: object): unknown => {
  const result = parseRecord({ ...good, ...change })
  return result.ok ? 'ok' : result.code
}
const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth))

test('[R-1] every golden record parses into its own fields, its value by reference', () => {
  expect(goldenRecords.length).toBe(12)
  for (const { name, message } of goldenRecords) {
    const result = parseRecord(message.data)
    expect(result, name).toEqual({ ok: true, record: message.data })
    expect(result.ok && result.record.v).toBe(message.data.v)
  }
})

test('[R-1] a field that tool-db does not have is dropped', () => {
  const result = parseRecord({ ...good, x: 1, toString: 'y' })
  expect(result.ok && Object.keys(result.record).sort()).toEqual(['a', 'c', 'h', 'k', 'n', 's', 't', 'v'])
})

test('[R-2] a missing field or one of the wrong type is InvalidData', () => {
  for (const odd of [undefined, null, 7, 'x', true, [], [good], () => good]) {
    expect(parseRecord(odd)).toEqual({ ok: false, code: 'InvalidData' })
  }
  for (const field of ['k', 'a', 'n', 'h', 't', 's', 'c']) {
    expect(code({ [field]: undefined }), field).toBe('InvalidData')
    for (const wrong of [{}, [], true, { toString: () => 'x' }]) expect(code({ [field]: wrong })).toBe('InvalidData')
    if (field !== 'c') expect(code({ [field]: null }), field).toBe('InvalidData')
  }
})

test('[R-2] texts that are too long, or not of the alphabet of their field, are InvalidData', () => {
  const { address } = golden.user
  for (const a of ['', `${address.slice(1)}.`, ' '.repeat(86), 'ü'.repeat(86), 'a'.repeat(129)]) {
    expect(code({ a }), a).toBe('InvalidData')
  }
  for (const h of ['', good.h.toUpperCase(), good.h.slice(1), `${good.h}0`, 'g'.repeat(64)]) {
    expect(code({ h }), h).toBe('InvalidData')
  }
  for (const s of ['', 'a b', 'a'.repeat(513), '\n']) expect(code({ s }), s).toBe('InvalidData')
  for (const c of ['', 'a b', 'x'.repeat(65), 'ü', 'a\0']) expect(code({ c }), c).toBe('InvalidData')
  for (const c of [null, 'MAP', 'LIST', 'COUNTER', 'DEL', 'my-own.type']) expect(code({ c }), String(c)).toBe('ok')
})

test('[R-3] a time is whole milliseconds of 13 digits', () => {
  for (const t of ['1795329614770', null, undefined, [NOW], new Date(NOW)]) expect(code({ t })).toBe('InvalidData')
  const wrong = [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    -NOW,
    0,
    1,
    NOW + 0.5,
    999_999_999_999,
    10_000_000_000_000,
    1e300,
  ]
  for (const t of wrong) expect(code({ t }), String(t)).toBe('InvalidTimestamp')
  for (const t of [1_000_000_000_000, NOW, 9_999_999_999_999]) expect(code({ t }), String(t)).toBe('ok')
})

test('[R-4] a nonce is a safe non-negative integer, or the text of a bound one', async () => {
  const { n } = await bound()
  const hex = 'a'.repeat(64)
  for (const good of [0, 1, Number.MAX_SAFE_INTEGER, n, `2.0.${hex}`, `2.9007199254740991.${hex}`]) {
    expect(code({ n: good }), String(good)).toBe('ok')
  }
  const numbers = [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 1e21]
  const texts = ['', '0', '2', `2.00.${hex}`, `2.-1.${hex}`, `2.1e3.${hex}`, `2..${hex}`, `2.9007199254740992.${hex}`]
  const frames = [
    `1.0.${hex}`,
    `2.0.${hex}0`,
    `2.0.${hex.slice(1)}`,
    `2.0.${hex.toUpperCase()}`,
    ` 2.0.${hex}`,
    `2.0.${hex}\n`,
  ]
  for (const wrong of [...numbers, ...texts, ...frames]) expect(code({ n: wrong }), String(wrong)).toBe('InvalidData')
})

test('[R-5] a value may be nested as deep as the limit, and no deeper, however deep it is', () => {
  expect(code({ v: nested(VALUE_DEPTH_MAX) })).toBe('ok')
  expect(code({ v: nested(VALUE_DEPTH_MAX + 1) })).toBe('InvalidData')
  expect(code({ v: nested(200_000) })).toBe('InvalidData')
  expect(code({ v: JSON.parse(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`) })).toBe('InvalidData')
  expect(code({ v: new Array(100_000).fill([1, { a: 1 }]) })).toBe('ok')
})

test('[R-6] prototype keys are ordinary data', async () => {
  const parse = (text: string): unknown => parseRecord(JSON.parse(text))
  expect(parse(`{"__proto__":${JSON.stringify(good)}}`)).toEqual({ ok: false, code: 'InvalidData' })
  const v = JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toJSON":"x"}')
  const result = parseRecord(await plain({ v }))
  expect(result.ok && JSON.stringify(result.record.v)).toBe(JSON.stringify(v))
  expect(({} as { polluted?: number }).polluted).toBeUndefined()
  expect(code({ k: '__proto__' })).toBe('ok')
  expect(code({ c: '__proto__' })).toBe('ok')
})
