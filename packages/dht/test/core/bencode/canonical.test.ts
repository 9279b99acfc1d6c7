import { fromLatin1 } from '@shoal/base'
import { expect, test } from 'vitest'
import { isCanonical } from '../../../src/core/bencode/canonical.ts'

const accepted = [
  'i0e',
  'i-7e',
  'i123456789012345678901234567890e',
  '0:',
  '3:abc',
  'le',
  'de',
  'l1:ai1elee',
  'd0:le1:ai1e2:aade1:bi0ee',
]
const refused = [
  ['nothing', ''],
  ['a leading zero', 'i01e'],
  ['minus zero', 'i-0e'],
  ['a length with a leading zero', '01:a'],
  ['unsorted keys', 'd1:bi1e1:ai1ee'],
  ['a repeated key', 'd1:ai1e1:ai1ee'],
  ['a repeated empty key', 'd0:i1e0:i1ee'],
  ['a key that is longer than its successor', 'd2:aai1e1:ai1ee'],
  ['unsorted keys further in', 'ld1:bi1e1:ai1eee'],
  ['a key that is no string', 'di1ei1ee'],
  ['a key without a value', 'd1:ae'],
  ['bytes behind the value', 'i1ei2e'],
  ['a bracket behind the value', 'i1ee'],
  ['a truncated string', '5:abc'],
  ['an open list', 'li1e'],
  ['an end without a beginning', 'e'],
  ['nesting 17 deep', `${'l'.repeat(17)}${'e'.repeat(17)}`],
  ['nesting 1,000 deep', `${'l'.repeat(1_000)}${'e'.repeat(1_000)}`],
] as const

test.each(accepted)('[D-140] %s is canonical', (text) => {
  expect(isCanonical(fromLatin1(text))).toBe(true)
})

test.each(refused)('[D-140] %s is not canonical', (_, text) => {
  expect(isCanonical(fromLatin1(text))).toBe(false)
})

test('[D-140] sixteen levels are', () => {
  expect(isCanonical(fromLatin1(`${'l'.repeat(16)}${'e'.repeat(16)}`))).toBe(true)
  expect(isCanonical(fromLatin1(`${'d1:a'.repeat(16)}i1e${'e'.repeat(16)}`))).toBe(true)
})
