import { parseIp, scopeOf } from '@shoal/base'
import { describe, expect, test } from 'vitest'
import { AddressPlan } from '../../src/network/addresses.ts'
import { Attachment } from '../../src/network/attachment.ts'
import { delayOf, steadyDelay } from '../../src/network/latency.ts'
import { Network, type NetworkConditions, ORDINARY } from '../../src/network/network.ts'
import { medianRoundTrip, REGION_SHARES, REGIONS, ROUND_TRIP_MS } from '../../src/network/regions.ts'
import { LabelledRandom } from '../../src/random/labelled-random.ts'

const random = (label: string) => new LabelledRandom(1, label)

describe('the dataset', () => {
  test('[M-9] is the same both ways, and its median follows from where the hosts stand', () => {
    for (const [a, row] of ROUND_TRIP_MS.entries()) {
      expect(row).toEqual(ROUND_TRIP_MS.map((other) => other[a]))
    }
    expect(REGION_SHARES).toHaveLength(REGIONS.length)
    expect(medianRoundTrip()).toBe(124)
  })

  test('[M-9] a way is always as long between the same two hosts, as long on average as the dataset says, jitter aside', () => {
    const hosts = Array.from({ length: 200 }, (_, index) => ({ index, region: 1 }))
    const delays = hosts.flatMap((a) => hosts.filter((b) => b !== a).map((b) => steadyDelay(a, b)))
    const [a, b] = hosts as [(typeof hosts)[0], (typeof hosts)[0]]
    expect(steadyDelay(a, b)).toBe(steadyDelay(b, a))
    const mean = delays.reduce((sum, ms) => sum + ms, 0) / delays.length
    expect(mean / ((ROUND_TRIP_MS[1]?.[1] as number) / 2)).toBeCloseTo(1, 1)
    const draw = random('jitter')
    const jittered = Array.from({ length: 2_000 }, () => delayOf(a, b, draw) - steadyDelay(a, b))
    expect(Math.min(...jittered)).toBeGreaterThanOrEqual(0)
    expect(jittered.reduce((sum, ms) => sum + ms, 0) / 2_000).toBeCloseTo(1 + 0.05 * steadyDelay(a, b), 0)
  })
})

/** Sends so many datagrams from one host to another; when each comes out. */
function sent(count: number, conditions: Partial<NetworkConditions>, bytes = 100): { at: number[]; network: Network } {
  const at: number[] = []
  const still = { loss: 0, duplication: 0, reordering: 0 }
  const network = new Network(
    random('network'),
    { ...ORDINARY, ...still, ...conditions },
    {
      deliver: (when) => void at.push(when),
      drop: () => {},
    },
  )
  const [a, b] = ['45.1.1.1', '45.2.1.1'].map(
    (host, index) => new Attachment({ index, region: 0, nat: undefined, host, port: 1 }),
  ) as [Attachment, Attachment]
  network.attach(a)
  network.attach(b)
  for (let i = 0; i < count; i++) network.send(i, a, b.endpoint, new Uint8Array(bytes))
  return { at, network }
}

describe('the network', () => {
  test('[M-10] loses, doubles and holds up the share that it is told to', () => {
    expect(sent(10_000, { loss: 0.2 }).at.length / 10_000).toBeCloseTo(0.8, 1)
    expect(sent(10_000, { duplication: 0.2 }).at.length / 10_000).toBeCloseTo(1.2, 1)
    const orderly = sent(2_000, { reordering: 0 }).at
    const mixed = sent(2_000, { reordering: 0.5, reorderingMs: 500 }).at
    const late = (times: number[]): number => times.filter((ms, i) => ms - i > 100).length
    expect(late(orderly)).toBeLessThan(20)
    expect(late(mixed)).toBeGreaterThan(500)
  })

  test('[M-10] a line is as fast as its region has it: what is too much waits, and then is dropped', () => {
    const { at, network } = sent(5_000, { bandwidth: 0.01 }, 1_000)
    expect(network.counters.dropped.congested).toBeGreaterThan(3_000)
    expect(Math.max(...at.map((ms, i) => ms - i))).toBeGreaterThan(500)
    expect(sent(5_000, {}, 100).network.counters.dropped.congested).toBe(0)
  })
})

test('[M-11] addresses are public, each given once, and crowded into providers', () => {
  const plan = new AddressPlan(random('addresses'))
  const hosts = Array.from({ length: 3_000 }, (_, i) => plan.take(i % REGIONS.length))
  expect(new Set(hosts).size).toBe(3_000)
  expect(hosts.every((host) => scopeOf(parseIp(host) as Uint8Array) === 'global')).toBe(true)
  const providers = new Map<string, number>()
  for (const host of hosts) {
    const provider = host.split('.').slice(0, 2).join('.')
    providers.set(provider, (providers.get(provider) ?? 0) + 1)
  }
  expect(Math.max(...providers.values())).toBeGreaterThan(20)
  expect(providers.size).toBeGreaterThan(300)
  expect(plan.takeExactly(hosts[0] as string)).toBe(false)
  expect(plan.takeExactly('10.0.0.1')).toBe(false)
})
