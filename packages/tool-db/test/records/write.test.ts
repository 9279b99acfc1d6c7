import { createHash } from 'node:crypto'
import { UsageError } from '@shoal/base'
import { expect, test } from 'vitest'
import { WorkSearch } from '../../src/core/records/work.ts'
import { DELETED, RecordDraft, writtenValue } from '../../src/core/records/write.ts'
import { alice, bound, GOLDEN_TIME, goldenRecords, NOW, plain, sha256, TOPIC, theirVerdict, verdict } from './golden.ts'

const VALUES = [
  'hello',
  '',
  0,
  -0.5,
  1e21,
  null,
  true,
  [1, [2, { c: null }]],
  { b: 1, a: 2, ü: '日本語 🐟' },
  { '10': 1, '9': 2 },
]

test('[R-21] what we write is bound, and npm tool-db verifies it, with and without proof of work', async () => {
  const time = GOLDEN_TIME
  for (const pow of [null, 0, 1, 3]) {
    for (const value of pow === 3 ? VALUES.slice(0, 2) : VALUES) {
      const record = await bound({ time, pow, value: writtenValue(value) })
      const received = JSON.parse(JSON.stringify(record))
      expect(await theirVerdict(received, pow), JSON.stringify(value)).toBe('Verified')
      expect(await verdict(received, { pow, records: 'strict' })).toBe('Verified')
    }
  }
})

test('[R-21] npm tool-db verifies our private, frozen and typed records too', async () => {
  const time = GOLDEN_TIME
  for (const key of [`:${alice.address}.profile`, '==claim', 'map']) {
    const record = await bound({ key, time, type: key === 'map' ? 'MAP' : null })
    expect(await theirVerdict(record, 0)).toBe('Verified')
    expect(Object.keys(record)).toEqual(Object.keys(goldenRecords[0]?.message.data ?? {}))
  }
})

test('[R-22] the nonce of a bound record is 2, a counter and SHA-256 over topic, key and type with their lengths', async () => {
  const hash = createHash('sha256')
  for (const text of [TOPIC, 'schlüssel', 'MAP']) {
    const bytes = Buffer.from(text)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    hash.update(length).update(bytes)
  }
  const record = await bound({ key: 'schlüssel', type: 'MAP' })
  expect(record.n).toBe(`2.0.${hash.digest('hex')}`)
})

test('[R-23] proof of work is searched in slices and goes on where it stopped', () => {
  const init = { prefix: '"x"abc1795329614770', pow: 3, sha256 }
  const whole = new WorkSearch(init)
  let found = whole.step(100_000)
  const slices = new WorkSearch(init)
  let steps = 0
  let sliced = slices.step(10)
  while (sliced === undefined && steps++ < 10_000) sliced = slices.step(10)
  expect(sliced).toEqual(found)
  expect(steps).toBe(Math.floor(Number(found?.nonce) / 10))
  expect(new WorkSearch({ ...init, pow: 60 }).step(50)).toBeUndefined()
  found = new WorkSearch({ ...init, pow: null }).step(1)
  expect(found?.nonce).toBe(0)
})

test('[R-24] a value is taken as it is now, as its readers will see it', async () => {
  const value = { at: new Date(0), list: [undefined, Number.NaN], gone: undefined, n: 1 }
  const written = writtenValue(value)
  const record = await bound({ value: written })
  value.n = 2
  expect(record.v).toEqual({ at: '1970-01-01T00:00:00.000Z', list: [null, null], n: 1 })
  expect(await verdict(record)).toBe('Verified')
  expect(writtenValue(undefined)).toEqual({ text: 'undefined', value: undefined })
})

test('[R-24] what JSON cannot hold is a usage error', () => {
  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  const throwing = {
    toJSON() {
      throw new Error('no')
    },
  }
  for (const value of [cycle, 1n, throwing, JSON.parse('['.repeat(65) + ']'.repeat(65))]) {
    expect(() => writtenValue(value)).toThrow(UsageError)
  }
})

test('[R-25] a deletion is a bound record of null and type DEL, which npm tool-db takes as null', async () => {
  const time = GOLDEN_TIME
  const record = await bound({ time, type: DELETED, value: writtenValue(null) })
  expect(record).toMatchObject({ v: null, c: 'DEL' })
  expect(await theirVerdict(record, 0)).toBe('Verified')
  expect(await verdict(record)).toBe('Verified')
})

test('[R-25] what is signed for something else is no deletion', async () => {
  expect(await verdict(await plain({ v: null, c: DELETED }))).toBe('InvalidData')
  const time = GOLDEN_TIME
  expect(await verdict(await bound({ time, type: DELETED, value: writtenValue('text') }))).toBe('InvalidData')
})

test('[R-23] a draft without proof of work is ready at the first step', () => {
  const init = { key: 'k', address: alice.address, time: NOW, value: writtenValue(1), type: null, topicPublicId: TOPIC }
  expect(new RecordDraft({ ...init, pow: null }, sha256).step(1)).toMatchObject({ k: 'k', v: 1, t: NOW, c: null })
  expect(new RecordDraft({ ...init, pow: 64 }, sha256).step(5)).toBeUndefined()
})
