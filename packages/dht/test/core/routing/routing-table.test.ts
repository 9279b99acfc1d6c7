import { type Endpoint, seededRandom } from '@shoal/base'
import { beforeEach, describe, expect, test } from 'vitest'
import { addressOf, type NodeAddress } from '../../../src/core/id/address.ts'
import {
  commonPrefixLength,
  compareDistance,
  type NodeId,
  randomNodeId,
  randomNodeIdNear,
} from '../../../src/core/id/node-id.ts'
import { QUESTIONABLE_AFTER_MS } from '../../../src/core/routing/contact.ts'
import type { NodeRules } from '../../../src/core/routing/network-policy.ts'
import { K, RoutingTable } from '../../../src/core/routing/routing-table.ts'

const RULES: NodeRules = { onePerHost: true, isSecure: () => true }

const random = seededRandom(5)
const own = randomNodeId(random)
let table: RoutingTable
let next = 0

function address(endpoint: Partial<Endpoint> = {}): NodeAddress {
  const n = next++
  const found = addressOf({ host: `45.${(n >> 8) & 0xff}.${n & 0xff}.1`, port: 6_881, ...endpoint }, 'ipv4')
  if (found === undefined) throw new Error('bad endpoint')
  return found
}

/** An id of the bucket that shares `bits` bits with ours. */
function idAt(bits: number): NodeId {
  return randomNodeIdNear(own, bits, true, random)
}

function fill(bits: number, now = 0): NodeAddress[] {
  return Array.from({ length: K }, () => {
    const place = address()
    table.insert(now, idAt(bits), place)
    return place
  })
}

beforeEach(() => {
  table = new RoutingTable(own, RULES)
})

describe('buckets', () => {
  test('[D-31] a far bucket holds eight; our own splits', () => {
    for (let i = 0; i < 100; i++) table.insert(0, idAt(0), address())
    expect(table.size).toBe(K)
    for (let i = 0; i < 100; i++) table.insert(0, idAt(5), address())
    expect(table.size).toBe(2 * K)
    for (let bits = 0; bits < 40; bits++) fill(bits)
    expect(table.size).toBe(40 * K)
    expect(table.depth).toBeLessThanOrEqual(41)
  })

  test('[D-31] the table is bounded, however many answer', () => {
    for (let i = 0; i < 5_000; i++) table.insert(0, idAt(i % 160), address())
    expect(table.size).toBeLessThanOrEqual(160 * K)
    expect(table.depth).toBeLessThanOrEqual(160)
  })

  test('[D-31] ourselves are no contact', () => {
    expect(table.insert(0, own, address()).kind).toBe('refused')
    expect(table.hasRoomFor(0, own)).toBe(false)
  })

  test('[D-33] a newcomer to a full bucket waits, and a contact long silent is the one to ping', () => {
    const [oldest] = fill(0)
    fill(1)
    const at = QUESTIONABLE_AFTER_MS + 1
    expect(table.insert(10, idAt(0), address())).toEqual({ kind: 'cached', suspect: undefined })
    expect(table.hasRoomFor(10, idAt(0))).toBe(false)
    expect(table.hasRoomFor(at, idAt(0))).toBe(true)
    const insertion = table.insert(at, idAt(0), address())
    expect(insertion.kind === 'cached' && insertion.suspect?.address).toEqual(oldest)
    expect(table.size).toBe(2 * K)
  })

  test('[D-32] a contact that fails is replaced at once where a replacement waits, by the freshest', () => {
    const [first] = fill(0)
    fill(1)
    const stale = address()
    const fresh = address()
    table.insert(1, idAt(0), stale)
    table.insert(2, idAt(0), fresh)
    const contact = table.at(first as NodeAddress)
    if (contact === undefined) throw new Error('no contact')
    expect(table.fail(contact, false)).toBe(true)
    expect(table.at(first as NodeAddress)).toBeUndefined()
    expect(table.at(fresh)).toBeDefined()
    expect(table.at(stale)).toBeUndefined()
    expect(table.size).toBe(2 * K)
  })

  test('[D-32] without a replacement it goes after two failures, and is not handed out after one', () => {
    const place = address()
    const id = idAt(0)
    table.insert(0, id, place)
    const contact = table.at(place)
    if (contact === undefined) throw new Error('no contact')
    expect(table.fail(contact, false)).toBe(false)
    expect(table.closest(id, K)).toHaveLength(0)
    table.insert(1, id, place)
    expect(table.closest(id, K)).toHaveLength(1)
    table.fail(contact, false)
    expect(table.fail(contact, false)).toBe(true)
    expect(table.size).toBe(0)
  })

  test('[D-42] while nobody at all is heard, contacts are held on to for longer', () => {
    const place = address()
    table.insert(0, idAt(0), place)
    const contact = table.at(place)
    if (contact === undefined) throw new Error('no contact')
    expect([1, 2, 3, 4, 5].map(() => table.fail(contact, true))).toEqual([false, false, false, false, true])
  })

  test('[D-32] a failing contact gives way to a newcomer that answers', () => {
    const [first] = fill(0)
    fill(1)
    const contact = table.at(first as NodeAddress)
    if (contact === undefined) throw new Error('no contact')
    table.fail(contact, false)
    expect(table.insert(1, idAt(0), address()).kind).toBe('added')
    expect(table.at(first as NodeAddress)).toBeUndefined()
  })
})

test('[D-107] a region of which we know few is poor, in the middle of a deep table too, but not the one beside our own bucket', () => {
  for (const bits of [0, 1, 2, 3, 4, 5, 6, 7, 8]) if (bits !== 2 && bits !== 6) fill(bits)
  for (let i = 0; i < 3; i++) table.insert(0, idAt(2), address())
  table.insert(0, idAt(6), address())
  expect(table.depth).toBe(9)
  expect(table.poorRegions()).toEqual([2, 6])
  const shallow = new RoutingTable(own, RULES)
  for (const bits of [0, 1]) for (let i = 0; i < K; i++) shallow.insert(0, idAt(bits), address())
  expect(shallow.poorRegions()).toEqual([])
})

describe('identity', () => {
  test('[D-34] another id at the same endpoint replaces the old one', () => {
    const place = address()
    const before = idAt(0)
    const after = idAt(3)
    table.insert(0, before, place)
    table.insert(1, after, place)
    expect(table.size).toBe(1)
    expect(table.find(before, place.host, place.port)).toBeUndefined()
    expect(table.find(after, place.host, place.port)).toBeDefined()
  })

  test('[D-35] nobody takes the id of a contact that is alive; when it fails, its place is free', () => {
    const place = address()
    const id = idAt(0)
    table.insert(0, id, place)
    expect(table.insert(1, id, address()).kind).toBe('refused')
    const contact = table.at(place)
    if (contact === undefined) throw new Error('no contact')
    table.fail(contact, false)
    expect(table.insert(2, id, address()).kind).toBe('added')
    expect(table.size).toBe(1)
  })

  test('[D-38] one contact of a host, where that is the rule', () => {
    const host = '45.9.9.9'
    table.insert(0, idAt(0), address({ host, port: 1 }))
    expect(table.insert(1, idAt(1), address({ host, port: 2 })).kind).toBe('refused')
    table.setRules({ ...RULES, onePerHost: false })
    expect(table.insert(1, idAt(1), address({ host, port: 2 })).kind).toBe('added')
  })
})

describe('closest', () => {
  test('[D-36] gives what sorting all contacts by distance gives', () => {
    for (let i = 0; i < 600; i++) table.insert(0, i % 3 === 0 ? randomNodeId(random) : idAt(i % 24), address())
    const all = [...table.contacts()]
    expect(all.length).toBeGreaterThan(100)
    for (let i = 0; i < 300; i++) {
      const target = i % 2 === 0 ? randomNodeId(random) : idAt(i % 30)
      const expected = all.toSorted((a, b) => compareDistance(target, a.id, b.id)).slice(0, K)
      expect([...table.closest(target, K)].map(({ address: { key } }) => key)).toEqual(
        expected.map(({ address: { key } }) => key),
      )
    }
  })

  test('[D-36] gives all where there are fewer', () => {
    fill(2)
    expect(table.closest(own, 50)).toHaveLength(K)
    expect(table.closest(idAt(0), 3)).toHaveLength(3)
    expect(new RoutingTable(own, RULES).closest(own, K)).toHaveLength(0)
  })

  test('[D-41] a contact’s bucket is named by the prefix it shares with our id', () => {
    for (let bits = 0; bits < 6; bits++) fill(bits)
    for (const contact of table.contacts()) {
      const { bits, isExact } = table.rangeOf(contact.id)
      const shared = commonPrefixLength(own, contact.id)
      expect(isExact ? shared === bits : shared >= bits).toBe(true)
    }
  })
})
