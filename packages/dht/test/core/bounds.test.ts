/** What strangers, or time, could make grow: each collection of an engine that lives long, filled far beyond its bound. */

import { seededRandom } from '@shoal/base'
import { expect, test } from 'vitest'
import { type NodeAddress, readAddress } from '../../src/core/id/address.ts'
import { randomNodeId } from '../../src/core/id/node-id.ts'
import { Frontier } from '../../src/core/lookup/frontier.ts'
import { Lookup } from '../../src/core/lookup/lookup.ts'
import { NetworkSize } from '../../src/core/lookup/network-size.ts'
import { ScrapeTally } from '../../src/core/lookup/scrape-tally.ts'
import { Reachability } from '../../src/core/reachability.ts'
import { AddressVotes } from '../../src/core/routing/address-votes.ts'
import { EntryPoints } from '../../src/core/routing/entry-points.ts'
import { networkPolicy } from '../../src/core/routing/network-policy.ts'
import { RecentHosts } from '../../src/core/routing/recent-hosts.ts'
import { K, RoutingTable } from '../../src/core/routing/routing-table.ts'
import { Upkeep } from '../../src/core/routing/upkeep.ts'
import { TokenBuckets } from '../../src/core/rpc/token-bucket.ts'
import { nodeItemCrypto } from '../../src/node/ed25519.ts'

const MINUTE = 60_000
const random = seededRandom(5)
const POLICY = networkPolicy('mainline')

/** Each in a /24 of its own. */
function address(i: number): NodeAddress {
  return readAddress(Uint8Array.of(45 + (i >> 16), (i >> 8) & 0xff, i & 0xff, 7, 26, 225), 0, 'ipv4')
}

test('[D-122] 32 votes on our address: those of long ago count no more', () => {
  const votes = new AddressVotes('mainline')
  for (let i = 0; i < 1_000; i++) votes.vote(address(i), address(60_000).key)
  expect(votes.elected?.host).toBe(address(60_000).host)
  for (let i = 0; i < 17; i++) votes.vote(address(2_000 + i), address(60_001).key)
  expect(votes.elected?.host).toBe(address(60_001).host)
})

test('[D-122] 64 entry points, 64 kept out, 32 remembered', () => {
  const points = new EntryPoints('ipv4')
  const many = Array.from({ length: 100 }, (_, i) => address(i))
  points.add(many)
  expect(points.fallbacks(true)).toHaveLength(64)
  for (const one of many) points.remember(one)
  expect(points.fallbacks(false)).toHaveLength(64 + 32)
  points.keepOut(many)
  expect(many.filter((one) => points.isKeptOut(one))).toHaveLength(64)
})

test('[D-122] the last 64 targets estimate the size of the network', () => {
  const size = new NetworkSize()
  for (let i = 0; i < 500; i++) size.add(`target ${i}`, { nodes: K, share: 0.001 })
  expect(size.estimate?.samples).toBe(64)
})

test('[D-122] of hosts that something was true of lately, 4,096 are remembered beside those of the time before', () => {
  const hosts = new RecentHosts(1_000, 0)
  for (let i = 0; i < 20_000; i++) hosts.add(i / 100, `host ${i}`)
  const kept = Array.from({ length: 20_000 }, (_, i) => i).filter((i) => hosts.has(200, `host ${i}`))
  expect(kept.length).toBeLessThanOrEqual(2 * 4_096)
  expect(kept.at(-1)).toBe(19_999)
  expect(hosts.has(1_100, 'host 19999')).toBe(true)
  expect(hosts.has(4_000, 'host 19999')).toBe(false)
})

test('[D-122] 4,096 hosts that we wrote to are remembered: the one of longest ago is a stranger again', () => {
  const isStranger = (host: string): boolean => {
    const reachability = new Reachability(0)
    for (let i = 0; i <= 4_096; i++) reachability.wroteTo(0, `host ${i}`)
    for (let i = 0; i < 4; i++) reachability.wasAsked(i * 20_000, host, `prefix ${i}`)
    return reachability.mode === 'server'
  }
  expect(isStranger('host 0')).toBe(true)
  expect(isStranger('host 1')).toBe(false)
})

test('[D-122, D-99] strangers may come in crowds: a node that a thousand prefixes reach within seconds is a server all the same', () => {
  const reachability = new Reachability(0)
  for (let i = 0; i < 1_000; i++) reachability.wasAsked(i * 40, `host ${i}`, `prefix ${i}`)
  expect(reachability.mode).toBe('server')
})

test('[D-122] nodes that were pinged are remembered for a minute, and then no more', () => {
  const table = new RoutingTable(randomNodeId(random), POLICY)
  const upkeep = new Upkeep({ table, random, network: 'mainline' }, 0)
  const mayProbe = (i: number, now: number): boolean => upkeep.mayProbe(now, randomNodeId(random), address(i))
  for (let i = 0; i < 5_000; i++) mayProbe(i, i * 50)
  expect(mayProbe(4_996, 250_000)).toBe(false)
  expect(mayProbe(3, 250_000)).toBe(true)
})

test('[D-122] four thousand nodes that were pinged are remembered: those of longest ago may be pinged again', () => {
  const table = new RoutingTable(randomNodeId(random), networkPolicy('private'))
  const upkeep = new Upkeep({ table, random, network: 'private' }, 0)
  const mayProbe = (i: number, now: number): boolean => upkeep.mayProbe(now, randomNodeId(random), address(i))
  for (let i = 0; i <= 2 * 4_096; i++) expect(mayProbe(i, i * 5)).toBe(true)
  expect(mayProbe(4_097, 42_000)).toBe(false)
  expect(mayProbe(0, 42_000)).toBe(true)
})

test('[D-122] a scrape counts 6,000 peers of nodes without filters, those of both families together', () => {
  const tellMany = (salt: number): ScrapeTally => {
    const tally = new ScrapeTally(nodeItemCrypto.sha1)
    const peers = Array.from({ length: 20_000 }, (_, i) => address(i + salt).key)
    tally.handleAnswer(new Uint8Array(0), undefined, peers)
    return tally
  }
  const tally = tellMany(0)
  const most = tally.count().peers
  expect(most).toBeLessThan(6_600)
  tally.merge(tellMany(30_000))
  expect(tally.count().peers).toBe(most)
})

test('[D-122] rates are remembered of so many addresses as are allowed', () => {
  const buckets = new TokenBuckets({ perSecond: 1, burst: 1 }, 1_000)
  for (let i = 0; i < 10_000; i++) buckets.of(`host ${i}`, 0)
  expect(buckets.size).toBeLessThanOrEqual(1_000)
})

test('[D-122] a lookup keeps 96 candidates, and lets in 2,000 in all', () => {
  const target = randomNodeId(random)
  const frontier = new Frontier({ target, ownId: randomNodeId(random), rules: POLICY, usual: undefined })
  for (let i = 0; i < 5_000; i++) frontier.add(randomNodeId(random), address(i), false)
  expect(frontier.candidates).toHaveLength(96)
  // Each closer than all before: there is always room in front, until enough were seen.
  let taken = 0
  for (let i = 5_000; i < 20_000; i++) if (frontier.add(undefined, address(i), false)) taken++
  expect(taken).toBeLessThan(2_000)
  expect(frontier.candidates).toHaveLength(96)
})

test('[D-122] a lookup hands out 4,000 peers', () => {
  const nobody = { reserve: () => [], usual: undefined, announce: undefined }
  const init = { ownId: randomNodeId(random), rules: POLICY, startedAt: 0, ...nobody }
  const lookup = new Lookup({ ...init, query: { method: 'get_peers', target: randomNodeId(random) } })
  let peers = 0
  for (let i = 0; i < 10_000; i++) if (lookup.isNewPeer(address(i).key)) peers++
  expect(peers).toBe(4_000)
  expect(lookup.summary(MINUTE).peers).toBe(4_000)
})

test('[D-122] a table holds 8 contacts a bucket and as many replacements, however many answer', () => {
  const ownId = randomNodeId(random)
  const table = new RoutingTable(ownId, POLICY)
  for (let i = 0; i < 20_000; i++) table.insert(i, randomNodeId(random), address(i))
  expect(table.depth).toBeLessThanOrEqual(20)
  expect(table.size).toBeLessThanOrEqual(K * table.depth)
})
