/** Servers that have proved who they are, and lie about what they have. */

import { toBase64 } from '@shoal/base'
import { expect, test } from 'vitest'
import { packPlace } from '../../src/core/sync/sync-item.ts'
import { serialiseSync, serialiseWant } from '../../src/core/sync/sync-message.ts'
import { TestStore } from '../node/test-store.ts'
import { TestKey, World, type WorldNode } from '../node/world.ts'

const sync = {}
const HOUR = 3_600_000

/** An honest server, and one that says of each kind of message what the test wants. */
function pair(
  lies: Readonly<Record<string, (message: Record<string, unknown>) => object>>,
  records = 300,
): {
  world: World
  honest: WorldNode
  liar: WorldNode
} {
  const world = new World()
  const before = world.server({ sync, key: 'liar' })
  for (let i = 0; i < records; i++) before.put(`k${i}`, i)
  world.run(1_000)
  world.kill(before)
  const honest = world.server({ sync })
  const liar = world.server({ sync, key: 'liar', store: before.store })
  world.tampers.set(liar.host, (text) => {
    if (!text.startsWith('{')) return text
    const message = JSON.parse(text) as Record<string, unknown>
    const lie = lies[message['type'] as string]
    return lie === undefined ? text : JSON.stringify(lie(message))
  })
  honest.connect(liar)
  return { world, honest, liar }
}

function sent(world: World, from: WorldNode, type: string): number {
  return world.wire.filter((each) => each.from === from.host && each.text.includes(`"type":"${type}"`)).length
}

function say(liar: WorldNode, to: WorldNode, message: object): void {
  liar.input((machine) => machine.sendText(to.machine.clientId, JSON.stringify({ to: [], ...message })))
}

const differs = toBase64(
  serialiseSync([{ to: 'end', content: { kind: 'fingerprint', fingerprint: new Uint8Array(8).fill(9) } }]),
)

test('[Y-20] whoever says for ever that something differs is asked a bounded number of times, ever more rarely', () => {
  const { world, honest, liar } = pair({ syncTell: (message) => ({ ...message, data: differs }) })
  world.run(HOUR)
  const first = sent(world, honest, 'syncAsk')
  expect(first).toBeGreaterThan(0)
  world.run(5 * HOUR)
  expect(sent(world, honest, 'syncAsk') - first).toBeLessThan(100 * 8)
  expect(honest.peers).toEqual([liar.peerId])
})

test('[Y-20] whoever names what it does not deliver is given up, and asked ever more rarely', () => {
  const { world, honest } = pair({
    syncRecords: ({ id, looked, next }) => ({ type: 'syncRecords', id, to: [], records: [], looked, next }),
  })
  world.run(HOUR)
  const first = sent(world, honest, 'syncWant')
  expect(first).toBeGreaterThan(0)
  world.run(5 * HOUR)
  expect(sent(world, honest, 'syncWant') - first).toBeLessThan(40)
  expect(honest.rows.has('k1')).toBe(false)
})

test('[Y-20] an answer that goes nowhere, or in circles, is a fault', () => {
  const place = toBase64(packPlace(1, new Uint8Array(0)))
  const { world, honest } = pair({
    syncRecords: ({ id }) => ({ type: 'syncRecords', id, to: [], records: [], next: place }),
  })
  world.run(10 * HOUR)
  expect(honest.machine.stats()['sync.malformed']).toBeGreaterThanOrEqual(1)
  expect(sent(world, honest, 'syncWant')).toBeLessThan(40)
})

test('[Y-20] what is no step, no want and no list of records ends the connection in the end', () => {
  for (const [type, data] of [
    ['syncTell', 'AAAA'],
    ['syncTell', 'not base64!'],
  ] as const) {
    const { world, honest } = pair({ [type]: (message) => ({ ...message, data }) })
    world.run(HOUR)
    expect(honest.machine.stats()['faults.malformed']).toBeGreaterThanOrEqual(1)
  }
  const { world, honest, liar } = pair({})
  world.run(5_000)
  for (let i = 0; i < 6; i++) say(liar, honest, { type: 'syncWant', id: `w${i}`, data: 'AAAA' })
  world.run(1_000)
  expect(honest.machine.stats()).toMatchObject({ 'faults.malformed': 5 })
  expect(honest.peers).toEqual([])
})

test('[Y-20] times that no record can have are no step, and stop nobody who would write them again', () => {
  const [skip, many] = [0, 4]
  // Each place is as far behind the one before as seven bytes can say.
  const range = (kind: number): number[] => [...Array(6).fill(0xff), 0x7f, 32, ...Array(32).fill(7), kind]
  const data = toBase64(Uint8Array.from([1, ...[skip, skip, many].flatMap(range)]))
  const { world, honest } = pair({ syncTell: (message) => ({ ...message, data }) })
  world.run(HOUR)
  expect(honest.machine.stats()['faults.malformed']).toBeGreaterThanOrEqual(1)
})

test('[Y-21] forged records are not stored, count against who sent them, and keep no true ones out', () => {
  const forge = (record: Record<string, unknown>): object => ({ ...record, s: 'ab'.repeat(32) })
  const { world, honest, liar } = pair({
    syncRecords: (message) => ({ ...message, records: (message['records'] as Record<string, unknown>[]).map(forge) }),
  })
  world.run(60_000)
  expect(honest.machine.stats()['sync.stored'] ?? 0).toBe(0)
  expect(honest.machine.stats()['faults.bad-record']).toBeGreaterThanOrEqual(20)
  expect(honest.peers).toEqual([])
  const true_ = world.server({ sync, key: 'honest too', store: liar.store })
  true_.connect(honest)
  world.run(60_000)
  expect(honest.held('k7')).toBe(7)
  expect(honest.machine.stats()['now.sync-items']).toBe(300)
})

test('[Y-21] who changes the date, the end or the binding of good records keeps no good one out', () => {
  const forgeries: readonly ((record: Record<string, unknown>) => object)[] = [
    (record) => ({ ...record, t: 9_000_000_000_000 }),
    (record) => ({ ...record, n: `${record['n']}.1000000000000` }),
    (record) => ({ ...record, n: `2.0.${'a'.repeat(64)}` }),
  ]
  for (const forge of forgeries) {
    const { world, honest, liar } = pair({
      syncRecords: (message) => ({ ...message, records: (message['records'] as Record<string, unknown>[]).map(forge) }),
    })
    world.run(60_000)
    expect(honest.machine.stats()).toMatchObject({ 'now.sync-refusals': 0, 'now.sync-items': 0 })
    expect(honest.peers).toEqual([])
    const true_ = world.server({ sync, key: 'honest too', store: liar.store })
    true_.connect(honest)
    world.run(60_000)
    expect(honest.machine.stats()['now.sync-items']).toBe(300)
  }
})

test('[Y-22] records that nobody asked for are not taken this way', () => {
  const { world, honest, liar } = pair({}, 5)
  world.run(5_000)
  const record = { ...JSON.parse(liar.rows.get('k1')?.value ?? ''), k: 'other' }
  for (let i = 0; i < 20; i++) say(liar, honest, { type: 'syncRecords', id: 'x', records: [record], looked: 1 })
  world.run(1_000)
  expect(honest.rows.has('other')).toBe(false)
  expect(honest.machine.stats()['sync.unasked']).toBe(20)
})

test('[Y-22] of a flood of questions few are answered at a time, the rest is refused, and others are served', () => {
  const { world, honest, liar } = pair({}, 2_000)
  world.run(60_000)
  expect(honest.machine.stats()['now.sync-items']).toBe(2_000)
  world.wire.length = 0
  const want = toBase64(serialiseWant({ kind: 'range', range: { from: packPlace(0, new Uint8Array(0)), to: 'end' } }))
  for (let i = 0; i < 2_000; i++) {
    say(liar, honest, { type: 'syncWant', id: `w${i}`, data: want })
    say(liar, honest, { type: 'syncAsk', id: `a${i}`, data: differs, salt: 'A'.repeat(22) })
  }
  const other = world.server({ sync })
  other.connect(honest)
  world.run(20_000)
  expect(sent(world, honest, 'syncRecords') + sent(world, honest, 'syncTell')).toBeLessThan(200)
  expect(other.machine.stats()['now.sync-items']).toBe(2_000)
})

test('[Y-22] who has not named the feature may not use it', () => {
  const world = new World()
  const server = world.server({ sync })
  const client = world.client()
  client.connect(server)
  world.run(500)
  for (let i = 0; i < 6; i++) say(client, server, { type: 'syncAsk', id: `a${i}`, data: differs, salt: 'A'.repeat(22) })
  world.run(500)
  expect(server.machine.stats()['faults.out-of-turn']).toBe(5)
  expect(client.peers).toEqual([])
})

/** A server, and a client that is connected to it; the server says of each kind of message what the test wants. */
function served(lies: Readonly<Record<string, (message: Record<string, unknown>) => object>> = {}): {
  world: World
  server: WorldNode
  client: WorldNode
} {
  const world = new World()
  const server = world.server({ sync })
  for (let i = 0; i < 300; i++) server.put(`mine-${i}`, i)
  for (let i = 0; i < 300; i++) server.put(`other-${i}`, i)
  world.run(600_000)
  const client = world.client({ sync })
  world.tampers.set(server.host, (text) => {
    const message = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {}
    const lie = lies[message['type'] as string]
    return lie === undefined ? text : JSON.stringify(lie(message))
  })
  client.connect(server)
  world.run(1_000)
  return { world, server, client }
}

test('[Y-43] a server fills no client with records of other keys, forged ones, or what nobody asked for', () => {
  const other = (server: WorldNode, i: number): unknown => JSON.parse(server.rows.get(`other-${i}`)?.value ?? '')
  let made: WorldNode | undefined
  const { world, server, client } = served({
    syncRecords: (message) => ({
      ...message,
      records: [...(message['records'] as unknown[]).slice(1), other(made as WorldNode, 1)],
    }),
  })
  made = server
  const done = client.command({ kind: 'sync-prefix', prefix: 'mine-', timeout: 10_000 })
  world.run(20_000)
  expect(done.result).toMatchObject({ stored: 0, complete: false })
  expect(client.machine.stats()['faults.malformed']).toBeGreaterThanOrEqual(1)
  expect(client.held('other-1')).toBeUndefined()
  world.tampers.clear()
  say(server, client, { type: 'syncRecords', id: 'x', records: [other(server, 2)], looked: 1 })
  world.run(1_000)
  expect(client.held('other-2')).toBeUndefined()
  const forging = served({
    syncRecords: (message) => ({
      ...message,
      records: (message['records'] as Record<string, unknown>[]).map((record) => ({ ...record, v: 'forged' })),
    }),
  })
  const forged = forging.client.command({ kind: 'sync-prefix', prefix: 'mine-', timeout: 10_000 })
  forging.world.run(20_000)
  expect(forged.result).toMatchObject({ stored: 0, complete: false })
  expect(forging.client.held('mine-1')).toBeUndefined()
  expect(forging.client.machine.stats()['faults.bad-record']).toBeGreaterThan(0)
})

test('[Y-43] a server that says for ever that something differs holds a client up for its time and no longer', () => {
  const { world, client } = served({ syncTell: (message) => ({ ...message, data: differs }) })
  const done = client.command({ kind: 'sync-prefix', prefix: 'mine-', timeout: 60_000 })
  world.run(60_000)
  expect(done.result).toMatchObject({ complete: false })
})

test('[Y-43] a client may compare prefixes alone, four questions at a time, and what it wants lies under them', () => {
  const { world, server, client } = served()
  const range = toBase64(serialiseWant({ kind: 'range', range: { from: packPlace(0, new Uint8Array(0)), to: 'end' } }))
  const salt = toBase64(new Uint8Array(16))
  world.wire.length = 0
  for (let i = 0; i < 3; i++) say(client, server, { type: 'syncAsk', id: `all${i}`, salt, data: differs })
  say(client, server, { type: 'syncWant', id: 'everything', data: range })
  world.run(1_000)
  expect(server.machine.stats()['faults.out-of-turn']).toBe(4)
  expect(sent(world, server, 'syncTell') + sent(world, server, 'syncRecords')).toBe(0)
  world.run(60_000)
  world.wire.length = 0
  for (let i = 0; i < 40; i++) say(client, server, { type: 'syncWant', id: `w${i}`, data: range, prefix: 'mine-' })
  world.run(1_000)
  const answers = world.wire.filter(({ text }) => text.includes('"type":"syncRecords"'))
  expect(answers.length).toBeGreaterThan(0)
  const keys = answers.flatMap(({ text }) =>
    (JSON.parse(text) as { records: { k: string }[] }).records.map(({ k }) => k),
  )
  expect(keys.every((key) => key.startsWith('mine-'))).toBe(true)
  expect(world.wire.filter(({ text }) => text.includes('TOO_BUSY')).length).toBeGreaterThan(30)
})

test('[Y-43] clients that ask for one prefix after the other hold up neither each other nor the servers', () => {
  const { world, server, client } = served()
  const honest = world.client({ sync })
  honest.connect(server)
  const late = world.server({ sync })
  const salt = toBase64(new Uint8Array(16))
  let asked = 0
  const flood = (): void => {
    for (let i = 0; i < 4; i++) {
      // Each is gathered anew.
      say(client, server, {
        type: 'syncAsk',
        id: `f${asked}`,
        salt,
        data: differs,
        prefix: asked++ % 2 === 0 ? `m${'ine-'.slice(0, asked % 5)}` : '',
      })
    }
    world.at(50, flood)
  }
  flood()
  world.run(1_000)
  late.connect(server)
  const done = honest.command({ kind: 'sync-prefix', prefix: 'mine-', timeout: 60_000 })
  world.run(30_000)
  expect(done.result).toMatchObject({ stored: 300, complete: true })
  expect(late.held('other-299')).toBe(299)
})

test('[Y-43] what is gathered for clients counts by its length, and no end of it is gathered', () => {
  const world = new World()
  const store = new TestStore()
  const author = new TestKey('author')
  for (let i = 0; i < 300; i++) {
    const record = author.bound(`key-${i}`, 'x'.repeat(100_000), { time: world.now - 1_000 + i })
    store.rows.set(record.k, { value: JSON.stringify(record), version: '1' })
  }
  const server = world.server({ sync, store })
  world.run(1_000)
  const client = world.client({ sync })
  client.connect(server)
  world.run(1_000)
  world.wire.length = 0
  const salt = toBase64(new Uint8Array(16))
  for (const prefix of ['k', 'ke', 'key', 'key-']) {
    say(client, server, { type: 'syncAsk', id: prefix, salt, data: differs, prefix })
  }
  world.run(3_000)
  // A third of a second each, a tenth of the time, and a burst of two seconds.
  expect(sent(world, server, 'syncTell')).toBeLessThan(3)
  world.run(20_000)
  expect(sent(world, server, 'syncTell')).toBe(4)
})
