import { fromLatin1, latin1, seededRandom, utf8 } from '@shoal/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readNodeId } from '../../../src/core/id/node-id.ts'
import { ANSWER_MAX, type Asker, writeAnswer } from '../../../src/core/krpc/answer.ts'
import { WANT_IPV4, WANT_IPV6 } from '../../../src/core/krpc/fields.ts'
import { KrpcParser } from '../../../src/core/krpc/parse.ts'
import { writeQuery } from '../../../src/core/krpc/query.ts'
import { KrpcWriter } from '../../../src/core/krpc/writer.ts'
import { type Bencoded, decode, dig, packet } from '../../bencode.ts'
import { packed } from '../../packed.ts'

const ID = 'abcdefghij0123456789'
const parser = new KrpcParser()
const random = seededRandom(3)

function response(r: Record<string, Bencoded>) {
  const bytes = packet({ r: { id: ID, ...r }, t: 'aa', y: 'r' })
  const message = parser.parse(bytes)
  if (message.kind !== 'response') throw new Error(message.kind)
  return { bytes, message }
}

function wanted(want: Bencoded): number {
  const message = parser.parse(packet({ a: { id: ID, target: ID, want }, q: 'find_node', t: 'aa', y: 'q' }))
  if (message.kind !== 'find_node') throw new Error(message.kind)
  return message.want
}

test('[D-90] BEP 32: nodes6 is read beside nodes, and only in whole entries', () => {
  const { message } = response({ nodes: 'n'.repeat(26), nodes6: 's'.repeat(76) })
  expect([message.nodesLength, message.nodes6Length]).toEqual([26, 76])
  expect(response({ nodes6: 's'.repeat(75) }).message.nodes6Length).toBe(0)
  expect(response({ nodes6: ['s'.repeat(76)] }).message.nodes6Length).toBe(0)
})

test('[D-90] BEP 32: peers of both families may be mixed, and any other length is dropped', () => {
  const { bytes, message } = response({ values: ['4'.repeat(6), '6'.repeat(18), 'x'.repeat(7), 5, '5'.repeat(6)] })
  expect(message.values.map((at) => latin1(bytes, at, at + 6))).toEqual(['444444', '555555'])
  expect(message.values6.map((at) => latin1(bytes, at, at + 18))).toEqual(['6'.repeat(18)])
})

test('[D-90] BEP 32: of want only n4 and n6 count, in any order, and no shape of it is an error', () => {
  expect(wanted(['n4'])).toBe(WANT_IPV4)
  expect(wanted(['n6', 'n4', 'n6'])).toBe(WANT_IPV4 | WANT_IPV6)
  expect(wanted(['n8', 7, ['n4'], { n6: 1 }, 'n6'])).toBe(WANT_IPV6)
  for (const nothing of [[], ['n5'], 'n6', 6, { n6: 1 }]) expect(wanted(nothing)).toBe(0)
})

test('[D-90] BEP 32: what we say we want is read back as it was', () => {
  for (const method of ['find_node', 'get_peers'] as const) {
    const writer = new KrpcWriter()
    writer.begin()
    const query = { method, target: readNodeId(fromLatin1(ID)), want: ['n4', 'n6'] } as const
    writeQuery(writer, query, { ownId: readNodeId(fromLatin1(ID)), transaction: 'aa', isReadOnly: false })
    const bytes = writer.end()
    expect(dig(decode(bytes), 'a', 'want')).toEqual(['n4', 'n6'])
    expect(parser.parse(bytes)).toMatchObject({ kind: method, want: WANT_IPV4 | WANT_IPV6 })
  }
})

test('[D-91] an answer with the nodes of both families keeps the limits, and prefers the asker’s own', () => {
  fc.assert(
    fc.property(fc.boolean(), fc.nat(300), fc.nat(8), fc.nat(8), fc.nat(60), (isIpv4, padding, n4, n6, peers) => {
      const question = packet({ a: { id: ID, info_hash: ID }, q: 'get_peers', t: 'aa', x: 'p'.repeat(padding), y: 'q' })
      const message = parser.parse(question)
      if (message.kind !== 'get_peers') throw new Error(message.kind)
      const compactLength = isIpv4 ? 6 : 18
      const asker: Asker = { compact: random.bytes(18), compactLength, question }
      const nodes = Array.from({ length: n4 }, () => ({ compact: random.bytes(26) }))
      const nodes6 = Array.from({ length: n6 }, () => ({ compact: random.bytes(38) }))
      const values = Array.from({ length: peers }, () => latin1(random.bytes(compactLength)))
      const writer = new KrpcWriter()
      writer.begin()
      const ownId = readNodeId(random.bytes(20))
      writeAnswer(writer, asker, message, {
        ownId,
        body: { nodes, nodes6, token: utf8('tokentok'), values: packed(values) },
      })
      const answer = writer.end()
      expect(answer.length).toBeLessThanOrEqual(Math.min(ANSWER_MAX, 6 * question.length))
      const plain = decode(answer)
      const told = (dig(plain, 'r', 'nodes') as string).length / 26
      const told6 = (dig(plain, 'r', 'nodes6') as string).length / 38
      if (isIpv4 && told < n4) expect(told6).toBe(0)
      if (!isIpv4 && told6 < n6) expect(told * 26).toBeLessThan(38)
      const kept = (dig(plain, 'r', 'values') ?? []) as string[]
      expect(kept.length).toBeGreaterThanOrEqual(Math.min(peers, 8))
      expect(parser.parse(answer)).toMatchObject({ kind: 'response' })
    }),
  )
})
