import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isDeeperThan } from '../../src/core/wire/json.ts'
import { parseMessage, type WireLimits } from '../../src/core/wire/parse.ts'

const LIMITS: WireLimits = { frameSizeMax: 10_000, depthMax: 20, keyLengthMax: 100, answerKeysMax: 10, serversMax: 4 }
const TYPES = [
  'ping',
  'pong',
  'put',
  'get',
  'query',
  'queryAck',
  'subscribe',
  'function',
  'functionReturn',
  'proof',
  'ack',
]

test('[T-3] any bytes and any JSON give a message or a rejection, never an exception', () => {
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.json(),
    fc
      .record(
        {
          type: fc.constantFrom(...TYPES),
          id: fc.oneof(fc.string(), fc.jsonValue()),
          to: fc.oneof(fc.array(fc.string()), fc.jsonValue()),
          key: fc.jsonValue(),
          data: fc.jsonValue(),
          keys: fc.jsonValue(),
          peer: fc.jsonValue(),
          shoal: fc.jsonValue(),
        },
        { requiredKeys: ['type'] },
      )
      .map((message) => JSON.stringify(message)),
  )
  fc.assert(
    fc.property(anything, (frame) => {
      const parsed = parseMessage(frame, LIMITS)
      expect(typeof parsed.ok).toBe('boolean')
    }),
    { numRuns: 2_000 },
  )
})

test('[T-3] depth is counted as a parser would', () => {
  const depthOf = (value: unknown): number =>
    typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 8 }), fc.nat(10), (value, max) => {
      expect(isDeeperThan(JSON.stringify(value), max)).toBe(depthOf(value) > max)
    }),
    { numRuns: 1_000 },
  )
})
