import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { fromLatin1, latin1 } from '@shoal/base'
import { expect, test } from 'vitest'
import { type ItemCrypto, immutableTarget, mutableTarget, signedMessage } from '../../../src/core/item/item.ts'
import { KrpcParser } from '../../../src/core/krpc/parse.ts'
import type { Candidate } from '../../../src/core/lookup/frontier.ts'
import { ItemSearch } from '../../../src/core/lookup/item-search.ts'
import { ScrapeTally } from '../../../src/core/lookup/scrape-tally.ts'
import { nodeItemCrypto } from '../../../src/node/ed25519.ts'
import { type Bencoded, packet } from '../../bencode.ts'

const ID = 'abcdefghij0123456789'
const { sha1 } = nodeItemCrypto
const PKCS8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, 3)])
const privateKey = createPrivateKey({ key: PKCS8, format: 'der', type: 'pkcs8' })
const publicKey = new Uint8Array(createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32))
const salt = fromLatin1('salt')
const parser = new KrpcParser()

function signed(seq: number, value: Bencoded): Record<string, Bencoded> {
  const sig = latin1(sign(undefined, signedMessage(salt, BigInt(seq), packet(value)), privateKey))
  return { k: latin1(publicKey), seq, sig, v: value }
}

function candidate(n: number): Candidate {
  return {
    id: undefined,
    address: { host: `45.0.0.${n}`, port: 1, key: String(n) },
    state: 'fresh',
    isOurs: true,
    attempts: 0,
    token: undefined,
    isSecure: false,
  }
}

function searchOf(
  target: Uint8Array,
  takesFirst = false,
): { search: ItemSearch; tell: (r: Record<string, Bencoded>) => void; verified: () => number } {
  let verifications = 0
  const crypto: ItemCrypto = { sha1, verify: (...args) => ++verifications > 0 && nodeItemCrypto.verify(...args) }
  const search = new ItemSearch({ target, salt, crypto, takesFirst })
  let n = 0
  const tell = (r: Record<string, Bencoded>): void => {
    const bytes = packet({ r: { id: ID, ...r }, t: 'aa', y: 'r' })
    const message = parser.parse(bytes)
    if (message.kind !== 'response') throw new Error(message.kind)
    if (message.extension !== undefined) search.handleAnswer(candidate(n++), bytes, message.extension)
  }
  return { search, tell, verified: () => verifications }
}

const mutable = new Uint8Array(mutableTarget(publicKey, salt, sha1))

test('[D-154] what is not genuine is nothing', () => {
  const { search, tell } = searchOf(mutable)
  const good = signed(5, 'five')
  tell({ ...good, v: 'forged' })
  tell({ ...good, seq: 9 })
  tell({ ...good, sig: 'x'.repeat(64) })
  tell({ ...good, k: 'x'.repeat(32) })
  tell({ ...good, k: 'short' })
  tell({ v: 'immutable' })
  tell({ seq: 1e15 })
  tell({ ...good, seq: 'text' })
  const { k: _, ...withoutKey } = good
  tell(withoutKey)
  expect(search.best).toBeUndefined()
  tell(good)
  expect(search.best?.signed?.seq).toBe(5n)
})

test('[D-154] what is not newer is not verified', () => {
  const { search, tell, verified } = searchOf(mutable)
  tell(signed(5, 'five'))
  for (let i = 0; i < 20; i++) tell(signed(5, 'five'))
  for (let i = 0; i < 5; i++) tell(signed(i, 'older'))
  expect(verified()).toBe(1)
  expect(search.copies).toBe(21)
  tell(signed(6, 'six'))
  expect(verified()).toBe(2)
  expect(search).toMatchObject({ copies: 1, isOver: false })
})

test('[D-154] an immutable item is over at once, a mutable one where the first will do', () => {
  const value = packet('value')
  const immutable = searchOf(new Uint8Array(immutableTarget(value, sha1)))
  immutable.tell({ v: 'other' })
  expect(immutable.search.isOver).toBe(false)
  immutable.tell({ v: 'value' })
  expect(immutable.search.isOver).toBe(true)
  const first = searchOf(mutable, true)
  first.tell(signed(1, 'one'))
  expect(first.search.isOver).toBe(true)
})

test('[D-172] a filter that is too full is left out; peers without filters count where they are no seeds', () => {
  const tally = new ScrapeTally(sha1)
  const tell = (r: Record<string, Bencoded>, peers: readonly string[] = []): void => {
    const bytes = packet({ r: { ...r, id: ID }, t: 'aa', y: 'r' })
    const message = parser.parse(bytes)
    if (message.kind !== 'response') throw new Error(message.kind)
    tally.handleAnswer(bytes, message.extension, peers)
  }
  tell({ BFpe: '\xff'.repeat(256), BFsd: '\0'.repeat(256) })
  tell({ BFpe: '\0'.repeat(255), BFsd: '\0'.repeat(256) })
  tell({ BFpe: 1, BFsd: [] })
  expect(tally.count()).toEqual({ seeds: 0, peers: 0 })
  tell({}, ['\x2d\x01\x01\x01\x1a\xe1', '\x2d\x01\x01\x02\x1a\xe1', '\x2d\x01\x01\x02\x1a\xe2'])
  expect(tally.count()).toEqual({ seeds: 0, peers: 2 })
  const seeds = new Uint8Array(256)
  for (const [i, byte] of sha1(Uint8Array.of(0x2d, 1, 1, 1))
    .subarray(0, 4)
    .entries()) {
    if (i % 2 === 1) continue
    const bit = (byte | ((sha1(Uint8Array.of(0x2d, 1, 1, 1))[i + 1] as number) << 8)) % 2_048
    seeds[bit >> 3] = (seeds[bit >> 3] as number) | (1 << (bit & 7))
  }
  tell({ BFpe: '\0'.repeat(256), BFsd: latin1(seeds) })
  expect(tally.count()).toEqual({ seeds: 1, peers: 1 })
})
