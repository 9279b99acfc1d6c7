import { fromHex, fromLatin1, latin1, toHex, utf8 } from '@shoal/base'
import { expect, test } from 'vitest'
import { immutableTarget, isGenuine, mutableTarget, signedMessage } from '../../../src/core/item/item.ts'
import { nodeItemCrypto } from '../../../src/node/ed25519.ts'

const crypto = nodeItemCrypto
const value = fromLatin1('12:Hello World!')
const hex = (text: string): Uint8Array => fromHex(text) as Uint8Array
/** The test vectors of BEP 44. */
const publicKey = hex('77ff84905a91936367c01360803104f92432fcd904a43511876df5cdf3e7e548')
const plain = {
  salt: new Uint8Array(0),
  message: '3:seqi1e1:v12:Hello World!',
  target: hex('4a533d47ec9c7d95b1ad75f576cffc641853b750'),
  signature: hex(
    '305ac8aeb6c9c151fa120f120ea2cfb923564e11552d06a5d856091e5e853cff1260d3f39e4999684aa92eb73ffd136e6f4f3ecbfda0ce53a1608ecd7ae21f01',
  ),
}
const salted = {
  salt: utf8('foobar'),
  message: '4:salt6:foobar3:seqi1e1:v12:Hello World!',
  target: hex('411eba73b6f087ca51a3795d9c8c938d365e32c1'),
  signature: hex(
    '6834284b6b24c3204eb2fea824d82f88883a3d95e8b4a21b8c0ded553d17d17ddf9a8a7104b1258f30bed3787e6cb896fca78c58f8e03b5f18f14951a87d9a08',
  ),
}

test.each([plain, salted])('[D-142] BEP 44: test vector $message', ({ salt, message, target, signature }) => {
  expect(latin1(signedMessage(salt, 1n, value))).toBe(message)
  expect(mutableTarget(publicKey, salt, crypto.sha1)).toEqual(Buffer.from(target))
  const signed = { publicKey, signature, seq: 1n }
  expect(isGenuine(target, { value, signed }, { salt, crypto })).toBe(true)
  expect(isGenuine(target, { value, signed: { ...signed, seq: 2n } }, { salt, crypto })).toBe(false)
  expect(isGenuine(target, { value: fromLatin1('12:Hello World?'), signed }, { salt, crypto })).toBe(false)
  expect(isGenuine(target, { value, signed }, { salt: utf8('other'), crypto })).toBe(false)
  expect(isGenuine(publicKey.subarray(0, 20), { value, signed }, { salt, crypto })).toBe(false)
})

test('[D-142] BEP 44: test vector of an immutable item', () => {
  const target = immutableTarget(value, crypto.sha1)
  expect(toHex(target)).toBe('e5f96f6f38320f0f33959cb4d3d656452117aadb')
  expect(isGenuine(target, { value, signed: undefined }, { salt: plain.salt, crypto })).toBe(true)
  expect(isGenuine(target, { value: fromLatin1('1:x'), signed: undefined }, { salt: plain.salt, crypto })).toBe(false)
})

test('[D-142] 32 bytes that are no key verify nothing, and do not throw', () => {
  for (const byte of [0x00, 0x01, 0xff, 0x7f]) {
    const key = new Uint8Array(32).fill(byte)
    expect(crypto.verify(key, utf8('message'), new Uint8Array(64).fill(1))).toBe(false)
  }
})
