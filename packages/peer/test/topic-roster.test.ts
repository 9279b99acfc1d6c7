import { createHash } from 'node:crypto'
import { SECOND, toHex } from '@shoal/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  encodeRoster,
  isRevoked,
  ownedTopic,
  parseRoster,
  ROSTER_BYTES_MAX,
  type RosterServer,
  rosterPeer,
  rosterSalt,
  rosterTarget,
} from '../src/index.ts'

const OWNER = 'ab'.repeat(32)
const TOPIC = ownedTopic('chat', OWNER)
const AT = 1_800_000_000_000
const server = (n: number, host = `45.1.${n >> 8}.${n & 255}`): RosterServer => ({
  peer: rosterPeer(`peer ${n}`),
  endpoint: { host, port: 9_000 + n },
})

test('[O-11] a roster comes back as it was, times to the second', () => {
  const roster = {
    servers: [server(1), server(2, '2001:db8::7'), server(3, '127.0.0.1')],
    revocations: [{ peer: rosterPeer('gone'), at: AT + 999 }],
  }
  expect(parseRoster(encodeRoster(roster) as Uint8Array)).toEqual({ ok: true, value: roster })
  const later = { ...roster, revocations: [{ peer: rosterPeer('gone'), at: AT + 300 }] }
  // It covers the whole of its second: nothing that was signed before it slips through.
  expect(parseRoster(encodeRoster(later) as Uint8Array)).toEqual({ ok: true, value: roster })
})

test('[O-11] an item holds forty servers or forty-nine revocations, and what does not fit is said', () => {
  const servers = (count: number): RosterServer[] => Array.from({ length: count }, (_, i) => server(i))
  const revoked = (count: number): { peer: string; at: number }[] =>
    Array.from({ length: count }, (_, i) => ({ peer: rosterPeer(String(i)), at: AT }))
  expect(encodeRoster({ servers: servers(43), revocations: [] })?.length).toBeLessThanOrEqual(ROSTER_BYTES_MAX)
  expect(encodeRoster({ servers: servers(44), revocations: [] })).toBeUndefined()
  expect(encodeRoster({ servers: [], revocations: revoked(49) })).toBeDefined()
  expect(encodeRoster({ servers: [], revocations: revoked(50) })).toBeUndefined()
  expect(encodeRoster({ servers: [server(1, 'a.name')], revocations: [] })).toBeUndefined()
})

test('[O-11] what is cut, made longer, of a later version or no roster is refused, and never throws', () => {
  const good = encodeRoster({ servers: [server(1)], revocations: [{ peer: rosterPeer('x'), at: AT }] }) as Uint8Array
  for (let length = 0; length < good.length; length++) {
    // What is left of it may end behind the revocations: then it is a roster without servers.
    expect(parseRoster(good.subarray(0, length)).ok, String(length)).toBe(length === 22)
  }
  const other = (at: number, byte: number): Uint8Array => good.map((value, i) => (i === at ? byte : value))
  expect(parseRoster(other(0, 2)).ok).toBe(false)
  expect(parseRoster(other(1, 9)).ok).toBe(false)
  expect(parseRoster(other(22, 5)).ok).toBe(false)
  expect(parseRoster(new Uint8Array(ROSTER_BYTES_MAX + 1).fill(1)).ok).toBe(false)
  fc.assert(fc.property(fc.uint8Array({ maxLength: 1_100 }), (bytes) => void parseRoster(bytes)))
})

test('[O-9] a revocation takes back what was signed until then, of that peer alone', () => {
  const roster = { servers: [], revocations: [{ peer: rosterPeer('gone'), at: AT }] }
  expect(isRevoked(roster, { peerId: 'gone', from: AT })).toBe(true)
  expect(isRevoked(roster, { peerId: 'gone', from: AT + SECOND })).toBe(false)
  expect(isRevoked(roster, { peerId: 'other', from: AT })).toBe(false)
})

test('[O-12] the item lies under the SHA-1 of the owner’s key and a salt of the topic (BEP 44)', () => {
  const salt = rosterSalt(TOPIC)
  const target = createHash('sha1').update(Buffer.from(OWNER, 'hex')).update(salt).digest('hex')
  expect(toHex(rosterTarget(TOPIC))).toBe(target)
  expect(salt).toHaveLength(20)
  expect(rosterTarget(ownedTopic('other', OWNER))).not.toEqual(rosterTarget(TOPIC))
})
