import { parseIp, seededRandom } from '@shoal/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nodeIdBytes, readNodeId } from '../../../src/core/id/node-id.ts'
import { isSecureId, secureNodeId } from '../../../src/core/id/secure-id.ts'

const VECTORS: [ip: string, id: string][] = [
  ['124.31.75.21', '5fbfbff10c5d6a4ec8a88e4c6ab4c28b95eee401'],
  ['21.75.31.124', '5a3ce9c14e7a08645677bbd1cfe7d8f956d53256'],
  ['65.23.51.170', 'a5d43220bc8f112a3d426c84764f8c2a1150e616'],
  ['84.124.73.14', '1b0321dd1bb1fe518101ceef99462b947a01ff41'],
  ['43.213.53.83', 'e56f6cbf5b7c4be0237986d5243b87aa6d51305a'],
]

function ip(text: string): Uint8Array {
  const bytes = parseIp(text)
  if (bytes === undefined) throw new Error(`no address: ${text}`)
  return bytes
}

test.each(VECTORS)('[D-95] BEP 42: the vector for %s', (host, hex) => {
  const id = Buffer.from(hex, 'hex')
  expect(isSecureId(readNodeId(id), ip(host))).toBe(true)
  for (const bit of [0x80, 0x40]) {
    const wrong = Buffer.from(id)
    wrong[0] = (wrong[0] as number) ^ bit
    expect(isSecureId(readNodeId(wrong), ip(host))).toBe(false)
  }
  const last = Buffer.from(id)
  last[2] = (last[2] as number) ^ 0x08
  expect(isSecureId(readNodeId(last), ip(host))).toBe(false)
  // The lower bits of the third byte are free.
  last[2] = (id[2] as number) ^ 0x07
  expect(isSecureId(readNodeId(last), ip(host))).toBe(true)
})

test('[D-95] BEP 42: an id made for an address is valid there, and hardly anywhere else', () => {
  const random = seededRandom(4)
  fc.assert(
    fc.property(
      fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 })),
      (address) => {
        const id = secureNodeId(address, random)
        expect(isSecureId(id, address)).toBe(true)
        const moved = address.slice()
        moved[3] = (moved[3] as number) ^ 1
        expect(isSecureId(id, moved)).toBe(false)
      },
    ),
  )
})

test('[D-95] BEP 42: of an IPv6 address only the upper half counts', () => {
  const id = secureNodeId(ip('2a00:1450:4001:81b::200e'), seededRandom(5))
  expect(isSecureId(id, ip('2a00:1450:4001:81b:ffff:1:2:3'))).toBe(true)
  expect(isSecureId(id, ip('2a00:1450:4001:81a::200e'))).toBe(false)
})

test('[D-95] BEP 42: ids of one address spread over eight places at most', () => {
  const random = seededRandom(6)
  const prefixes = new Set(
    Array.from({ length: 400 }, () => {
      const bytes = nodeIdBytes(secureNodeId(ip('45.1.2.3'), random))
      return `${bytes[0]}.${bytes[1]}.${(bytes[2] as number) & 0xf8}`
    }),
  )
  expect(prefixes.size).toBe(8)
})
