import { expect, test } from 'vitest'
import { TestKey, World } from './world.ts'

const MALFORMED = [
  '{"type":"put"}',
  '',
  'put',
  '[]',
  'null',
  '42',
  '{"type":"put","id":"x","to":[],"data":null}',
  '{"type":"put","id":"x","to":[],"data":[]}',
  '{"type":"put","id":"x","to":[],"data":{"k":{},"a":[],"n":"","h":null,"t":"","s":0,"v":1,"c":0}}',
  '{"type":"put","id":"x","to":{},"data":{}}',
  '{"type":"get","id":"x","to":[],"key":null}',
  '{"type":"get","id":[],"to":[],"key":"k"}',
  '{"type":"subscribe","id":"x","to":[]}',
  '{"type":"query","id":"x","to":[],"key":7}',
  '{"type":"function","id":"x","to":[],"function":{}}',
  '{"type":"ping"}',
  '{"type":"pong","id":"x","to":[],"clientId":"c","isServer":true,"servers":7}',
  '{"type":"__proto__","id":"x","to":[]}',
  '{"__proto__":{"type":"put"}}',
  '{"type":"put","id":"x","to":[],"data":{"t":NaN}}',
  '{"type":"crdtPut","id":"x","to":[],"data":7}',
  `${'['.repeat(10_000)}${']'.repeat(10_000)}`,
  Uint8Array.of(0xff, 0xfe, 0x00),
  `"${'x'.repeat(1_100_000)}"`,
]

test.each(MALFORMED.map((frame, i) => [i, frame] as const))(
  '[T-70] malformed message %i: its sender is dropped after a few, the others are served',
  (_i, frame) => {
    const world = new World()
    const server = world.server()
    const good = world.raw(server).greet()
    const early = world.raw(server)
    const bad = world.raw(server).greet()
    for (let i = 0; i < 10; i++) {
      early.send(frame)
      bad.send(frame)
      good.send({ type: 'get', id: `g${i}`, to: [], key: 'missing' })
      world.run(20)
    }
    expect(bad.isClosed).toBe(true)
    expect(early.isClosed).toBe(true)
    good.put(good.key.plain('k', 1, { time: world.now }))
    world.run(100)
    expect(server.held('k')).toBe(1)
    expect(good.isClosed).toBe(false)
    expect(server.eventsOf('misbehaved')).toHaveLength(2)
    // Its address is kept out for a while; another one is not.
    const again = world.raw(server, { host: bad.host }).greet()
    expect(again.isClosed).toBe(true)
    world.run(11 * 60_000)
    expect(world.raw(server, { host: bad.host }).greet().isClosed).toBe(false)
  },
)

test('[T-71] on 127.0.0.1 one bad peer does not keep the others out', () => {
  const world = new World()
  const server = world.server({ host: '127.0.0.1' })
  const bad = world.raw(server, { host: '127.0.0.1' }).greet()
  for (let i = 0; i < 10; i++) bad.send('{"type":"put"}')
  world.run(100)
  expect(bad.isClosed).toBe(true)
  expect(world.raw(server, { host: '127.0.0.1' }).greet().isClosed).toBe(false)
})

test('[T-71] a proven peer that misbehaves is kept out by its key, wherever it comes from', () => {
  const world = new World()
  const server = world.server({ host: '10.0.0.1' })
  const client = world.client({ host: '10.0.0.2' })
  client.connect(server)
  world.run(200)
  for (let i = 0; i < 10; i++) {
    client.input((machine) => machine.sendText(server.peerId.slice(-20), '{"type":"put"}'))
  }
  world.run(60_000)
  expect(server.peers).toEqual([])
  expect(server.machine.stats()['handshake.banned']).toBeGreaterThan(0)
  const neighbour = world.client({ host: '10.0.0.2' })
  neighbour.connect(server)
  world.run(1_000)
  expect(server.peers).toEqual([neighbour.peerId])
})

test('[T-72] a flood is refused beyond the rate, and ends its sender', () => {
  const world = new World()
  const server = world.server({ limits: { messagesPerSecond: 100 } })
  const [flood, good] = [world.raw(server).greet(), world.raw(server).greet()]
  for (let i = 0; i < 1_000; i++) flood.send({ type: 'get', id: `g${i}`, to: [], key: 'k' })
  world.run(100)
  expect(flood.isClosed).toBe(true)
  good.put(good.key.plain('k', 1, { time: world.now }))
  world.run(100)
  expect(server.held('k')).toBe(1)
})

test('[T-72] many connections of one prefix share one rate and one number', () => {
  const world = new World()
  const server = world.server({ limits: { sessionsPerPrefixMax: 10 } })
  const raws = Array.from({ length: 30 }, (_, i) => world.raw(server, { host: `45.8.8.${i + 1}` }))
  world.run(20)
  expect(raws.filter(({ isClosed }) => isClosed)).toHaveLength(20)
  expect(server.machine.stats()['refused.too-many-from-prefix']).toBe(20)
  expect(world.raw(server, { host: '45.8.9.1' }).greet().isClosed).toBe(false)
})

test('[T-73] nothing that strangers fill grows without a bound', () => {
  const world = new World()
  const server = world.server({
    limits: { unverifiedPerPeerMax: 50, unverifiedMax: 80, messagesPerSecond: 1e6, bytesPerSecond: 1e9 },
  })
  server.storeDelay = 100
  const raws = [world.raw(server).greet(), world.raw(server).greet(), world.raw(server).greet()]
  for (const raw of raws) {
    for (let i = 0; i < 500; i++) raw.put(raw.key.plain(`k${i}`, i, { time: world.now }))
  }
  world.run(10)
  expect(server.machine.stats()['now.unverified']).toBeLessThanOrEqual(80)
  expect(server.machine.stats()['refused.unverified']).toBeGreaterThan(1_000)
  world.run(5_000)
  const stats = server.machine.stats()
  expect(stats).toMatchObject({ 'now.unverified': 0, 'now.lanes': 0, 'now.effects': 0, 'now.requests': 0 })
  for (const raw of raws) world.close(raw, raw.channel, 'bye')
  world.run(100)
  expect(server.machine.stats()).toMatchObject({ 'now.sessions': 0, 'now.peers': 0, 'now.subscribers': 0 })
})

test('[T-73] a thousand connections that came and went leave nothing behind', () => {
  const world = new World()
  const server = world.server({ limits: { sessionsPerPrefixMax: 1e6 } })
  const client = world.client()
  client.connect(server)
  client.command({ kind: 'subscribe', key: 'k' })
  client.put('k', 1)
  world.run(5_000)
  const held = (): Record<string, number> =>
    Object.fromEntries(Object.entries(server.machine.stats()).filter(([name]) => name.startsWith('now.')))
  const before = held()
  for (let i = 0; i < 1_000; i++) {
    const raw = world.raw(server).greet()
    raw.send({ type: 'subscribe', id: `s${i}`, to: [], key: `k${i % 3}` })
    raw.put(raw.key.plain('k', i, { time: world.now }))
    world.run(20)
    world.close(raw, raw.channel, 'bye')
    world.run(20)
  }
  for (let i = 0; i < 100; i++) {
    world.cut(client, server)
    world.run(5_000)
  }
  world.run(120_000)
  expect(held()).toEqual(before)
  expect(client.peers).toEqual([server.peerId])
})

test('[T-73] records that wait for their verification are bounded in bytes, for each peer and together', () => {
  const world = new World()
  const limits = { unverifiedSizePerPeerMax: 50_000, unverifiedSizeMax: 80_000 }
  const server = world.server({ limits: { ...limits, messagesPerSecond: 1e6, bytesPerSecond: 1e9 } })
  server.storeDelay = 100
  const raws = [world.raw(server).greet(), world.raw(server).greet()]
  const waiting: number[] = []
  for (const raw of raws) {
    for (let i = 0; i < 30; i++) raw.put(raw.key.plain(`${raw.host} ${i}`, 'x'.repeat(10_000), { time: world.now }))
    world.run(10)
    waiting.push(server.machine.stats()['now.unverified'] ?? 0)
  }
  // Each record has some hundred bytes besides its value.
  expect(waiting).toEqual([4, 7])
  world.run(5_000)
  for (const raw of raws) raw.put(raw.key.plain(`${raw.host} later`, 'x'.repeat(60_000), { time: world.now }))
  world.run(5_000)
  for (const raw of raws) expect(server.rows.has(`${raw.host} later`)).toBe(true)
})

test('[T-73] answers that nobody asked for are counted and forgotten', () => {
  const world = new World()
  const server = world.server()
  const raw = world.raw(server).greet()
  for (let i = 0; i < 100; i++) {
    raw.send({ type: 'queryAck', id: `q${i}`, to: [], keys: ['k'] })
    raw.send({ type: 'functionReturn', id: `f${i}`, to: [], code: 'OK', return: 1 })
    raw.send({ type: 'ack', id: `a${i}`, to: [], code: 'OK' })
  }
  world.run(100)
  expect(server.machine.stats()).toMatchObject({ unasked: 200, 'now.requests': 0 })
})

test('[T-74] an honest shoal peer is told of each refusal by a stable code', () => {
  const world = new World()
  const server = world.server({ limits: { subscriptionsPerPeerMax: 1 } })
  const client = world.client()
  client.connect(server)
  world.run(200)
  const ask = (message: object): string | undefined => {
    const id = `test-${world.wire.length}`
    client.input((machine) => machine.sendText(server.peerId.slice(-20), JSON.stringify({ id, to: [], ...message })))
    world.run(100)
    const ack = client.eventsOf('message').find(({ message: { type, id: of } }) => type === 'ack' && of === id)
    return ack?.message.type === 'ack' ? ack.message.code : undefined
  }
  const key = new TestKey('author')
  const put = (data: object): string | undefined => ask({ type: 'put', data })
  const good = key.plain('k', 1, { time: world.now })
  expect(put(good)).toBe('OK')
  expect(put(good)).toBe('OK')
  expect(put(key.plain('k', 0, { time: world.now - 5_000 }))).toBe('SUPERSEDED')
  expect(put({ ...good, v: 2 })).toBe('InvalidHashNonce')
  expect(put(key.plain(':somebody.k', 1, { time: world.now }))).toBe('AddressMismatch')
  expect(put(key.plain('k', 3, { time: world.now + 60_000 }))).toBe('InvalidTimestamp')
  expect(put(key.plain('==n', 1, { time: world.now - 300_000 }))).toBe('ClaimTooOld')
  expect(put({ ...key.bound('k', 4, { time: world.now }), k: 'elsewhere' })).toBe('InvalidBinding')
  expect(ask({ type: 'get', key: 'missing' })).toBe('NOT_FOUND')
  expect(ask({ type: 'crdtGet', key: 'doc' })).toBe('NOT_FOUND')
  expect(ask({ type: 'subscribe', key: 'a' })).toBeUndefined()
  expect(ask({ type: 'subscribe', key: 'b' })).toBe('RATE_LIMITED')
  expect(ask({ type: 'explode' })).toBe('MALFORMED')
})

test('[T-75] a message id, a key or a client id out of a prototype is only a name', () => {
  const world = new World()
  const server = world.server()
  const raw = world.raw(server).greet()
  for (const name of ['__proto__', 'constructor', 'toString']) {
    raw.put(raw.key.plain(name, name, { time: world.now }), name)
    raw.send({ type: 'subscribe', id: name, to: [name], key: name })
    raw.send({ type: 'function', id: name, to: [], function: name, args: [] })
    raw.send({ type: 'get', id: name, to: [name], key: name })
  }
  world.run(200)
  for (const name of ['__proto__', 'constructor', 'toString']) expect(server.held(name)).toBe(name)
  expect(raw.ofType('functionReturn').map(({ code }) => code)).toEqual(['NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND'])
  expect(raw.isClosed).toBe(false)
})
