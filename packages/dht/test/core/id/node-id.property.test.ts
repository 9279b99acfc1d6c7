import { compareBytes, fromLatin1, seededRandom, toHex } from '@shoal/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  commonPrefixLength,
  compareDistance,
  idKey,
  isSameId,
  type NodeId,
  nodeIdBytes,
  randomNodeIdNear,
  readNodeId,
} from '../../../src/core/id/node-id.ts'

const bytes = fc.uint8Array({ minLength: 20, maxLength: 20 })
/** Ids that share a long prefix are where bit arithmetic goes wrong. */
const related = fc.tuple(bytes, fc.nat(159)).map(([id, bit]) => {
  const other = id.slice()
  other[bit >> 3] = (other[bit >> 3] as number) ^ (0x80 >> (bit & 7))
  return [id, other, bit] as const
})

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ (b[i] as number))
}

test('[D-36] an id survives being read and written', () => {
  fc.assert(
    fc.property(bytes, (id) => {
      expect(toHex(nodeIdBytes(readNodeId(id)))).toBe(toHex(id))
      expect(fromLatin1(idKey(id, 0))).toEqual(id)
    }),
  )
})

test('[D-36] distance is compared as XOR of big-endian numbers', () => {
  fc.assert(
    fc.property(bytes, bytes, related, (target, a, [b, c]) => {
      for (const [x, y] of [
        [a, b],
        [b, c],
        [c, a],
        [a, a],
      ] as const) {
        const expected = Math.sign(compareBytes(xor(x, target), xor(y, target)))
        expect(Math.sign(compareDistance(readNodeId(target), readNodeId(x), readNodeId(y)))).toBe(expected)
      }
    }),
  )
})

test('[D-36] the common prefix ends at the first bit that differs', () => {
  fc.assert(
    fc.property(related, ([a, b, bit]) => {
      expect(commonPrefixLength(readNodeId(a), readNodeId(b))).toBe(bit)
      expect(commonPrefixLength(readNodeId(a), readNodeId(a))).toBe(160)
      expect(isSameId(readNodeId(a), readNodeId(b))).toBe(false)
    }),
  )
})

test('[D-41] a random id of a bucket shares exactly its prefix with ours', () => {
  const random = seededRandom(3)
  fc.assert(
    fc.property(bytes, fc.nat(159), (own, bits) => {
      const id: NodeId = readNodeId(own)
      expect(commonPrefixLength(id, randomNodeIdNear(id, bits, true, random))).toBe(bits)
      expect(commonPrefixLength(id, randomNodeIdNear(id, bits, false, random))).toBeGreaterThanOrEqual(bits)
    }),
  )
})
