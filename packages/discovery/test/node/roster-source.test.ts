import { MINUTE, SECOND } from '@shoal/base'
import {
  encodeRoster,
  ownedTopic,
  requireTopic,
  rosterPeer,
  rosterSalt,
  rosterTarget,
  type TopicRoster,
} from '@shoal/peer'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type FoundItem, type RosterDht, RosterSource } from '../../src/node/roster-source.ts'
import type { SourceHandle, SourceTopic } from '../../src/node/source.ts'

const OWNER = 'cd'.repeat(32)
const TOPIC = ownedTopic('chat', OWNER)
const ABOUT: SourceTopic = { key: new Uint8Array(20), topic: TOPIC, infoHashes: () => [] }
const PORT = { port: 9_000, impliedPort: false }
const never = new AbortController().signal

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

class FakeDht implements RosterDht {
  item: FoundItem | undefined
  fails = false
  gets: Parameters<RosterDht['get']>[] = []
  puts: Parameters<RosterDht['put']>[0][] = []
  forgotten: Uint8Array[] = []

  publish(seq: number, roster: TopicRoster): void {
    this.item = { seq, value: encodeRoster(roster), signature: new Uint8Array(64).fill(seq) }
  }

  get(...args: Parameters<RosterDht['get']>): Promise<FoundItem | undefined> {
    this.gets.push(args)
    return this.fails ? Promise.reject(new Error('no network')) : Promise.resolve(this.item)
  }

  put(options: Parameters<RosterDht['put']>[0]): Promise<{ nodes: number }> {
    this.puts.push(options)
    return Promise.resolve({ nodes: 8 })
  }

  forget(target: Uint8Array): boolean {
    this.forgotten.push(target)
    return true
  }
}

const server = (n: number): TopicRoster => ({
  servers: [{ peer: rosterPeer(String(n)), endpoint: { host: `45.1.1.${n}`, port: 9_000 } }],
  revocations: [],
})

function attached(): { dht: FakeDht; handle: SourceHandle; sights: string[]; rosters: TopicRoster[] } {
  const dht = new FakeDht()
  const sights: string[] = []
  const rosters: TopicRoster[] = []
  const handle = new RosterSource(dht).attach(ABOUT, {
    sight: ({ host }) => sights.push(host),
    handleRoster: (roster) => rosters.push(roster),
  })
  return { dht, handle, sights, rosters }
}

test('[O-12] the roster is asked for by key and salt, and its servers are sighted', async () => {
  const { dht, handle, sights, rosters } = attached()
  dht.publish(1, server(1))
  expect(await handle.lookup?.(never)).toEqual({ answered: true })
  expect(dht.gets[0]?.[0]).toEqual(rosterTarget(TOPIC))
  expect(dht.gets[0]?.[1]).toMatchObject({ salt: rosterSalt(TOPIC), publicKey: new Uint8Array(32).fill(0xcd) })
  expect(sights).toEqual(['45.1.1.1'])
  expect(rosters).toEqual([server(1)])
})

test('[O-13] it is read again within half a minute, whatever the schedule of look-ups; a change is told once', async () => {
  const { dht, handle, rosters } = attached()
  dht.publish(1, server(1))
  await handle.lookup?.(never)
  await vi.advanceTimersByTimeAsync(5 * MINUTE)
  expect(dht.gets.length).toBeGreaterThanOrEqual(10)
  expect(rosters).toHaveLength(1)
  dht.publish(2, server(2))
  await vi.advanceTimersByTimeAsync(30 * SECOND)
  expect(rosters).toEqual([server(1), server(2)])
})

test('[O-13] a read that fails is repeated', async () => {
  const { dht, handle, rosters } = attached()
  dht.fails = true
  await expect(handle.lookup?.(never)).rejects.toThrow('no network')
  dht.fails = false
  dht.publish(1, server(1))
  await vi.advanceTimersByTimeAsync(30 * SECOND)
  expect(rosters).toHaveLength(1)
})

test('[O-14] an older roster, or none, never takes the place of a newer one', async () => {
  const { dht, handle, rosters } = attached()
  dht.publish(7, server(7))
  await handle.lookup?.(never)
  for (const older of [6, 7]) {
    dht.publish(older, server(older === 6 ? 6 : 8))
    await handle.lookup?.(never)
  }
  dht.item = undefined
  await handle.lookup?.(never)
  dht.item = { seq: 9, value: new Uint8Array([9, 9]), signature: new Uint8Array(64) }
  await handle.lookup?.(never)
  dht.item = { seq: 10, value: { not: 'bytes' }, signature: new Uint8Array(64) }
  await handle.lookup?.(never)
  expect(rosters).toEqual([server(7)])
})

test('[O-15] a server puts the roster again as the owner signed it, and anew when it has changed', async () => {
  const { dht, handle } = attached()
  expect(await handle.announce?.(PORT, never)).toEqual({ nodes: 1 })
  expect(dht.puts).toEqual([])
  dht.publish(3, server(3))
  await handle.lookup?.(never)
  expect(await handle.announce?.(PORT, never)).toEqual({ nodes: 8 })
  const [put] = dht.puts
  expect(put).toMatchObject({ seq: 3, value: encodeRoster(server(3)), salt: rosterSalt(TOPIC) })
  expect(put?.key.sign(new Uint8Array(1))).toEqual(new Uint8Array(64).fill(3))
  // The node keeps it from then on.
  await handle.announce?.(PORT, never)
  expect(dht.puts).toHaveLength(1)
  dht.publish(4, server(4))
  await handle.lookup?.(never)
  await handle.announce?.(PORT, never)
  expect(dht.puts.map(({ seq }) => seq)).toEqual([3, 4])
  await handle.withdraw?.(PORT)
  expect(dht.forgotten).toEqual([rosterTarget(TOPIC)])
})

test('[O-13] once the topic is left nothing is asked; on other topics nothing ever is', async () => {
  const { dht, handle } = attached()
  await handle.lookup?.(never)
  handle.detach()
  await vi.advanceTimersByTimeAsync(5 * MINUTE)
  expect(dht.gets).toHaveLength(1)
  const plain = new RosterSource(dht).attach({ ...ABOUT, topic: requireTopic('plain') }, { sight: () => {} })
  expect(plain.lookup).toBeUndefined()
  expect(plain.announce).toBeUndefined()
})
