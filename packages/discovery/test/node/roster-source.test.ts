import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MINUTE, SECOND } from '@shoal/base'
import {
  encodeRoster,
  requireTopic,
  rosterPeer,
  rosterSalt,
  rosterTarget,
  type SignedRoster,
  type TopicRoster,
} from '@shoal/peer'
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { TestOwner } from '../../../peer/test/test-owner.ts'
import { RosterMemory } from '../../src/node/roster-memory.ts'
import { type FoundItem, type RosterDht, RosterSource } from '../../src/node/roster-source.ts'
import type { SourceHandle, SourceTopic } from '../../src/node/source.ts'

const OWNER = new TestOwner()
const TOPIC = OWNER.topic
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
    this.item = OWNER.item(seq, roster)
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

interface Attached {
  dht: FakeDht
  handle: SourceHandle
  sights: string[]
  rosters: TopicRoster[]
  warnings: string[]
}

function attached({ file, hasDht = true }: { file?: string; hasDht?: boolean } = {}): Attached {
  const dht = new FakeDht()
  const sights: string[] = []
  const rosters: TopicRoster[] = []
  const warnings: string[] = []
  const memory = new RosterMemory({ file, onWarning: (sentence) => warnings.push(sentence) })
  const handle = new RosterSource({ dht: hasDht ? dht : undefined, memory }).attach(ABOUT, {
    sight: ({ host }) => sights.push(host),
    handleRoster: ({ roster }) => rosters.push(roster),
  })
  return { dht, handle, sights, rosters, warnings }
}

function scratchFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-rosters-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'rosters.json')
}

test('[O-12] the roster is asked for by key and salt, and its servers are sighted', async () => {
  const { dht, handle, sights, rosters } = attached()
  dht.publish(1, server(1))
  expect(await handle.lookup?.(never)).toEqual({ answered: true })
  expect(dht.gets[0]?.[0]).toEqual(rosterTarget(TOPIC))
  expect(dht.gets[0]?.[1]).toMatchObject({
    salt: rosterSalt(TOPIC),
    publicKey: Uint8Array.from(Buffer.from(TOPIC.owner, 'hex')),
    again: true,
  })
  expect(new Set(sights)).toEqual(new Set(['45.1.1.1']))
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
  dht.item = { ...OWNER.item(9, server(9)), value: new Uint8Array([9, 9]) }
  await handle.lookup?.(never)
  dht.item = { ...OWNER.item(9, server(9)), signature: new Uint8Array(64) }
  await handle.lookup?.(never)
  dht.item = { ...OWNER.item(9, server(9)), seq: 2n ** 60n }
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
  expect(put?.key.sign(new Uint8Array(1))).toEqual(dht.item?.signature)
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
  const memory = new RosterMemory({ file: undefined, onWarning: () => {} })
  const plain = new RosterSource({ dht, memory }).attach(
    { ...ABOUT, topic: requireTopic('plain') },
    { sight: () => {} },
  )
  expect(plain.lookup).toBeUndefined()
  expect(plain.announce).toBeUndefined()
})

test('[O-27] the newest roster is remembered from run to run: nothing older counts in the next', async () => {
  const file = scratchFile()
  const first = attached({ file })
  first.dht.publish(7, server(7))
  await first.handle.lookup?.(never)
  first.handle.detach()
  const second = attached({ file })
  // Known before anybody is asked.
  expect([second.rosters, second.sights]).toEqual([[server(7)], ['45.1.1.7']])
  second.dht.publish(6, server(6))
  await second.handle.lookup?.(never)
  expect(second.rosters).toEqual([server(7)])
  second.dht.publish(8, server(8))
  await second.handle.lookup?.(never)
  expect(attached({ file }).rosters).toEqual([server(8)])
})

test('[O-27] a file with a roster that the owner did not sign, with wrong entries or none at all is worth nothing', () => {
  const file = scratchFile()
  const forged = { ...OWNER.item(9, server(9)), signature: new Uint8Array(64) }
  new RosterMemory({ file, onWarning: () => {} }).keep(rosterTarget(TOPIC), forged)
  expect(attached({ file }).rosters).toEqual([])
  for (const text of ['{', '{}', readFileSync(file, 'utf8').replace(/"seq":9/, '"seq":-9')]) {
    writeFileSync(file, text)
    const { rosters, warnings } = attached({ file })
    expect([rosters.length, warnings.length]).toEqual([0, 1])
    expect(warnings[0]).toContain('set aside')
  }
})

test.each([
  ['its signature', { signature: new Uint8Array(64) }],
  ['its text', { value: OWNER.item(9, server(8)).value }],
])('[O-27] a remembered roster of which %s is damaged is replaced by the genuine one', async (_what, damage) => {
  const file = scratchFile()
  const damaged = { ...OWNER.item(9, server(9)), ...damage }
  new RosterMemory({ file, onWarning: () => {} }).keep(rosterTarget(TOPIC), damaged)
  const { dht, handle } = attached({ file })
  dht.publish(9, server(9))
  await handle.lookup?.(never)
  expect(attached({ file }).rosters).toEqual([server(9)])
})

test('[O-27] what a disk did not take is written as soon as it does, and said once', async () => {
  const file = scratchFile()
  const folder = `${file}.d`
  writeFileSync(folder, 'in the way')
  const { dht, handle, warnings } = attached({ file: join(folder, 'rosters.json') })
  dht.publish(5, server(5))
  for (let i = 0; i < 3; i++) await handle.lookup?.(never)
  expect(warnings).toHaveLength(1)
  rmSync(folder)
  await handle.lookup?.(never)
  expect(attached({ file: join(folder, 'rosters.json') }).rosters).toEqual([server(5)])
})

test('[O-27] 32 topics are remembered, the one that changed longest ago is forgotten; a disk that takes nothing is said', () => {
  const file = scratchFile()
  const memory = new RosterMemory({ file, onWarning: () => {} })
  const target = (n: number): Uint8Array => new Uint8Array(20).fill(n)
  for (let n = 0; n < 40; n++) memory.keep(target(n), OWNER.item(1, server(1)))
  const again = new RosterMemory({ file, onWarning: () => {} })
  expect([again.get(target(7)), again.get(target(8))?.seq]).toEqual([undefined, 1])
  const said: string[] = []
  new RosterMemory({ file: join(file, 'below'), onWarning: (sentence) => said.push(sentence) }).keep(
    target(1),
    OWNER.item(1, server(1)),
  )
  expect(said[0]).toContain('could not be written')
})

test('[O-19] what a peer hands on counts where there is no DHT too, is remembered, and put on the DHT by who has one', async () => {
  const file = scratchFile()
  const { handle, rosters, sights } = attached({ file, hasDht: false })
  expect(handle.lookup).toBeUndefined()
  const roster: SignedRoster = OWNER.roster(4, server(4))
  handle.handleRoster?.(roster)
  handle.handleRoster?.(OWNER.roster(3, server(3)))
  expect([rosters, sights]).toEqual([[server(4)], ['45.1.1.4']])
  const next = attached({ file })
  await next.handle.announce?.(PORT, never)
  expect(next.dht.puts.map(({ seq }) => seq)).toEqual([4])
})
