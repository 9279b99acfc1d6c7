import { createHook } from 'node:async_hooks'
import { seededRandom } from '@shoal/base'
import { nobleEngine } from '@shoal/peer'
import { expect, test } from 'vitest'
import { knownAnswers } from '../../../peer/test/noise/vectors.ts'
import { NODE_NOISE } from '../../src/network/node-noise-engine.ts'

knownAnswers('node:crypto', NODE_NOISE)

const random = seededRandom(11)
const noble = nobleEngine(random)

test('[E-1] node:crypto and noble give the same for whatever they are asked', () => {
  for (let i = 0; i < 20; i++) {
    const [key, nonce, data] = [random.bytes(32), random.bytes(12), random.bytes(i % 3 === 0 ? 0 : 40)]
    const plaintext = random.bytes(i * 37)
    const [a, b] = [new Uint8Array(plaintext.length + 16), new Uint8Array(plaintext.length + 16)]
    NODE_NOISE.seal({ key, nonce, data }, plaintext, a)
    noble.seal({ key, nonce, data }, plaintext, b)
    expect(a).toEqual(b)
    for (const engine of [NODE_NOISE, noble]) {
      const out = new Uint8Array(plaintext.length)
      expect(engine.open({ key, nonce, data }, a, out)).toBe(true)
      expect(out).toEqual(plaintext)
      const wrong = a.slice()
      wrong[i % wrong.length] = (wrong[i % wrong.length] as number) ^ 128
      expect(engine.open({ key, nonce, data }, wrong, out)).toBe(false)
      expect(engine.open({ key, nonce, data: random.bytes(9) }, a, out)).toBe(false)
    }
    const secret = random.bytes(32)
    const other = noble.keyPair().publicKey
    expect(Buffer.from(NODE_NOISE.keyPair(secret).publicKey)).toEqual(Buffer.from(noble.keyPair(secret).publicKey))
    const shared = NODE_NOISE.sharedSecret(NODE_NOISE.keyPair(secret).secret, other) as Uint8Array
    expect(Buffer.from(shared)).toEqual(
      Buffer.from(noble.sharedSecret(noble.keyPair(secret).secret, other) as Uint8Array),
    )
  }
})

test('[E-3] node:crypto too refuses public keys of small order, and what is no key', () => {
  const { secret } = NODE_NOISE.keyPair()
  expect(NODE_NOISE.sharedSecret(secret, new Uint8Array(32))).toBeUndefined()
  expect(NODE_NOISE.sharedSecret(secret, Uint8Array.of(1, ...new Uint8Array(31)))).toBeUndefined()
  expect(NODE_NOISE.sharedSecret(secret, new Uint8Array(31))).toBeUndefined()
})

test('[E-21] a key pair is made without a job of node:crypto: one that is collected while its key is exported hangs the process for ever', () => {
  const jobs: string[] = []
  const hook = createHook({ init: (_id, type) => void jobs.push(type) }).enable()
  const pairs = Array.from({ length: 3 }, () => NODE_NOISE.keyPair())
  hook.disable()
  expect(jobs.filter((type) => /KEY.*GEN/.test(type))).toEqual([])
  expect(new Set(pairs.map(({ publicKey }) => Buffer.from(publicKey).toString('hex'))).size).toBe(3)
  // The public half is that of the secret one: the product with the base point.
  const base = Uint8Array.of(9, ...new Uint8Array(31))
  for (const { publicKey, secret } of pairs) {
    expect(Buffer.from(NODE_NOISE.sharedSecret(secret, base) as Uint8Array)).toEqual(Buffer.from(publicKey))
  }
})
