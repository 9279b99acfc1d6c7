import { createHash } from 'node:crypto'
import { fromLatin1, seededRandom } from '@shoal/base'
import { expect, test } from 'vitest'
import { idKey, type NodeId, nodeIdBytes, readNodeId } from '../../../src/core/id/node-id.ts'
import { PEER_LIFETIME_MS, PeerStore } from '../../../src/core/storage/peer-store.ts'

const LIMITS = {
  infoHashesMax: 10,
  peersMax: 100,
  peersPerInfoHashMax: 40,
  peersPerAddressMax: Number.POSITIVE_INFINITY,
  peersPerPrefixMax: Number.POSITIVE_INFINITY,
  infoHashesPerAddressMax: Number.POSITIVE_INFINITY,
}
const ALL = 1_000

const hash = (name: string): NodeId => readNodeId(createHash('sha1').update(name).digest())
/** Six bytes, as a text and in the store. */
const peer = (n: number): string => `p${String(n).padStart(5, '0')}`

class Store extends PeerStore {
  constructor(seed = 1, limits: typeof LIMITS = LIMITS) {
    super({ limits, random: seededRandom(seed), peerBytes: 6 })
  }

  tell(now: number, name: string, text: string, isSeed = false): void {
    this.announce(now, hash(name), { peer: fromLatin1(text), isSeed })
  }

  of(now: number, name: string, count = ALL): readonly string[] {
    return this.sample(now, hash(name), count)
  }
}

test('[D-20] a peer that was announced is found, once however often it is announced', () => {
  const store = new Store()
  for (let i = 0; i < 5; i++) store.tell(i, 'hash', peer(1))
  store.tell(9, 'hash', peer(2))
  expect([...store.of(10, 'hash')].sort()).toEqual([peer(1), peer(2)])
  expect([store.size, store.infoHashes]).toEqual([2, 1])
  expect(store.of(10, 'other')).toEqual([])
})

test('[D-20] a hash keeps a bounded number of peers, and the newest is among them', () => {
  const store = new Store()
  for (let i = 0; i < 1_000; i++) {
    store.tell(i, 'hash', peer(i))
    expect(store.size).toBeLessThanOrEqual(40)
    expect(store.of(i, 'hash')).toContain(peer(i))
  }
  expect(new Set(store.of(1_000, 'hash')).size).toBe(40)
})

test('[D-20] with one peer a hash at most, the newest is it', () => {
  const store = new Store(1, { ...LIMITS, peersPerInfoHashMax: 1 })
  for (let i = 0; i < 5; i++) store.tell(i, 'hash', peer(i))
  expect([store.of(9, 'hash'), store.size]).toEqual([[peer(4)], 1])
})

test('[D-20] hashes are bounded: the one announced longest ago goes', () => {
  const store = new Store()
  for (let i = 0; i < 10; i++) store.tell(i, `hash-${i}`, peer(0))
  store.tell(11, 'hash-0', peer(0))
  store.tell(12, 'hash-10', peer(0))
  expect(store.infoHashes).toBe(10)
  expect(store.of(13, 'hash-0')).toHaveLength(1)
  expect(store.of(13, 'hash-1')).toHaveLength(0)
  const names = Array.from({ length: 10 }, (_, i) => `hash-${(i + 2) % 10}`)
    .with(8, 'hash-0')
    .with(9, 'hash-10')
  expect([...store.hashes()]).toEqual(names.map((name) => idKey(nodeIdBytes(hash(name)), 0)))
})

test('[D-20] peers of all hashes together are bounded', () => {
  const store = new Store()
  for (let i = 0; i < 400; i++) store.tell(i, `hash-${i % 10}`, peer(i))
  expect(store.size).toBeLessThanOrEqual(100)
  expect(store.of(400, 'hash-9')).toContain(peer(399))
})

test('[D-21] a peer that is not announced again expires', () => {
  const store = new Store()
  store.tell(0, 'hash', peer(1))
  store.tell(PEER_LIFETIME_MS / 2, 'hash', peer(2))
  expect(store.of(PEER_LIFETIME_MS - 1, 'hash')).toHaveLength(2)
  expect(store.of(PEER_LIFETIME_MS, 'hash')).toEqual([peer(2)])
  expect(store.size).toBe(1)
  store.tell(PEER_LIFETIME_MS, 'hash', peer(3))
  expect([...store.of(PEER_LIFETIME_MS, 'hash')].sort()).toEqual([peer(2), peer(3)])
  expect(store.of(2 * PEER_LIFETIME_MS, 'hash')).toEqual([])
  expect([store.size, store.infoHashes]).toEqual([0, 0])
})

test('[D-21] hashes that nobody asks for are dropped as well', () => {
  const store = new Store()
  for (let i = 0; i < 5; i++) store.tell(i, `hash-${i}`, peer(0))
  store.expire(PEER_LIFETIME_MS + 2)
  expect([store.size, store.infoHashes]).toEqual([2, 2])
})

test('[D-13] a sample is drawn without repetition, and over many draws from all alike', () => {
  const store = new Store(99)
  for (let i = 0; i < 40; i++) store.tell(0, 'hash', peer(i))
  const counts = new Map<string, number>()
  for (let draw = 0; draw < 2_000; draw++) {
    const sample = store.of(1, 'hash', 8)
    expect(new Set(sample).size).toBe(8)
    for (const one of sample) counts.set(one, (counts.get(one) ?? 0) + 1)
  }
  expect(counts.size).toBe(40)
  // 2,000 draws of 8 out of 40 are 400 each, with a deviation of about 18.
  for (const count of counts.values()) expect(Math.abs(count - 400)).toBeLessThan(100)
})

/** Six bytes: an address of four, and a port of two. */
const from = (address: string, port: number): string => address + String(port).padStart(2, '0')

test('[D-125] one address has a few places among the peers of a hash, and takes no others', () => {
  const store = new Store(1, { ...LIMITS, peersPerAddressMax: 8 })
  for (let i = 0; i < 30; i++) store.tell(i, 'hash', from(`ok${String(i).padStart(2, '0')}`, 1))
  for (let i = 0; i < 2_000; i++) store.tell(100 + i, 'hash', from('evil', i % 100))
  const peers = store.of(3_000, 'hash')
  expect(peers.filter((one) => one.startsWith('ok'))).toHaveLength(30)
  expect(peers.filter((one) => one.startsWith('evil')).sort()).toEqual(
    [92, 93, 94, 95, 96, 97, 98, 99].map((n) => from('evil', n)),
  )
})

test('[D-230] a prefix has a few places among the peers of a hash, and shows no other prefix out of an answer', () => {
  const store = new Store(1, { ...LIMITS, peersMax: 10_000, peersPerInfoHashMax: 500, peersPerPrefixMax: 16 })
  store.tell(0, 'hash', from('\u0001\u0002\u0003\u0004', 1))
  for (let i = 0; i < 1_000; i++) {
    store.tell(
      1 + i,
      'hash',
      from(`\u0009\u0009${String.fromCharCode(i % 20)}${String.fromCharCode(i % 251)}`, 10 + (i % 89)),
    )
  }
  expect(store.size).toBe(1 + 20 * 16)
  for (let i = 0; i < 100; i++) {
    const answer = store.of(2_000, 'hash', 30)
    expect(new Set(answer).size).toBe(30)
    expect(new Set(answer.map((peer) => peer.slice(0, 3))).size).toBe(21)
  }
})

test('[D-125] of IPv6 a /64 is one address', () => {
  const store = new PeerStore({ limits: { ...LIMITS, peersPerAddressMax: 2 }, random: seededRandom(1), peerBytes: 18 })
  for (let i = 0; i < 9; i++)
    store.announce(i, hash('hash'), {
      peer: fromLatin1(`prefix64interfac${i}0`.replace('c', String(i))),
      isSeed: false,
    })
  expect(store.size).toBe(2)
})

test('[D-126] one address has a share of the info hashes; a full one gives up its own oldest', () => {
  const store = new Store(1, { ...LIMITS, infoHashesMax: 100, infoHashesPerAddressMax: 20 })
  for (let i = 0; i < 50; i++) store.tell(i, `honest-${i}`, from(`ok${String(i).padStart(2, '0')}`, 1))
  for (let i = 0; i < 5_000; i++) {
    store.tell(100 + i, `flood-${i}`, from('evil', i % 100))
    expect(store.infoHashes).toBeLessThanOrEqual(70)
  }
  for (let i = 0; i < 50; i++) expect(store.of(6_000, `honest-${i}`)).toHaveLength(1)
  for (let i = 4_980; i < 5_000; i++) expect(store.of(6_000, `flood-${i}`)).toHaveLength(1)
  expect(store.of(6_000, 'flood-4979')).toEqual([])
})

test('[D-126] who announces first what others announce too cannot take them along', () => {
  const store = new Store(1, { ...LIMITS, infoHashesMax: 100, infoHashesPerAddressMax: 20 })
  store.tell(0, 'popular', from('evil', 1))
  store.tell(1, 'popular', from('good', 1))
  for (let i = 0; i < 60; i++) store.tell(2 + i, `flood-${i}`, from('evil', 1))
  expect(store.of(99, 'popular')).toContain(from('good', 1))
  expect(store.infoHashes).toBe(21)
})

test('[D-131] peers that made room for others are counted, those that expired are not', () => {
  const store = new Store(1, { ...LIMITS, peersPerInfoHashMax: 4, infoHashesPerAddressMax: 2 })
  for (let i = 0; i < 6; i++) store.tell(i, 'hash', from(`ok0${i}`, 1))
  expect(store.displaced).toBe(2)
  for (let i = 0; i < 5; i++) store.tell(i, `flood-${i}`, from('evil', 1))
  expect(store.displaced).toBe(5)
  for (let i = 0; i < 10; i++) store.tell(10 + i, `other-${i}`, from(`no0${i}`, 1))
  expect([store.displaced, store.infoHashes]).toEqual([5 + 4 + 2, 10])
  store.expire(PEER_LIFETIME_MS * 2)
  expect([store.displaced, store.size]).toEqual([11, 0])
})
