import { expect, test } from 'vitest'
import { hold, joined } from './reading-world.ts'
import { START, TestKey, World, type WorldNode } from './world.ts'

test('[T-50] a get brings the first record that a server has, and stores it', () => {
  const { world, b, client } = joined()
  hold(b, 'k', 'there')
  const get = client.get('k')
  world.run(100)
  expect(get.result).toMatchObject({ kind: 'get', record: { v: 'there' }, complete: true })
  expect(client.held('k')).toBe('there')
})

test('[T-125] a read is answered as soon as its record is verified, and does not wait until that is kept here', () => {
  const { world, b, client } = joined()
  hold(b, 'k', 'there')
  client.storeDelay = 300
  const get = client.get('k', 5_000)
  // Two reads of the store go before: whether it is here, and what stands there.
  world.run(700)
  expect(get.result).toMatchObject({ kind: 'get', record: { v: 'there' }, complete: true })
  expect(client.held('k')).toBeUndefined()
  world.run(300)
  expect(client.held('k')).toBe('there')
  expect(client.eventsOf('result')).toHaveLength(1)
})

test('[T-125] a store that keeps nothing takes nothing from a reader; what does not hold is no answer', () => {
  const { world, b, client } = joined()
  hold(b, 'k', 'there')
  client.failCommits = true
  const get = client.get('k')
  const record = new TestKey('author').plain('forged', 1, { time: START })
  b.rows.set('forged', { value: JSON.stringify({ ...record, s: 'ff' }), version: 'v' })
  const forged = client.get('forged', 5_000)
  world.run(200)
  expect(get.result).toMatchObject({ record: { v: 'there' } })
  expect(client.held('k')).toBeUndefined()
  expect(forged.result).toMatchObject({ record: undefined })
})

test('[T-50] the first answer is given at once, and a newer one that comes later is kept for the next read', () => {
  const { world, a, b, client } = joined()
  hold(a, 'k', 'old')
  hold(b, 'k', 'new', START + 10)
  b.storeDelay = 100
  const first = client.get('k')
  world.run(50)
  expect(first.result).toMatchObject({ record: { v: 'old' }, complete: true })
  world.run(500)
  expect(client.held('k')).toBe('new')
  const second = client.get('k')
  world.run(5)
  expect(second.result).toMatchObject({ record: { v: 'new' } })
  world.run(2_000)
  // Both were asked, so neither answer is one that nobody asked for; and once both have come nothing waits for more.
  expect(client.machine.stats()).toMatchObject({ 'now.requests': 0, 'now.requests-late': 0 })
  expect(client.machine.stats()['refused.unasked-record']).toBeUndefined()
  expect(client.eventsOf('result')).toHaveLength(2)
})

test('[T-50] a later answer that is older, forged or the same changes nothing', () => {
  const { world, a, b, client } = joined()
  const author = new TestKey('author')
  const later: unknown[] = []
  b.storeDelay = 100
  for (const [key, record] of [
    ['older', author.plain('older', 'older', { time: START - 10 })],
    ['forged', { ...author.plain('forged', 'v', { time: START + 10 }), v: 'forged' }],
    ['same', author.plain('same', 'first', { time: START })],
  ] as const) {
    hold(a, key, 'first')
    b.rows.set(key, { value: JSON.stringify(record), version: 'x' })
    later.push(client.get(key))
  }
  world.run(2_000)
  for (const get of later) expect(get).toMatchObject({ result: { record: { v: 'first' }, complete: true } })
  for (const key of ['older', 'forged', 'same']) expect(client.held(key)).toBe('first')
  expect(client.machine.stats()).toMatchObject({ 'now.requests-late': 0, 'records.InvalidHashNonce': 1 })
})

test('[T-50] what comes after the time-out is kept too, as long as its server is there, and a bounded number is waited for', () => {
  const { world, a, b, client } = joined()
  hold(a, 'k', 'late')
  a.storeDelay = b.storeDelay = 3_000
  const get = client.get('k', 1_000)
  world.run(1_100)
  expect(get.result).toMatchObject({ record: undefined, complete: false })
  world.run(8_000)
  expect(client.held('k')).toBe('late')
  for (let i = 0; i < 2_000; i++) client.get(`missing ${i}`, 10)
  world.run(100)
  expect(client.machine.stats()).toMatchObject({ 'now.requests': 0, 'now.requests-late': 1_024 })
  world.kill(a)
  world.kill(b)
  world.run(100)
  expect(client.machine.stats()['now.requests-late']).toBe(0)
})

test('[T-50] when all servers say no the answer is final at once; with none connected it waits for one', () => {
  const { world, client } = joined()
  const missing = client.get('missing', 60_000)
  world.run(200)
  expect(missing.result).toEqual({ kind: 'get', record: undefined, complete: true })
  const lonely = world.client()
  const late = lonely.get('k', 5_000)
  const server = world.server()
  hold(server, 'k', 'late')
  world.run(1_000)
  lonely.connect(server)
  world.run(500)
  expect(late.result).toMatchObject({ record: { v: 'late' } })
  const never = world.client().get('k', 1_000)
  world.run(1_001)
  expect(never.result).toEqual({ kind: 'get', record: undefined, complete: false })
})

test('[T-51] a server that has none asks the others, and gives the asker what it verified', () => {
  const world = new World()
  const [a, b, c] = [world.server(), world.server(), world.server()]
  b.connect(a)
  c.connect(a)
  world.run(1_000)
  const plain = world.raw(a).greet()
  hold(c, 'k', 'far away')
  const forged = { ...new TestKey('author').plain('bad', 'true', { time: START }), v: 'forged' }
  b.rows.set('bad', { value: JSON.stringify(forged), version: 'x' })
  plain.send({ type: 'get', id: 'g1', to: [], key: 'k' })
  plain.send({ type: 'get', id: 'g2', to: [], key: 'bad' })
  world.run(4_000)
  expect(plain.ofType('put')).toHaveLength(1)
  expect(plain.ofType('put')[0]).toMatchObject({ id: 'g1', data: { v: 'far away' } })
  expect(a.held('k')).toBe('far away')
  expect(a.held('bad')).toBeUndefined()
  expect(a.machine.stats()['now.relayed-gets']).toBe(0)
})

test('[T-51] a question goes through a mesh of servers once, not in storms', () => {
  const world = new World()
  const servers = Array.from({ length: 6 }, () => world.server())
  for (const server of servers.slice(1)) server.connect(servers[0] as WorldNode)
  world.run(5_000)
  for (const server of servers) expect(server.peers).toHaveLength(5)
  const client = world.client()
  client.connect(servers[0] as WorldNode)
  world.run(1_000)
  const before = world.wire.length
  const get = client.get('missing', 10_000)
  world.run(5_000)
  expect(get.result).toMatchObject({ complete: true })
  const gets = world.wire.slice(before).filter(({ text }) => text.includes('"type":"get"'))
  expect(gets.length).toBeLessThanOrEqual(6 + 6 * 5)
})

test('[T-51] gets that wait for other servers are bounded', () => {
  const world = new World()
  const a = world.server({ limits: { relayedGetsPerPeerMax: 5 } })
  const b = world.server()
  b.connect(a)
  world.run(500)
  b.storeDelay = 1_000
  const raw = world.raw(a).greet()
  for (let i = 0; i < 20; i++) raw.send({ type: 'get', id: `g${i}`, to: [], key: `missing${i}` })
  world.run(200)
  expect(a.machine.stats()).toMatchObject({ 'now.relayed-gets': 5, 'refused.relayed-gets': 15 })
  world.run(10_000)
  expect(a.machine.stats()['now.relayed-gets']).toBe(0)
})

test('[T-52] a client adopts nothing that it did not ask for', () => {
  const { world, a, client } = joined()
  const author = new TestKey('author')
  expect(client.peers).toHaveLength(2)
  a.input((machine) => {
    const record = author.plain('pushed', 1, { time: world.now })
    machine.sendRaw(world.now, { type: 'put', id: 'p1', to: [], data: record })
  })
  world.run(100)
  expect(client.held('pushed')).toBeUndefined()
  expect(client.machine.stats()['refused.unasked-record']).toBe(1)
})

test('[T-54] subscriptions bring what there is, then each change at once, also after a reconnection', () => {
  const { world, a, b, client } = joined()
  hold(a, 'news', 'before')
  const seen: unknown[] = []
  client.input((machine) => machine.addListener('news'))
  client.command({ kind: 'subscribe', key: 'news' })
  world.run(300)
  b.put('news', 'one')
  world.run(300)
  world.kill(a)
  world.run(1_000)
  b.put('news', 'two')
  world.run(300)
  b.put('news-flash', 'by prefix')
  world.run(300)
  for (const { record } of client.eventsOf('notify')) seen.push(record.v)
  expect(seen).toEqual(['before', 'one', 'two', 'by prefix'])
})

test('[T-54] a client acknowledges nothing of what it is told, but says so where it refuses it', () => {
  const { world, a, client } = joined()
  client.command({ kind: 'subscribe', key: 'news' })
  world.run(300)
  const acks = (): readonly string[] =>
    world.wire
      .filter(({ from, text }) => from === client.host && text.includes('"type":"ack"'))
      .map(({ text }) => (JSON.parse(text) as { code: string }).code)
  a.put('news', 'one')
  world.run(300)
  expect(client.rows.get('news')?.value).toContain('"one"')
  expect(acks()).toEqual([])
  world.tampers.set(a.host, (text) => text.replace('"two"', '"forged"'))
  a.put('news', 'two')
  world.run(300)
  expect(client.rows.get('news')?.value).toContain('"one"')
  expect(acks()).toEqual(['InvalidHashNonce'])
})

test('[T-54] a plain peer’s subscription is exact, and goes with its connection', () => {
  const { world, a } = joined()
  const plain = world.raw(a).greet()
  plain.send({ type: 'subscribe', id: 's', to: [], key: 'news' })
  world.run(50)
  a.put('news', 1)
  a.put('news-flash', 2)
  world.run(100)
  expect(plain.ofType('put').map(({ data }) => (data as { k: string }).k)).toEqual(['news'])
  expect(a.machine.stats()['now.subscribers']).toBe(1)
  world.close(plain, plain.channel, 'bye')
  world.run(100)
  expect(a.machine.stats()['now.subscribers']).toBe(0)
})

test('[T-55] who subscribes is told of the server that refuses', () => {
  const world = new World()
  const server = world.server({ limits: { subscriptionsPerPeerMax: 2 } })
  const client = world.client()
  client.connect(server)
  world.run(500)
  for (const key of ['a', 'b', 'c']) client.command({ kind: 'subscribe', key })
  world.run(100)
  const refusal = { kind: 'subscription', key: 'c', code: 'RATE_LIMITED', peerId: server.peerId }
  expect(client.eventsOf('refused')).toEqual([{ kind: 'refused', refusal }])
  expect(client.machine.stats()['subscriptions.refused']).toBe(1)
})

test('[T-55] a flood of subscriptions ends at the limit', () => {
  const world = new World()
  const server = world.server({ limits: { subscriptionsPerPeerMax: 100 } })
  const raw = world.raw(server).greet()
  for (let i = 0; i < 1_000; i++) raw.send({ type: 'subscribe', id: `s${i}`, to: [], key: `k${i}` })
  world.run(1_000)
  expect(server.machine.stats()['refused.subscriptions']).toBe(900)
  server.put('k50', 'within')
  server.put('k500', 'beyond')
  world.run(100)
  expect(raw.ofType('put')).toHaveLength(1)
})

test('[T-56] a listener is called at once, then at most every 100 ms, and ends with the newest', () => {
  const world = new World()
  const client = world.client()
  client.input((machine) => machine.addListener('a'))
  const times: [number, unknown][] = []
  for (let i = 0; i < 20; i++) {
    client.put('a1', i)
    world.run(10)
  }
  world.run(1_000)
  expect(client.eventsOf('notify').length).toBeLessThanOrEqual(4)
  for (const { record } of client.eventsOf('notify')) times.push([record.t, record.v])
  expect(times[0]?.[1]).toBe(0)
  expect(times.at(-1)?.[1]).toBe(19)
})

test('[T-56] a removed listener is never called again, and those that wait are bounded', () => {
  const world = new World()
  const client = world.client({ limits: { listenersMax: 2 } })
  let id: number | undefined
  client.input((machine) => {
    id = machine.addListener('a')
    machine.addListener('b')
    expect(machine.addListener('c')).toBeUndefined()
  })
  client.put('a', 1)
  world.run(10)
  client.put('a', 2)
  client.input((machine) => machine.removeListener(id as number))
  world.run(1_000)
  expect(client.eventsOf('notify')).toHaveLength(1)
  expect(client.machine.stats()['now.listeners']).toBe(1)
})

test('[T-57] a function is run by the servers, and the first that has it answers', () => {
  const { world, a, b, client } = joined()
  b.input((machine) => machine.addFunction('sum'))
  b.functions.set('sum', (args) => (args as number[]).reduce((sum, value) => sum + value, 0))
  a.input((machine) => machine.addFunction('fail'))
  a.functions.set('fail', () => {
    throw new Error('the password of the database is hunter2')
  })
  const call = (name: string, args: unknown): ReturnType<WorldNode['command']> =>
    client.command({ kind: 'function', name, args, timeout: 2_000 })
  const [sum, fail, missing] = [call('sum', [1, 2, 3]), call('fail', {}), call('missing', {})]
  world.run(200)
  expect(sum.result).toEqual({ kind: 'function', code: 'OK', value: 6 })
  expect(fail.result).toEqual({ kind: 'function', code: 'ERR', value: 'Function failed' })
  expect(missing.result).toMatchObject({ code: 'NOT_FOUND' })
  const nobody = world.client().command({ kind: 'function', name: 'sum', args: [], timeout: 1_000 })
  world.run(1_001)
  expect(nobody.result).toEqual({ kind: 'function', code: 'ERR', value: 'Timed out' })
})

test('[T-57] functions in flight and the size of their arguments are bounded', () => {
  const world = new World()
  const server = world.server({ limits: { functionsPerPeerMax: 3, functionArgumentsSizeMax: 1_000 } })
  server.input((machine) => machine.addFunction('slow'))
  const raw = world.raw(server).greet()
  for (let i = 0; i < 10; i++) raw.send({ type: 'function', id: `f${i}`, to: [], function: 'slow', args: [] })
  raw.send({ type: 'function', id: 'big', to: [], function: 'slow', args: 'x'.repeat(2_000) })
  world.run(100)
  expect(server.machine.stats()).toMatchObject({ 'refused.function-arguments': 1 })
  expect(raw.ofType('functionReturn').filter(({ code }) => code === 'ERR').length).toBeGreaterThan(0)
  expect(server.machine.stats()['now.functions']).toBe(0)
})

test('[T-50] a client that holds an old value asks for the next read, once at a time, and not where it subscribed', () => {
  const { world, a, client } = joined()
  hold(a, 'k', 'old')
  client.get('k')
  world.run(100)
  hold(a, 'k', 'new', START + 10)
  const gets = (): number =>
    world.wire.filter(({ from, text }) => from === client.host && text.includes('"type":"get"')).length
  const before = gets()
  const [first] = Array.from({ length: 50 }, () => client.get('k'))
  world.run(100)
  expect(first?.result).toMatchObject({ record: { v: 'old' } })
  expect(client.held('k')).toBe('new')
  expect(gets() - before).toBe(2)
  client.command({ kind: 'subscribe', key: 'k' })
  world.run(100)
  client.get('k')
  world.run(100)
  expect(gets() - before).toBe(2)
})
