import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  bytesEqual,
  compareBytes,
  concatBytes,
  fromBase64,
  fromHex,
  fromLatin1,
  hashHex,
  isLowerHex,
  latin1,
  toBase64,
  toHex,
  utf8,
  utf8Length,
  utf8Text,
} from '../src/index.ts'

test('[B-8] bytes survive hex and latin1 and come back', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(fromHex(toHex(bytes))).toEqual(bytes)
      expect(fromLatin1(latin1(bytes))).toEqual(bytes)
    }),
  )
  expect(fromHex('0aFF')).toEqual(Uint8Array.of(10, 255))
})

test('[B-8] wrong hex and broken UTF-8 are undefined, never a guess', () => {
  for (const text of ['0', 'zz', '0x00', ' 00', '00 ', '0-']) expect(fromHex(text), text).toBeUndefined()
  for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]]) {
    expect(utf8Text(Uint8Array.from(bytes))).toBeUndefined()
  }
  expect(utf8Text(utf8('\ufeffgrün'))).toBe('\ufeffgrün')
})

test('[B-8] lower-case hex of one length is told from everything else', () => {
  expect(isLowerHex('0123456789abcdef', 16)).toBe(true)
  expect(isLowerHex('', 0)).toBe(true)
  for (const text of [
    '0123',
    '012345',
    '0123G',
    '0123A',
    '0123/',
    '0123:',
    '0123`',
    '0123g',
    '0123\u0130',
    '0123\u0100',
  ]) {
    expect(isLowerHex(text, 5), text).toBe(false)
  }
})

test('[B-8] comparing bytes orders them, equal exactly when the order says zero', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4 }), fc.uint8Array({ maxLength: 4 }), (a, b) => {
      expect(Math.sign(compareBytes(a, b))).toBe(Math.sign(Buffer.compare(a, b)))
      expect(bytesEqual(a, b)).toBe(Buffer.compare(a, b) === 0)
      expect(concatBytes(a, b)).toEqual(Uint8Array.from([...a, ...b]))
    }),
  )
})

test('[B-8] the length in UTF-8 is told without encoding, and half a surrogate pair is undefined', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(utf8Length(text)).toBe(utf8(text).length)
    }),
  )
  for (const text of ['\ud800', 'a\udc00', '\udc00\ud800', '\ud83d\ud83d\udc1f'])
    expect(utf8Length(text)).toBeUndefined()
})

test('[B-8] a hash in hex is the same whether the platform makes it of the text or we of its bytes', () => {
  const plain = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())
  const whole = Object.assign(plain, {
    hex: (input: string | Uint8Array) => createHash('sha256').update(input).digest('hex'),
  })
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array()), (input) => {
      expect(hashHex(whole, input)).toBe(hashHex((bytes) => plain(bytes), input))
    }),
  )
})

test('[B-8] bytes survive base64, as Node writes it without padding, and nothing else is read', () => {
  for (let length = 0; length < 70; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 151 + length * 37) & 255)
    const text = toBase64(bytes)
    expect(text).toBe(Buffer.from(bytes).toString('base64').replace(/=+$/, ''))
    expect(fromBase64(text)).toEqual(bytes)
  }
  for (const wrong of ['A', 'AB', 'AAB', 'A=', 'AA==', 'A-AA', 'A AA', 'AAA\u00e9'])
    expect(fromBase64(wrong)).toBeUndefined()
})
