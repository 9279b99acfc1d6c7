import { createCipheriv } from 'node:crypto'
import { fromHex, toHex } from '@shoal/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { keyStream } from '../../src/core/sync/key-stream.ts'
import { SetHash } from '../../src/core/sync/set-hash.ts'

const id = fc.uint8Array({ minLength: 32, maxLength: 32 })
const NO_NONCE = new Uint8Array(16)

function streamOf(bytes: Uint8Array, offset: number, blocks: number): string {
  const words = new Int32Array(16 * blocks)
  keyStream(bytes, offset, words)
  return toHex(new Uint8Array(words.buffer))
}

function hashOf(...ids: readonly Uint8Array[]): SetHash {
  const hash = new SetHash()
  for (const each of ids) hash.add(each, 0)
  return hash
}

test('[Y-1] an id is expanded to the key stream of RFC 8439 (its vectors A.1.1 and A.1.2: a key of zeros)', () => {
  expect(streamOf(new Uint8Array(32), 0, 2)).toBe(
    '76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7' +
      'da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586' +
      '9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed' +
      '29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f',
  )
})

test('[Y-1] the key stream is ChaCha20 for any key, wherever it lies', () => {
  fc.assert(
    fc.property(id, fc.nat(40), (key, offset) => {
      const bytes = new Uint8Array(offset + 32)
      bytes.set(key, offset)
      const known = createCipheriv('chacha20', key, NO_NONCE).update(new Uint8Array(512))
      expect(streamOf(bytes, offset, 8)).toBe(known.toString('hex'))
    }),
  )
})

test('[Y-1] the hash of a set is the sum of its ids, mod 2^32 in each of 128 lanes', () => {
  const sum = hashOf(new Uint8Array(32), fromHex('ff'.repeat(32)) as Uint8Array).bytes()
  const [zeros, ones] = [0, 0xff].map((byte) =>
    createCipheriv('chacha20', new Uint8Array(32).fill(byte), NO_NONCE).update(new Uint8Array(512)),
  ) as [Buffer, Buffer]
  const lanes = Array.from({ length: 128 }, (_, i) => (zeros.readUInt32LE(4 * i) + ones.readUInt32LE(4 * i)) % 2 ** 32)
  expect(Array.from({ length: 128 }, (_, i) => Buffer.from(sum).readUInt32LE(4 * i))).toEqual(lanes)
})

test('[Y-1] the hash of a union is the sum of the hashes, in any order, and what is taken out leaves no trace', () => {
  fc.assert(
    fc.property(fc.array(id, { maxLength: 8 }), fc.array(id, { maxLength: 8 }), (some, others) => {
      const both = hashOf(...others.toReversed(), ...some)
      const union = hashOf(...some)
      union.addAll(hashOf(...others))
      expect(union.bytes()).toEqual(both.bytes())
      for (const each of others) both.subtract(each, 0)
      expect(both.bytes()).toEqual(hashOf(...some).bytes())
    }),
  )
})
