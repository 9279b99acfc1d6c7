import { expect, test } from 'vitest'
import { writtenValue } from '../../src/core/records/write.ts'
import { START, TestKey, World, type WorldNode } from './world.ts'

function joined(seed = 1): { world: World; a: WorldNode; b: WorldNode; client: WorldNode } {
  const world = new World(seed)
  const a = world.server()
  const b = world.server()
  const client = world.client()
  b.connect(a)
  client.connect(a)
  world.run(500)
  return { world, a, b, client }
}

test('[T-40] a put is stored here, acknowledged by the servers, and relayed to all of them', () => {
  const { world, a, b, client } = joined()
  const put = client.put('k', { v: 1 }, { confirm: 'all' })
  world.run(200)
  expect(put.result).toMatchObject({ kind: 'put', sent: 2, confirmed: 2 })
  for (const node of [client, a, b]) expect(node.held('k')).toEqual({ v: 1 })
})

test('[T-40] a put that fails to store is refused with the cause, and sent to nobody', () => {
  const { world, a, client } = joined()
  client.failCommits = true
  const put = client.put('k', 1)
  world.run(200)
  expect(put.result).toMatchObject({ kind: 'refused', code: 'STORE_FAILED', error: new Error('the disk is full') })
  expect(a.held('k')).toBeUndefined()
})

test('[T-40] a server that can’t store says so, and the record is sent to it again', () => {
  const { world, a, b, client } = joined()
  a.failCommits = true
  b.failCommits = true
  const put = client.put('k', 1, { confirm: 1, timeout: 60_000 })
  world.run(500)
  expect(put.result).toBeUndefined()
  a.failCommits = false
  world.run(3_000)
  expect(put.result).toMatchObject({ confirmed: 1 })
})

test('[T-41] what is put before a connection is there is queued, and sent to the first server', () => {
  const world = new World()
  const server = world.server()
  const client = world.client()
  const put = client.put('early', 'bird', { confirm: 1 })
  world.run(100)
  expect(put.result).toBeUndefined()
  client.connect(server)
  world.run(500)
  expect(server.held('early')).toBe('bird')
  expect(put.result).toMatchObject({ sent: 1, confirmed: 1 })
})

test('[T-41] a record on its way when the connection breaks is sent again to the next server', () => {
  const world = new World()
  const first = world.server()
  const second = world.server()
  const client = world.client()
  client.connect(first)
  world.run(200)
  first.isDown = true
  client.put('k', 1)
  world.run(100)
  world.kill(first)
  client.connect(second)
  world.run(500)
  expect(second.held('k')).toBe(1)
})

test('[T-42] a writer’s time comes behind what is held, also when two puts fall into one millisecond', () => {
  const { world, a, client } = joined()
  const author = { signer: 'user', address: client.user.address }
  for (const value of ['first', 'second', 'third']) {
    client.command({ kind: 'put', key: 'k', value: writtenValue(value), author, confirm: 0, timeout: 0 })
  }
  world.run(200)
  expect(client.held('k')).toBe('third')
  expect(a.held('k')).toBe('third')
})

test('[T-43] two puts on one key at once end right whatever order the store answers in', () => {
  const world = new World()
  const server = world.server()
  server.storeDelay = 20
  const raws = [world.raw(server).greet(), world.raw(server).greet()]
  const author = new TestKey('author')
  raws[0]?.put(author.plain('k', 'newer', { time: START + 2 }))
  raws[1]?.put(author.plain('k', 'older', { time: START + 1 }))
  world.run(30)
  server.storeDelay = 0
  world.run(500)
  expect(server.held('k')).toBe('newer')
  expect(server.machine.stats()['now.lanes']).toBe(0)
})

test('[T-43] a row that another process changed in between is read again', () => {
  const world = new World()
  const server = world.server()
  const raw = world.raw(server).greet()
  server.storeDelay = 20
  const author = new TestKey('author')
  raw.put(author.plain('k', 'ours', { time: START + 5 }))
  world.run(30)
  // Between our load and our commit somebody else wrote a newer one.
  const other = author.plain('k', 'theirs', { time: START + 9 })
  server.rows.set('k', { value: JSON.stringify(other), version: 'theirs' })
  world.run(500)
  expect(server.held('k')).toBe('theirs')
})

test('[T-44] every record is verified in full, whatever proof of work is asked for', () => {
  for (const pow of [0, null]) {
    const world = new World()
    const server = world.server({ config: { pow } })
    const raw = world.raw(server).greet()
    const victim = new TestKey('victim')
    const good = victim.plain(`:${victim.address}.name`, 'honest', { time: world.now })
    raw.put(good)
    world.run(50)
    const forged: object[] = [
      { ...good, v: 'forged', t: good.t + 1 },
      { ...good, v: 'forged' },
      { ...good, s: 'ab'.repeat(64), t: good.t + 2 },
      raw.key.plain(`:${victim.address}.name`, 'foreign', { time: world.now + 5 }),
      // A digit moved from the time to the nonce.
      { ...good, t: Number(`${good.t}`.slice(0, 12)), n: Number(`${good.t}`.slice(12) + good.n) },
      victim.plain(`:${victim.address}.name`, 'from tomorrow', { time: world.now + 86_400_000 }),
    ]
    for (const record of forged) {
      const sender = world.raw(server).greet()
      sender.put(record)
      world.run(50)
    }
    expect(server.held(good.k)).toBe('honest')
  }
})

test('[T-44] a bound record is taken nowhere but at its key, with its type, in its topic', () => {
  const world = new World()
  const server = world.server()
  const author = new TestKey('author')
  const record = author.bound('here', 'bound', { time: world.now })
  const raw = world.raw(server).greet()
  raw.put({ ...record, k: 'elsewhere' })
  raw.put({ ...record, c: 'DEL' })
  raw.put(author.bound('other', 1, { time: world.now, topic: 'another topic' }))
  raw.put(record)
  world.run(100)
  expect([...server.rows.keys()]).toEqual(['here'])
  expect(server.machine.stats()['records.InvalidBinding']).toBe(3)
})

test('[T-44] strict servers refuse plain records, and say so to shoal peers', () => {
  const world = new World()
  const server = world.server({ config: { records: 'strict' } })
  const raw = world.raw(server).greet()
  raw.put(raw.key.plain('k', 1, { time: world.now }))
  raw.put(raw.key.bound('b', 1, { time: world.now }))
  world.run(100)
  expect([...server.rows.keys()]).toEqual(['b'])
})

test('[T-45] custom verification sees the record and what was there, and its refusal is told to the author', () => {
  const { world, a, b, client } = joined()
  const seen: unknown[] = []
  a.input((machine) => machine.addVerifier('guarded-', 1))
  a.verifier = (record, previous) => {
    seen.push([record.v, previous?.v])
    return record.v !== 'bad'
  }
  client.put('guarded-x', 'good')
  world.run(100)
  const bad = client.put('guarded-x', 'bad', { confirm: 'all' })
  client.put('free', 'bad')
  world.run(300)
  expect(seen).toEqual([
    ['good', undefined],
    ['bad', 'good'],
    // What the other server took and passed on is judged here again.
    ['bad', 'good'],
  ])
  expect(a.held('guarded-x')).toBe('good')
  expect(a.held('free')).toBe('bad')
  expect(b.held('guarded-x')).toBe('bad')
  expect(bad.result).toMatchObject({ sent: 2, confirmed: 1 })
})

test('[T-46] a record that changes nothing is not relayed, and its author learns what is held', () => {
  const { world, a, b } = joined()
  const author = new TestKey('author')
  const plain = world.raw(a).greet()
  const newer = author.plain('k', 'newer', { time: world.now })
  plain.put(newer)
  world.run(100)
  const sent = world.wire.length
  const other = world.raw(a).greet()
  other.put(newer)
  other.put(author.plain('k', 'older', { time: START - 1_000 }))
  world.run(200)
  const puts = world.wire.slice(sent).filter(({ from, text }) => from === a.host && text.includes('"type":"put"'))
  expect(puts).toHaveLength(1)
  expect(other.ofType('put')[0]).toMatchObject({ data: { v: 'newer' } })
  expect(b.held('k')).toBe('newer')
})

test('[T-46] a record goes to each peer once, with a message id that is new, and not back to its sender', () => {
  const { world, a } = joined()
  const [writer, reader] = [world.raw(a).greet(), world.raw(a).greet()]
  reader.send({ type: 'subscribe', id: 's1', to: [], key: 'k' })
  world.run(50)
  const ids = new Set<string>()
  for (let i = 0; i < 3; i++) {
    writer.put(writer.key.plain('k', i, { time: world.now + i }))
    world.run(50)
  }
  for (const message of reader.ofType('put')) ids.add(message.id)
  expect(reader.ofType('put').map((message) => (message['data'] as { v: unknown }).v)).toEqual([0, 1, 2])
  expect(ids.size).toBe(3)
  expect(writer.ofType('put')).toEqual([])
})

test('[T-47] a frozen name belongs to the earliest claim, and a claim dated back is refused', () => {
  const { world, a, client } = joined()
  const [owner, thief] = [new TestKey('owner'), new TestKey('thief')]
  const raw = world.raw(a).greet()
  raw.put(owner.plain('==name', 'owner', { time: world.now }))
  world.run(50)
  raw.put(thief.plain('==name', 'thief', { time: 1_000_000_000_000 }))
  raw.put(thief.plain('==name', 'late', { time: world.now }))
  raw.put(owner.plain('==name', 'updated', { time: world.now + 1 }))
  world.run(100)
  expect(a.held('==name')).toBe('updated')
  expect(a.machine.stats()['records.ClaimTooOld']).toBe(1)
  const conflict = a.eventsOf('name-conflict')[0]?.conflict
  expect(conflict).toMatchObject({ username: '==name', winner: 'local', remoteAddress: thief.address })
  const put = client.put('==name', 'mine')
  world.run(100)
  // Not known here, so it is stored here; the server keeps the owner's, and says so.
  expect(put.result).toMatchObject({ kind: 'put' })
  expect(a.held('==name')).toBe('updated')
  world.run(200)
  const again = client.put('==name', 'mine again')
  world.run(100)
  expect(client.held('==name')).toBe('updated')
  expect(again.result).toMatchObject({ kind: 'refused', code: 'CantOverwrite' })
})

test('[T-47] a name that is known here is taken', () => {
  const { world, client } = joined()
  const author = { signer: 'user', address: client.user.address }
  const claim = (value: string): ReturnType<WorldNode['command']> =>
    client.command({
      kind: 'put',
      key: '==alice',
      value: writtenValue(value),
      author,
      onlyIfFree: true,
      confirm: 0,
      timeout: 0,
    })
  const first = claim('one')
  const second = claim('two')
  world.run(100)
  expect(first.result).toMatchObject({ kind: 'put' })
  expect(second.result).toMatchObject({ kind: 'refused', code: 'NAME_TAKEN' })
})

test('[T-49] a value over the limit is refused with TOO_LARGE, here and there', () => {
  const world = new World()
  const server = world.server({ limits: { valueSizeMax: 1_000 } })
  const client = world.client()
  client.connect(server)
  world.run(200)
  const put = client.put('big', 'x'.repeat(10_000), { confirm: 'all' })
  world.run(200)
  expect(put.result).toMatchObject({ sent: 1, confirmed: 0 })
  expect(server.held('big')).toBeUndefined()
  expect(server.machine.stats()['refused.too-large']).toBe(1)
  const small = world.client({ limits: { valueSizeMax: 10 } }).put('big', 'x'.repeat(100))
  world.run(10)
  expect(small.result).toEqual({ kind: 'refused', code: 'TOO_LARGE' })
})

test('[T-40] what was sent to plain servers only counts as sent, and as confirmed by none', () => {
  const world = new World()
  const node = world.server()
  world.raw(node).greet({ isServer: true })
  const all = node.put('k', 1, { confirm: 'all' })
  world.run(50)
  expect(all.result).toMatchObject({ kind: 'put', sent: 1, confirmed: 0 })
  const none = node.put('k', 2)
  world.run(50)
  expect(none.result).toMatchObject({ kind: 'put', sent: 1, confirmed: 0 })
  expect(node.machine.stats()['now.outbox']).toBe(0)
})

test('[T-88] a confirmation that plain servers can’t give is waited for until the time is over', () => {
  const world = new World()
  const node = world.server()
  world.raw(node).greet({ isServer: true })
  const put = node.put('k', 1, { confirm: 1, timeout: 2_000 })
  world.run(1_900)
  expect(put.result).toBeUndefined()
  world.run(200)
  expect(put.result).toMatchObject({ kind: 'put', sent: 1, confirmed: 0 })
})
