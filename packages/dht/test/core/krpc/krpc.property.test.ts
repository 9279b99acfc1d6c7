import { fromLatin1, latin1, type RandomSource, seededRandom, utf8 } from '@shoal/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeValue } from '../../../src/core/bencode/value.ts'
import { readNodeId } from '../../../src/core/id/node-id.ts'
import { readSeq } from '../../../src/core/item/put-rules.ts'
import { ANSWER_MAX, type Asker, writeAnswer } from '../../../src/core/krpc/answer.ts'
import type { PutQuery } from '../../../src/core/krpc/message.ts'
import { KrpcParser } from '../../../src/core/krpc/parse.ts'
import { type OutgoingQuery, writeQuery } from '../../../src/core/krpc/query.ts'
import { KrpcWriter } from '../../../src/core/krpc/writer.ts'
import { type Bencoded, decode, dig, packet } from '../../bencode.ts'
import { packed } from '../../packed.ts'

const parser = new KrpcParser()
const random: RandomSource = seededRandom(7)

const byteText = (length: { minLength: number; maxLength: number }): fc.Arbitrary<string> =>
  fc.uint8Array(length).map((bytes) => latin1(bytes))
const id = byteText({ minLength: 20, maxLength: 20 })

/** Something shaped like a message, with values of any type under the names that mean something. */
const key = fc.constantFrom('a', 'r', 'e', 't', 'y', 'q', 'ip', 'ro', 'v', 'id', 'target', 'info_hash', 'token', 'nodes', 'values', 'port', 'implied_port') // biome-ignore format: one list
const { value } = fc.letrec<{ value: Bencoded }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.integer(),
    byteText({ minLength: 0, maxLength: 30 }),
    fc.constantFrom('q', 'r', 'e', 'ping', 'find_node', 'get_peers', 'announce_peer'),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 6 }),
  ),
}))
const messageLike = fc.dictionary(key, value, { maxKeys: 8 }).map((message) => packet(message))

test('[D-1] parsing never throws, on any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2_100 }), (bytes) => {
      expect(typeof parser.parse(bytes).kind).toBe('string')
    }),
    { numRuns: 2_000 },
  )
})

test('[D-1] parsing never throws on messages built of the right names and wrong values, nor on mutated ones', () => {
  fc.assert(
    fc.property(messageLike, fc.nat(), fc.nat(255), fc.nat(), (bytes, at, byte, cut) => {
      expect(typeof parser.parse(bytes).kind).toBe('string')
      bytes[at % bytes.length] = byte
      const message = parser.parse(bytes.subarray(0, bytes.length - (cut % 3)))
      if (message.kind === 'response') {
        expect(message.nodesAt + message.nodesLength).toBeLessThanOrEqual(bytes.length)
        for (const peer of message.values) expect(peer + 6).toBeLessThanOrEqual(bytes.length)
      }
      if (message.kind === 'find_node' || message.kind === 'get_peers') {
        expect(message.targetAt).toBeGreaterThan(0)
        expect(message.targetAt + 20).toBeLessThanOrEqual(bytes.length)
      }
    }),
    { numRuns: 5_000 },
  )
})

const seq = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n })

function bytesOf(length: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: length, maxLength: length })
}

function expectPut(bytes: Uint8Array, message: PutQuery, sent: Extract<OutgoingQuery, { method: 'put' }>): void {
  const { value, signed } = sent.item
  expect(bytes.slice(message.valueAt, message.valueAt + message.valueLength)).toEqual(value)
  expect(latin1(bytes, message.tokenAt, message.tokenAt + message.tokenLength)).toBe(sent.token)
  expect(message.casAt < 0 ? undefined : readSeq(bytes, message.casAt, message.casLength)).toBe(sent.cas)
  expect(message.publicKeyAt >= 0).toBe(signed !== undefined)
  if (signed === undefined) return
  expect(bytes.slice(message.publicKeyAt, message.publicKeyAt + 32)).toEqual(signed.publicKey)
  expect(bytes.slice(message.signatureAt, message.signatureAt + 64)).toEqual(signed.signature)
  expect(readSeq(bytes, message.seqAt, message.seqLength)).toBe(signed.seq)
  expect(bytes.slice(message.saltAt, message.saltAt + message.saltLength)).toEqual(sent.salt)
}

test('[D-5] every query that we write is read back as it was', () => {
  const target = id.map((text) => readNodeId(fromLatin1(text)))
  const query: fc.Arbitrary<OutgoingQuery> = fc.oneof(
    fc.constant({ method: 'ping' } as const),
    fc.record({ method: fc.constantFrom('find_node', 'sample_infohashes'), target }),
    fc.record({ method: fc.constant('get_peers'), target, isScrape: fc.boolean() }),
    fc.record({ method: fc.constant('get'), target, seq: fc.option(seq, { nil: undefined }) }),
    fc.record({
      method: fc.constant('put'),
      item: fc.record({
        value: fc.uint8Array({ maxLength: 990 }).map((bytes) => encodeValue(bytes)),
        signed: fc.option(fc.record({ publicKey: bytesOf(32), signature: bytesOf(64), seq }), { nil: undefined }),
      }),
      salt: fc.uint8Array({ maxLength: 64 }),
      cas: fc.option(seq, { nil: undefined }),
      token: byteText({ minLength: 0, maxLength: 40 }),
    }),
    fc.record({
      method: fc.constant('announce_peer' as const),
      target,
      port: fc.integer({ min: 1, max: 65_535 }),
      isPortImplied: fc.boolean(),
      isSeed: fc.boolean(),
      token: byteText({ minLength: 0, maxLength: 40 }),
    }),
  )
  fc.assert(
    fc.property(
      query,
      id,
      byteText({ minLength: 1, maxLength: 8 }),
      fc.boolean(),
      (sent, own, transaction, isReadOnly) => {
        const writer = new KrpcWriter()
        writer.begin()
        writeQuery(writer, sent, { ownId: readNodeId(fromLatin1(own)), transaction, isReadOnly })
        const bytes = writer.end()
        const plain = decode(bytes)
        expect(dig(plain, 'a', 'id')).toBe(own)
        expect(dig(plain, 'ro')).toBe(isReadOnly ? 1 : undefined)
        const message = parser.parse(bytes)
        expect(message).toMatchObject({ kind: sent.method, isReadOnly })
        if (message.kind === 'rejected') throw new Error(message.reason)
        expect(latin1(bytes, message.transactionAt, message.transactionAt + message.transactionLength)).toBe(
          transaction,
        )
        if ('target' in sent && 'targetAt' in message) {
          expect(readNodeId(bytes, message.targetAt)).toEqual(sent.target)
        }
        if (sent.method === 'get_peers' && message.kind === 'get_peers') expect(message.isScrape).toBe(sent.isScrape)
        if (sent.method === 'get' && message.kind === 'get') {
          expect(message.seqAt < 0 ? undefined : readSeq(bytes, message.seqAt, message.seqLength)).toBe(sent.seq)
        }
        if (sent.method === 'put' && message.kind === 'put') expectPut(bytes, message, sent)
        if (sent.method === 'announce_peer' && message.kind === 'announce_peer') {
          expect(message.port).toBe(sent.isPortImplied ? 0 : sent.port)
          expect(message.isSeed).toBe(sent.isSeed)
          expect(latin1(bytes, message.tokenAt, message.tokenAt + message.tokenLength)).toBe(sent.token)
        }
      },
    ),
  )
})

test('[D-10] an answer is read back as it was, within its limits, whatever it is asked to carry', () => {
  const question = fc.record({ padding: fc.nat(300), transaction: byteText({ minLength: 0, maxLength: 32 }) })
  fc.assert(
    fc.property(question, fc.nat(20), fc.nat(100), ({ padding, transaction }, nodeCount, peerCount) => {
      const bytes = packet({
        a: { id: 'i'.repeat(20), info_hash: 'h'.repeat(20) },
        q: 'get_peers',
        t: transaction,
        x: 'p'.repeat(padding),
        y: 'q',
      })
      const message = parser.parse(bytes)
      if (message.kind !== 'get_peers') throw new Error(message.kind)
      const asker: Asker = { compact: random.bytes(6), compactLength: 6, question: bytes }
      const nodes = Array.from({ length: nodeCount }, () => ({ compact: random.bytes(26) }))
      const values = Array.from({ length: peerCount }, () => latin1(random.bytes(6)))
      const writer = new KrpcWriter()
      writer.begin()
      const ownId = readNodeId(random.bytes(20))
      writeAnswer(writer, asker, message, { ownId, body: { nodes, token: utf8('tokentok'), values: packed(values) } })
      const answer = writer.end()
      expect(answer.length).toBeLessThanOrEqual(Math.min(ANSWER_MAX, 6 * bytes.length))
      const plain = decode(answer)
      expect(dig(plain, 't')).toBe(transaction)
      expect(dig(plain, 'ip')).toBe(latin1(asker.compact))
      const told = dig(plain, 'r', 'nodes') as string
      expect(
        nodes
          .map(({ compact }) => latin1(compact))
          .join('')
          .startsWith(told),
      ).toBe(true)
      const peers = (dig(plain, 'r', 'values') ?? []) as string[]
      expect(values.slice(0, peers.length)).toEqual(peers)
      expect(peers.length).toBeGreaterThanOrEqual(Math.min(peerCount, 8))
      expect(parser.parse(answer).kind).toBe('response')
    }),
  )
})
