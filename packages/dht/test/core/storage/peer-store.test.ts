import { expect, test } from 'vitest'
import { PEER_LIFETIME_MS, PeerStore } from '../../../src/core/storage/peer-store.ts'

const LIMITS = { infoHashesMax: 10, peersMax: 100, peersPerInfoHashMax: 40 }

test('[D-20] a peer that was announced is found, once however often it is announced', () => {
  const store = new PeerStore(LIMITS, 1)
  for (let i = 0; i < 5; i++) store.announce(i, 'hash', 'peer-1')
  store.announce(9, 'hash', 'peer-2')
  expect([...store.sample(10, 'hash', 50)].sort()).toEqual(['peer-1', 'peer-2'])
  expect([store.size, store.infoHashes]).toEqual([2, 1])
  expect(store.sample(10, 'other', 50)).toEqual([])
})

test('[D-20] a hash keeps a bounded number of peers, and the newest is among them', () => {
  const store = new PeerStore(LIMITS, 1)
  for (let i = 0; i < 1_000; i++) {
    store.announce(i, 'hash', `peer-${i}`)
    expect(store.size).toBeLessThanOrEqual(40)
    expect(store.sample(i, 'hash', 100)).toContain(`peer-${i}`)
  }
  expect(new Set(store.sample(1_000, 'hash', 100)).size).toBe(40)
})

test('[D-20] hashes are bounded: the one announced longest ago goes', () => {
  const store = new PeerStore(LIMITS, 1)
  for (let i = 0; i < 10; i++) store.announce(i, `hash-${i}`, 'peer')
  store.announce(11, 'hash-0', 'peer')
  store.announce(12, 'hash-10', 'peer')
  expect(store.infoHashes).toBe(10)
  expect(store.sample(13, 'hash-0', 1)).toHaveLength(1)
  expect(store.sample(13, 'hash-1', 1)).toHaveLength(0)
})

test('[D-20] peers of all hashes together are bounded', () => {
  const store = new PeerStore(LIMITS, 1)
  for (let i = 0; i < 400; i++) store.announce(i, `hash-${i % 10}`, `peer-${i}`)
  expect(store.size).toBeLessThanOrEqual(100)
  expect(store.sample(400, 'hash-9', 100)).toContain('peer-399')
})

test('[D-21] a peer that is not announced again expires', () => {
  const store = new PeerStore(LIMITS, 1)
  store.announce(0, 'hash', 'old')
  store.announce(PEER_LIFETIME_MS / 2, 'hash', 'new')
  expect(store.sample(PEER_LIFETIME_MS - 1, 'hash', 9)).toHaveLength(2)
  expect(store.sample(PEER_LIFETIME_MS, 'hash', 9)).toEqual(['new'])
  expect(store.sample(2 * PEER_LIFETIME_MS, 'hash', 9)).toEqual([])
  expect([store.size, store.infoHashes]).toEqual([0, 0])
})

test('[D-21] hashes that nobody asks for are dropped as well', () => {
  const store = new PeerStore(LIMITS, 1)
  for (let i = 0; i < 5; i++) store.announce(i, `hash-${i}`, 'peer')
  store.expire(PEER_LIFETIME_MS + 2)
  expect([store.size, store.infoHashes]).toEqual([2, 2])
})

test('[D-13] a sample is drawn without repetition, and over many draws from all alike', () => {
  const store = new PeerStore(LIMITS, 99)
  for (let i = 0; i < 40; i++) store.announce(0, 'hash', `peer-${i}`)
  const counts = new Map<string, number>()
  for (let draw = 0; draw < 2_000; draw++) {
    const sample = store.sample(1, 'hash', 8)
    expect(new Set(sample).size).toBe(8)
    for (const peer of sample) counts.set(peer, (counts.get(peer) ?? 0) + 1)
  }
  expect(counts.size).toBe(40)
  // 2,000 draws of 8 out of 40 are 400 each, with a deviation of about 18.
  for (const count of counts.values()) expect(Math.abs(count - 400)).toBeLessThan(100)
})
