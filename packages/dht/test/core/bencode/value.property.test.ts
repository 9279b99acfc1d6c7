import { fromLatin1, latin1, UsageError, utf8 } from '@shoal/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isCanonical } from '../../../src/core/bencode/canonical.ts'
import { type BencodeInput, type BencodeValue, decodeValue, encodeValue } from '../../../src/core/bencode/value.ts'

const { value } = fc.letrec<{ value: BencodeInput }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.uint8Array({ maxLength: 20 }),
    fc.maxSafeInteger(),
    fc.bigInt(),
    fc.string({ unit: 'grapheme', maxLength: 8 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 4 }), tie('value'), { maxKeys: 4 }),
  ),
}))

/** What comes back of what was put. */
function plain(input: BencodeInput): unknown {
  if (typeof input === 'string') return utf8(input)
  if (typeof input === 'bigint') return Number.isSafeInteger(Number(input)) ? Number(input) : input
  if (Array.isArray(input)) return input.map(plain)
  if (input instanceof Uint8Array || typeof input !== 'object') return input
  return Object.fromEntries(Object.entries(input).map(([key, entry]) => [key, plain(entry as BencodeInput)]))
}

test('[D-141] what is encoded is canonical, and comes back', () => {
  fc.assert(
    fc.property(value, (input) => {
      const bytes = encodeValue(input)
      expect(isCanonical(bytes)).toBe(true)
      expect(toPlain(decodeValue(bytes))).toEqual(plain(input))
    }),
    { numRuns: 2_000 },
  )
})

/** Objects with a prototype, as expected values have. */
function toPlain(output: BencodeValue): unknown {
  if (Array.isArray(output)) return output.map(toPlain)
  if (output instanceof Uint8Array || typeof output !== 'object') return output === 0 ? 0 : output
  return Object.fromEntries(Object.entries(output).map(([key, entry]) => [key, toPlain(entry)]))
}

test('[D-140] the check never throws, and what it passes can be decoded', () => {
  const fragment = fc.constantFrom('d', 'l', 'e', 'i1e', 'i-1e', 'i0', '0:', '1:a', '1:b', '2:', 'i', '9')
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 12 }), (fragments) => {
      const bytes = fromLatin1(fragments.join(''))
      if (isCanonical(bytes)) decodeValue(bytes)
    }),
    { numRuns: 5_000 },
  )
})

test('[D-141] dictionaries have no prototype to reach, and keys that are no UTF-8 collide with none', () => {
  const decoded = decodeValue(fromLatin1('d9:__proto__d1:ai1eee')) as { [key: string]: BencodeValue }
  expect(Object.getPrototypeOf(decoded)).toBe(null)
  expect(Object.keys(decoded)).toEqual(['__proto__'])
  expect(({} as { a?: unknown }).a).toBe(undefined)
  // C3 A4 is "ä" in UTF-8; E4 alone is not UTF-8, and is "ä" when read as one character a byte.
  const both = decodeValue(fromLatin1('d2:\xc3\xa4i1e1:\xe4i2ee')) as { [key: string]: BencodeValue }
  expect(Object.keys(both)).toEqual(['\xc3\xa4', '\xe4'])
})

test('[D-141] what cannot be bencoded is refused', () => {
  const circle: BencodeInput[] = []
  circle.push(circle)
  const wrong = [
    1.5,
    Number.NaN,
    2 ** 60,
    null,
    true,
    undefined,
    () => 1,
    new Map(),
    '\ud800',
    circle,
  ] as BencodeInput[]
  for (const input of wrong) expect(() => encodeValue(input)).toThrow(UsageError)
  expect(latin1(encodeValue({ b: 1, a: undefined, aa: 'x' }))).toBe('d2:aa1:x1:bi1ee')
})
