import { seededRandom } from '@shoal/base'
import { beforeEach, expect, test } from 'vitest'
import { addressOf, type NodeAddress } from '../../../src/core/id/address.ts'
import { isSameId, randomNodeId, randomNodeIdNear } from '../../../src/core/id/node-id.ts'
import { networkPolicy } from '../../../src/core/routing/network-policy.ts'
import { K, RoutingTable } from '../../../src/core/routing/routing-table.ts'

const random = seededRandom(5)
const own = randomNodeId(random)
/** A stand-in for BEP 42 by which a test can choose: ports below 10,000 make an id secure. */
const rules = { onePerHost: true, isSecure: (_: unknown, { port }: NodeAddress) => port < 10_000 }
let table: RoutingTable
let next = 0

function at(host: string, port = 1): NodeAddress {
  const address = addressOf({ host, port }, host.includes(':') ? 'ipv6' : 'ipv4')
  if (address === undefined) throw new Error('bad endpoint')
  return address
}

function somewhere(isSecure: boolean): NodeAddress {
  next++
  return at(`45.${next >> 8}.${next & 0xff}.1`, isSecure ? 1 : 10_000)
}

function insert(bits: number, address: NodeAddress): string {
  return table.insert(0, randomNodeIdNear(own, bits, true, random), address).kind
}

beforeEach(() => {
  table = new RoutingTable(own, rules)
  // With another bucket before it, that of prefix length 0 does not split any more.
  for (let i = 0; i < K; i++) insert(1, somewhere(true))
})

test('[D-96] in a full bucket a secure newcomer takes the place of an insecure contact, which then waits', () => {
  const insecure = Array.from({ length: K }, () => somewhere(false))
  for (const address of insecure) expect(insert(0, address)).toBe('added')
  expect(insert(0, somewhere(false))).toBe('cached')
  for (let i = 0; i < K; i++) expect(insert(0, somewhere(true))).toBe('added')
  expect([...table.contacts()].every((contact) => contact.isSecure)).toBe(true)
  expect(insert(0, somewhere(true))).toBe('cached')
  expect(insert(0, somewhere(false))).toBe('cached')
})

test('[D-96] a free place goes to a secure replacement before an insecure one that is fresher', () => {
  const first = somewhere(true)
  insert(0, first)
  for (let i = 1; i < K; i++) insert(0, somewhere(true))
  const secure = somewhere(true)
  insert(0, secure)
  insert(0, somewhere(false))
  const contact = table.at(first)
  if (contact === undefined) throw new Error('no contact')
  table.fail(contact, false)
  expect(table.at(secure)).toBeDefined()
})

test('[D-96] of contacts in one bucket the secure are handed out first', () => {
  for (let i = 0; i < K; i++) insert(0, somewhere(i % 2 === 0))
  const target = randomNodeIdNear(own, 0, true, random)
  const told = table.closest(target, 4)
  expect(told.map((contact) => contact.isSecure)).toEqual([true, true, true, true])
})

test('[D-97] two of one /24 in a bucket, six in the table, and a place is free again when one goes', () => {
  for (let host = 1; host <= 2; host++) expect(insert(0, at(`45.200.0.${host}`))).toBe('added')
  expect(insert(0, at('45.200.0.3'))).toBe('cached')
  expect(insert(0, at('45.200.1.3'))).toBe('added')
  for (let bits = 2; bits < 7; bits++) for (let i = 0; i < 6; i++) insert(bits, somewhere(true))
  for (let host = 10; host < 12; host++) expect(insert(2, at(`45.200.0.${host}`))).toBe('added')
  for (let host = 12; host < 14; host++) expect(insert(3, at(`45.200.0.${host}`))).toBe('added')
  expect(insert(4, at('45.200.0.20'))).toBe('cached')
  const contact = table.at(at('45.200.0.12'))
  if (contact === undefined) throw new Error('no contact')
  table.fail(contact, false)
  table.fail(contact, false)
  expect(insert(4, at('45.200.0.21'))).toBe('added')
})

test('[D-97] of IPv6 it is the /64 that counts, and on a private network nothing does', () => {
  const shared = (i: number): NodeAddress => at(`2a00:1:2:3::${i}`)
  expect([1, 2, 3].map((i) => insert(0, shared(i)))).toEqual(['added', 'added', 'cached'])
  expect(insert(0, at('2a00:1:2:4::1'))).toBe('added')
  table = new RoutingTable(own, networkPolicy('private'))
  for (let i = 1; i <= K; i++) expect(insert(0, shared(i))).toBe('added')
})

test('[D-98] with another id of ours, contacts move to the buckets that they belong to', () => {
  for (let i = 0; i < 300; i++) insert(i % 20, somewhere(i % 3 > 0))
  const before = [...table.contacts()]
  expect(before.length).toBeGreaterThan(50)
  const moved = before[10]?.id ?? own
  table.rehome(moved)
  expect(table.ownId).toBe(moved)
  const after = [...table.contacts()]
  expect(after.length).toBeGreaterThan(K)
  expect(after.filter((contact) => before.includes(contact)).length).toBeGreaterThan(K)
  expect(after.some(({ id }) => isSameId(id, moved))).toBe(false)
  for (const contact of after) {
    expect(table.find(contact.id, contact.address.host, contact.address.port)).toBe(contact)
  }
})
