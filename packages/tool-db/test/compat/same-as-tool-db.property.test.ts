import fc from 'fast-check'
import { expect, test } from 'vitest'
import { catchReturn } from '../../src/compat/catch-return.ts'
import {
  arrayBufferToHex,
  arrayBufferToString,
  base64ToUint8,
  fromBase64,
  hexToArrayBuffer,
  hexToString,
  hexToUint8,
  stringToArrayBuffer,
  toBase64,
  uint8ToBase64,
} from '../../src/compat/encoding.ts'
import { sha1, sha256 } from '../../src/compat/hashes.ts'
import { proofOfWork } from '../../src/compat/proof-of-work.ts'
import { uniq } from '../../src/compat/uniq.ts'
import { theirs } from '../records/golden.ts'

const anyText = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }))
const hexish = fc
  .array(fc.constantFrom('0', '9', 'a', 'F', 'c3', 'bc', 'zz', ' ', '-', 'g'), { maxLength: 20 })
  .map((s) => s.join(''))
const outcome = (run: () => unknown): unknown => {
  try {
    return run()
  } catch (error) {
    return (error as Error).name
  }
}

test('[R-40] the hashes are those of tool-db, for any text and any bytes', () => {
  fc.assert(
    fc.property(anyText, fc.uint8Array(), (text, bytes) => {
      expect(sha1(text)).toBe(theirs.sha1(text))
      expect(sha256(text)).toBe(theirs.sha256(text))
      expect(sha256(bytes)).toBe(theirs.sha256(bytes))
      const words = new Uint16Array(bytes.slice(0, bytes.length & ~1).buffer)
      expect(sha256(words)).toBe(theirs.sha256(words))
    }),
    { numRuns: 500 },
  )
})

test('[R-41] the encodings are those of tool-db, for any text and any bytes', () => {
  const byteArray = fc.uint8Array()
  fc.assert(
    fc.property(anyText, hexish, byteArray, (text, hex, bytes) => {
      const buffer = bytes.slice().buffer
      expect(new Uint8Array(stringToArrayBuffer(text))).toEqual(new Uint8Array(theirs.stringToArrayBuffer(text)))
      expect(arrayBufferToString(buffer)).toBe(theirs.arrayBufferToString(buffer))
      expect(arrayBufferToHex(buffer)).toBe(theirs.arrayBufferToHex(buffer))
      for (const one of [hex, text, arrayBufferToHex(buffer)]) {
        expect(new Uint8Array(hexToArrayBuffer(one))).toEqual(new Uint8Array(theirs.hexToArrayBuffer(one)))
        expect(hexToUint8(one)).toEqual(theirs.hexToUint8(one))
        expect(hexToString(one)).toBe(theirs.hexToString(one))
      }
      expect(uint8ToBase64(bytes)).toBe(theirs.uint8ToBase64(bytes))
      expect(base64ToUint8(uint8ToBase64(bytes))).toEqual(bytes)
    }),
    { numRuns: 1_000 },
  )
})

test('[R-41] letters that turn into hex digits as capitals count as such, as in tool-db', () => {
  for (const text of ['ﬀ', 'aﬀ0', 'ẚ1', 'ß']) expect(hexToUint8(text), text).toEqual(theirs.hexToUint8(text))
})

test('[R-41] base64 is that of tool-db also where it throws', () => {
  fc.assert(
    fc.property(anyText, fc.base64String(), (text, base64) => {
      expect(outcome(() => toBase64(text))).toEqual(outcome(() => theirs.toBase64(text)))
      for (const one of [text, base64]) {
        expect(outcome(() => fromBase64(one))).toEqual(outcome(() => theirs.fromBase64(one)))
        expect(outcome(() => base64ToUint8(one))).toEqual(outcome(() => theirs.base64ToUint8(one)))
      }
    }),
    { numRuns: 1_000 },
  )
  for (const text of ['ü', '🐟', '\ufeff', '\ud800', ''])
    expect(outcome(() => toBase64(text))).toBe(outcome(() => theirs.toBase64(text)))
})

test('[R-42] proof of work finds the nonce that tool-db finds', async () => {
  await fc.assert(
    fc.asyncProperty(anyText, fc.constantFrom(null, 0, 1, 2), async (value, difficulty) => {
      expect(await proofOfWork(value, difficulty)).toEqual(await theirs.proofOfWork(value, difficulty))
    }),
    { numRuns: 60 },
  )
  expect(await proofOfWork('a value', 3)).toEqual(await theirs.proofOfWork('a value', 3))
})

test('[R-43] uniq and catchReturn are those of tool-db', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer({ max: 5, min: 0 }), fc.string({ maxLength: 1 }))), (values) => {
      expect(uniq(values)).toEqual(theirs.uniq(values))
    }),
  )
  expect(catchReturn(new Error('x'))).toBe(theirs.catchReturn(new Error('x')))
})
