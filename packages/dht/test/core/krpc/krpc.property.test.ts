import { fromLatin1, latin1, type RandomSource, seededRandom } from '@shoal/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readNodeId } from '../../../src/core/id/node-id.ts'
import { ANSWER_MAX, type Asker, writeAnswer } from '../../../src/core/krpc/answer.ts'
import { KrpcParser } from '../../../src/core/krpc/parse.ts'
import { type OutgoingQuery, writeQuery } from '../../../src/core/krpc/query.ts'
import { KrpcWriter } from '../../../src/core/krpc/writer.ts'
import { type Bencoded, decode, dig, packet } from '../../bencode.ts'

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

test('[D-5] every query that we write is read back as it was', () => {
  const target = id.map((text) => readNodeId(fromLatin1(text)))
  const query: fc.Arbitrary<OutgoingQuery> = fc.oneof(
    fc.constant({ method: 'ping' } as const),
    fc.record({ method: fc.constantFrom('find_node', 'get_peers'), target }),
    fc.record({
      method: fc.constant('announce_peer' as const),
      target,
      port: fc.integer({ min: 1, max: 65_535 }),
      isPortImplied: fc.boolean(),
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
        if (sent.method !== 'ping' && 'targetAt' in message) {
          expect(readNodeId(bytes, message.targetAt)).toEqual(sent.target)
        }
        if (sent.method === 'announce_peer' && message.kind === 'announce_peer') {
          expect(message.port).toBe(sent.isPortImplied ? 0 : sent.port)
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
      const nodes = Array.from({ length: nodeCount }, () => random.bytes(26))
      const values = Array.from({ length: peerCount }, () => latin1(random.bytes(6)))
      const writer = new KrpcWriter()
      writer.begin()
      const ownId = readNodeId(random.bytes(20))
      writeAnswer(writer, asker, message, { ownId, body: { nodes, token: 'tokentok', values } })
      const answer = writer.end()
      expect(answer.length).toBeLessThanOrEqual(Math.min(ANSWER_MAX, 6 * bytes.length))
      const plain = decode(answer)
      expect(dig(plain, 't')).toBe(transaction)
      expect(dig(plain, 'ip')).toBe(latin1(asker.compact))
      const told = dig(plain, 'r', 'nodes') as string
      expect(
        nodes
          .map((node) => latin1(node))
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
