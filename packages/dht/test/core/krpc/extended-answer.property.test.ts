import { latin1 } from '@shoal/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeValue } from '../../../src/core/bencode/value.ts'
import { readNodeId } from '../../../src/core/id/node-id.ts'
import {
  EXTENDED_ANSWER_MAX,
  type ExtendedBody,
  essentialLength,
  wholeLength,
  writeExtendedAnswer,
} from '../../../src/core/krpc/extended-answer.ts'
import { KrpcParser } from '../../../src/core/krpc/parse.ts'
import { KrpcWriter } from '../../../src/core/krpc/writer.ts'
import { decode, dig, packet } from '../../bencode.ts'
import { packed } from '../../packed.ts'

const of = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length })
const textOf = (length: number): fc.Arbitrary<string> => of(length).map((bytes) => latin1(bytes))
const nodeOf = (length: number): fc.Arbitrary<{ compact: Uint8Array }> => fc.record({ compact: of(length) })
const seq = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n })
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined })
const signed = fc.record({ publicKey: of(32), signature: of(64), seq })
const body: fc.Arbitrary<ExtendedBody> = fc.record(
  {
    filters: maybe(fc.record({ seeds: of(256), peers: of(256) })),
    nodes: maybe(fc.array(nodeOf(26), { maxLength: 8 })),
    nodes6: maybe(fc.array(nodeOf(38), { maxLength: 8 })),
    token: of(8),
    item: maybe(fc.record({ value: fc.uint8Array({ maxLength: 990 }).map(encodeValue), signed: maybe(signed) })),
    sample: fc.record({
      samples: fc.array(textOf(20), { maxLength: 20 }),
      num: fc.nat(),
      interval: fc.nat({ max: 21_600 }),
    }),
    values: fc.oneof(fc.array(textOf(6), { maxLength: 40 }), fc.array(textOf(18), { maxLength: 40 })).map(packed),
  },
  { requiredKeys: [] },
)

test('[D-147] an answer is as long as it was said to be at most, has its keys in order, and is read back', () => {
  const parser = new KrpcParser()
  fc.assert(
    fc.property(
      body,
      fc.constantFrom(6, 18),
      textOf(32),
      fc.integer({ min: 200, max: EXTENDED_ANSWER_MAX }),
      (content, compactLength, t, limit) => {
        const question = packet({ a: { id: 'abcdefghij0123456789' }, q: 'ping', t, y: 'q' })
        const message = parser.parse(question)
        if (message.kind === 'rejected') throw new Error(message.reason)
        const asker = { compact: new Uint8Array(18).fill(7), compactLength, question }
        const essential = essentialLength(asker, message, content)
        const lengthMax = Math.max(limit, essential)
        const writer = new KrpcWriter()
        writer.begin()
        writeExtendedAnswer(writer, asker, message, {
          ownId: readNodeId(new Uint8Array(20)),
          body: content,
          lengthMax,
        })
        const bytes = writer.end()
        expect(bytes.length).toBeLessThanOrEqual(lengthMax)
        expect(bytes.length).toBeLessThanOrEqual(wholeLength(asker, message, content))
        const plain = decode(bytes)
        expect(dig(plain, 't')).toBe(t)
        expect(dig(plain, 'r', 'token')).toBe(content.token && latin1(content.token))
        expect(dig(plain, 'r', 'samples')).toBe(content.sample?.samples.join(''))
        const read = parser.parse(bytes)
        if (read.kind !== 'response') throw new Error(read.kind)
        const { valueAt = -1, valueLength = 0 } = read.extension ?? {}
        const value = valueAt < 0 ? undefined : bytes.slice(valueAt, valueAt + valueLength)
        expect(value).toEqual(content.item?.value)
      },
    ),
    { numRuns: 2_000 },
  )
})
