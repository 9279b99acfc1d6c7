import { HOUR, MINUTE } from '@shoal/base'
import { expect, test } from 'vitest'
import {
  CACHED_LIFETIME_MS,
  CACHED_PEERS_MAX,
  CACHED_TOPICS_MAX,
  type CachedPeer,
  PeerCache,
} from '../../src/core/peer-cache.ts'

const NOW = 1_700_000_000_000
const TOPIC = 'aa'.repeat(20)

function at(n: number): { host: string; port: number } {
  return { host: `45.11.${n >> 8}.${n & 255}`, port: 9_000 }
}

function ports(cache: PeerCache): string[] {
  return cache.peers(TOPIC).map(({ host }) => host)
}

test('[S-72] those proven last come first, those that failed since come last; proof clears failures', () => {
  const cache = new PeerCache(NOW)
  for (const n of [1, 2, 3]) expect(cache.handleProven(NOW + n * HOUR, TOPIC, at(n))).toBe(true)
  expect(cache.handleFailed(TOPIC, at(3))).toBe(true)
  expect(ports(cache)).toEqual(['45.11.0.2', '45.11.0.1', '45.11.0.3'])
  cache.handleProven(NOW + 4 * HOUR, TOPIC, at(3))
  expect(ports(cache)).toEqual(['45.11.0.3', '45.11.0.2', '45.11.0.1'])
  expect(cache.forget(TOPIC, at(2))).toBe(true)
  expect(ports(cache)).toEqual(['45.11.0.3', '45.11.0.1'])
})

test('[S-72] what changes nothing worth a write says so', () => {
  const cache = new PeerCache(NOW)
  cache.handleProven(NOW, TOPIC, at(1))
  expect(cache.handleProven(NOW + MINUTE, TOPIC, at(1))).toBe(false)
  expect(cache.handleProven(NOW + 11 * MINUTE, TOPIC, at(1))).toBe(true)
  expect(cache.handleFailed(TOPIC, at(2))).toBe(false)
  expect(cache.forget(TOPIC, at(2))).toBe(false)
})

test('[S-72] it is bounded: the peer that failed most goes, then the one seen longest ago; the oldest topic goes', () => {
  const cache = new PeerCache(NOW)
  for (let n = 0; n < CACHED_PEERS_MAX; n++) cache.handleProven(NOW + n * HOUR, TOPIC, at(n))
  cache.handleFailed(TOPIC, at(40))
  cache.handleProven(NOW + 100 * HOUR, TOPIC, at(1_000))
  cache.handleProven(NOW + 101 * HOUR, TOPIC, at(1_001))
  const left = ports(cache)
  expect(left).toHaveLength(CACHED_PEERS_MAX)
  expect(left).not.toContain('45.11.0.40')
  expect(left).not.toContain('45.11.0.0')
  expect(left).toContain('45.11.0.1')
  for (let n = 0; n < CACHED_TOPICS_MAX; n++) cache.handleProven(NOW, `${n}`, at(n))
  expect(cache.snapshot().size).toBe(CACHED_TOPICS_MAX)
  expect(cache.peers(TOPIC)).toEqual([])
})

test('[S-72] what was kept is aged out, and a time of the future is taken as now', () => {
  const kept = (peer: CachedPeer): Map<string, CachedPeer[]> => new Map([[TOPIC, [peer]]])
  const old = { ...at(1), provenAt: NOW - CACHED_LIFETIME_MS - 1, failures: 0 }
  expect(new PeerCache(NOW, kept(old)).peers(TOPIC)).toEqual([])
  const ahead = { ...at(1), provenAt: NOW + 999 * HOUR, failures: 0 }
  expect(new PeerCache(NOW, kept(ahead)).peers(TOPIC)).toEqual([{ ...at(1), provenAt: NOW, failures: 0 }])
})
