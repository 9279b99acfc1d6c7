import { expect, test } from 'vitest'
import { BATCH_COUNT_MAX, BATCH_SIZE_MAX, isBatch, joined, mayJoin, textsOf } from '../../src/core/wire/batch.ts'

test('[T-123] messages of one frame are told apart again; one by itself stays as it is', () => {
  const texts = ['{"a":"line\\nfeed"}', '[]', '', '"']
  expect(isBatch(joined(texts))).toBe(true)
  expect(textsOf(joined(texts))).toEqual(texts)
  expect(joined(['{"a":1}'])).toBe('{"a":1}')
  expect(isBatch('{"a":1}')).toBe(false)
  expect(isBatch(new Uint8Array([10, 10]))).toBe(false)
})

test('[T-123] what JSON.stringify writes may share a frame, what has a line feed in it may not', () => {
  expect(mayJoin(JSON.stringify({ text: 'two\nlines\r\n\u2028' }))).toBe(true)
  expect(mayJoin(JSON.stringify({ a: 1 }, undefined, 2))).toBe(false)
})

test('[T-124] a frame of more messages, or a longer one, is no batch', () => {
  const most = Array.from({ length: BATCH_COUNT_MAX }, () => '1')
  expect(textsOf(joined(most))).toHaveLength(BATCH_COUNT_MAX)
  expect(textsOf(joined([...most, '1']))).toBeUndefined()
  expect(textsOf('\n'.repeat(1_000_000))).toBeUndefined()
  expect(textsOf(`\n${'x'.repeat(BATCH_SIZE_MAX - 1)}`)).toHaveLength(1)
  expect(textsOf(`\n${'x'.repeat(BATCH_SIZE_MAX)}`)).toBeUndefined()
})
