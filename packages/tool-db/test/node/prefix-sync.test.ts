import { expect, test } from 'vitest'
import type { CommandResult } from '../../src/core/node/commands.ts'
import { PREFIX_ITEMS_MAX } from '../../src/core/node/sync/prefix-set.ts'
import { TestKey, World, type WorldNode } from './world.ts'

const sync = {}
const DAY = 24 * 3_600_000

function stats(node: WorldNode): Readonly<Record<string, number>> {
  return node.machine.stats()
}

function syncPrefix(node: WorldNode, prefix: string, timeout = 30_000): { result: CommandResult | undefined } {
  return node.command({ kind: 'sync-prefix', prefix, timeout })
}

/** Of the rows that begin so, records as they are; sets of documents and what is known of deletions as well. */
function under(node: WorldNode, prefix: string): Record<string, unknown> {
  const own = ['sync', 'crdt-index', 'expires'].map((name) => `\u0000${name}`)
  const rows = [...node.rows].filter(([key]) => key.startsWith(prefix) || key.includes(`:${prefix}`))
  const shown = rows.filter(([key]) => !own.some((start) => key.startsWith(start))).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(shown.map(([key, { value }]) => [key, JSON.parse(value)]))
}

function filled(world: World, count: number, prefixes = ['chat-', 'other-']): WorldNode {
  const server = world.server({ sync })
  for (const prefix of prefixes) for (let i = 0; i < count; i++) server.put(`${prefix}${i}`, { i })
  world.run(600_000)
  return server
}

test('[Y-40] a client gets what begins with a prefix and nothing else, and the next time only what is new', () => {
  const world = new World()
  const server = filled(world, 700)
  const client = world.client({ sync })
  client.connect(server)
  world.run(1_000)
  const first = syncPrefix(client, 'chat-')
  world.run(20_000)
  expect(first.result).toEqual({ kind: 'sync-prefix', stored: 700, servers: 1, complete: true })
  expect(under(client, 'chat-')).toEqual(under(server, 'chat-'))
  expect(Object.keys(under(client, 'other-'))).toEqual([])

  world.wire.length = 0
  const again = syncPrefix(client, 'chat-')
  world.run(20_000)
  expect(again.result).toEqual({ kind: 'sync-prefix', stored: 0, servers: 1, complete: true })
  const said = world.wire.filter(({ text }) => text.includes('"type":"sync'))
  expect(said.length).toBe(2)
  expect(said.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThan(1_024)

  for (let i = 0; i < 5; i++) server.put(`chat-${i * 100}`, 'newer')
  server.put('chat-new', 1)
  world.run(1_000)
  world.wire.length = 0
  const third = syncPrefix(client, 'chat-')
  world.run(20_000)
  expect(third.result).toMatchObject({ stored: 6, complete: true })
  expect(client.held('chat-300')).toBe('newer')
  const sent = world.wire.filter(({ text }) => text.includes('"type":"syncRecords"'))
  const records = sent.flatMap(({ text }) => (JSON.parse(text) as { records: unknown[] }).records)
  expect(records.length).toBe(6)
})

test('[Y-40] deletions, names with their claims, and documents come along, and key listeners hear of them', () => {
  const world = new World()
  const server = world.server({ sync })
  const raw = world.raw(server).greet()
  const [first, second] = [new TestKey('first'), new TestKey('second')]
  raw.put(first.plain('==a', 'first', { time: world.now }))
  world.run(10)
  raw.put(second.plain('==a', 'second', { time: world.now }))
  server.put('a-gone', 1)
  server.put('a-ends', 1, { ttl: DAY })
  const author = { signer: 'user', address: server.user.address }
  const change = { t: 'SET', k: 'x', v: 1, a: author.address, i: 0 }
  for (const key of ['a-doc', 'b-doc']) {
    server.command({ kind: 'crdt-put', key, type: 'MAP', changes: [change], author, confirm: 0, timeout: 1_000 })
  }
  world.run(1_000)
  const client = world.client({ sync })
  client.connect(server)
  world.run(1_000)
  client.machine.addListener('a-')
  client.get('a-gone')
  world.run(2_000)
  expect(client.held('a-gone')).toBe(1)
  server.put('a-gone', null, { isDeletion: true })
  world.run(1_000)
  const done = [syncPrefix(client, 'a-'), syncPrefix(client, '==')]
  world.run(20_000)
  expect(done.map(({ result }) => result)).toEqual([
    { kind: 'sync-prefix', stored: 3, servers: 1, complete: true },
    { kind: 'sync-prefix', stored: 2, servers: 1, complete: true },
  ])
  expect(client.held('a-gone')).toBeNull()
  for (const prefix of ['a-', '==']) expect(under(client, prefix)).toEqual(under(server, prefix))
  expect([...client.rows.keys()].some((key) => key.includes('b-doc'))).toBe(false)
  const heard = client.eventsOf('notify').map(({ record }) => record.k)
  expect(new Set(heard)).toEqual(new Set(['a-gone', 'a-ends', 'a-doc']))
  world.run(2 * DAY)
  expect(client.held('a-ends')).toBeUndefined()
})

test('[Y-40] from each of several servers a client learns what the others lack, and what it has later stands', () => {
  const world = new World()
  const [left, right] = [world.server({ sync }), world.server({ sync })]
  for (let i = 0; i < 300; i++) (i % 2 === 0 ? left : right).put(`k${i}`, i)
  world.run(600_000)
  const client = world.client({ sync })
  // Nobody hears of it.
  client.put('k0', null, { isDeletion: true })
  client.connect(left)
  client.connect(right)
  world.tampers.set(client.host, (text) =>
    text.includes('"type":"put"') ? '{"type":"ack","id":"x","to":[],"code":"OK"}' : text,
  )
  world.run(2_000)
  expect(left.held('k0')).toBe(0)
  const done = syncPrefix(client, 'k')
  world.run(20_000)
  expect(done.result).toEqual({ kind: 'sync-prefix', stored: 299, servers: 2, complete: true })
  expect(client.held('k0')).toBeNull()
  expect(client.held('k299')).toBe(299)
})

test('[Y-41] without a server it waits for one, and ends with its time', () => {
  const world = new World()
  const server = filled(world, 50)
  const client = world.client({ sync })
  const late = syncPrefix(client, 'chat-', 60_000)
  const never = syncPrefix(client, 'other-', 1_000)
  world.run(5_000)
  expect(never.result).toEqual({ kind: 'sync-prefix', stored: 0, servers: 0, complete: false })
  expect(late.result).toBeUndefined()
  client.connect(server)
  world.run(10_000)
  expect(late.result).toEqual({ kind: 'sync-prefix', stored: 50, servers: 1, complete: true })
})

test('[Y-41] servers that take no part are not asked, nor do servers ask for prefixes', () => {
  const world = new World()
  const plain = world.server()
  const client = world.client({ sync })
  client.connect(plain)
  world.run(1_000)
  const done = syncPrefix(client, 'k', 5_000)
  world.run(10_000)
  expect(done.result).toEqual({ kind: 'sync-prefix', stored: 0, servers: 0, complete: false })
  const server = filled(world, 5)
  expect(syncPrefix(server, 'k').result).toMatchObject({ complete: false })
  expect(world.wire.filter(({ text }) => text.includes('"type":"syncAsk"')).length).toBe(0)
})

test('[Y-42] beyond ten thousand records a prefix is refused, and that is remembered for a minute', () => {
  const world = new World()
  const server = world.server({ sync })
  for (let i = 0; i <= PREFIX_ITEMS_MAX; i++) server.put(`many-${i}`, i)
  for (let i = 0; i < 10; i++) server.put(`few-${i}`, i)
  world.run(600_000)
  const client = world.client({ sync })
  client.connect(server)
  world.run(1_000)
  const [many, part, few] = ['many-', 'many-12', 'few-'].map((prefix) => syncPrefix(client, prefix))
  world.run(60_000)
  expect(many?.result).toEqual({ kind: 'refused', code: 'TOO_LARGE' })
  expect(part?.result).toMatchObject({ stored: 111, complete: true })
  expect(few?.result).toMatchObject({ stored: 10, complete: true })
  expect(client.rows.size).toBeLessThan(200)
}, 60_000)

test('[Y-42] a set is gathered once for several questions, follows what is written meanwhile, and is let go', () => {
  const world = new World()
  const server = filled(world, 500)
  const clients = [1, 2, 3].map(() => world.client({ sync }))
  for (const client of clients) client.connect(server)
  world.run(1_000)
  let scans = 0
  const scan = server.store.scan.bind(server.store)
  server.store.scan = (effect) => {
    if (effect.prefix === 'chat-') scans++
    return scan(effect)
  }
  const done = clients.map((client) => syncPrefix(client, 'chat-'))
  for (let i = 0; i < 20; i++) {
    server.put(`chat-${i}`, 'newer')
    server.put(`chat-live${i}`, i)
    world.run(10)
  }
  world.run(20_000)
  const last = clients.map((client) => syncPrefix(client, 'chat-'))
  world.run(10_000)
  for (const { result } of [...done, ...last]) expect(result).toMatchObject({ complete: true })
  for (const client of clients) expect(under(client, 'chat-')).toEqual(under(server, 'chat-'))
  expect(scans).toBe(Math.ceil(500 / 64))
  expect(stats(server)['now.sync-prefixes']).toBe(1)
  world.run(3 * 60_000)
  expect(stats(server)['now.sync-prefixes']).toBe(0)
})
