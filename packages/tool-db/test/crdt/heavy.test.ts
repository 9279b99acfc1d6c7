/** Short messages that make long reads. */
import { expect, test } from 'vitest'
import { TestKey, World } from '../node/world.ts'

const MEGABYTE = 1_000_000

function set(key: TestKey, k: string, v: unknown = 1): object {
  return { t: 'SET', k, a: key.address, v, i: 1 }
}

test('[CR-44] who changes a long document and reads it as a plain peer, in turn, has few of them made; it is there in the end', () => {
  const world = new World()
  const server = world.server()
  const [raw, author] = [world.raw(server).greet(), new TestKey('author')]
  const put = (name: string, value: unknown = 1): void => {
    const data = author.plain('doc', [set(author, name, value)], { time: world.now, type: 'MAP' })
    raw.send({ type: 'crdtPut', id: raw.freshId(), to: [], data })
    world.run(10)
  }
  for (let i = 0; i < 4; i++) put(`long${i}`, 'x'.repeat(80_000))
  for (let i = 0; i < 300; i++) {
    put(`short${i}`)
    raw.send({ type: 'crdtGet', id: raw.freshId(), to: [], key: 'doc' })
  }
  world.run(30_000)
  const documents = (): unknown[] => raw.ofType('crdtPut').map(({ data }) => (data as { h: string }).h)
  // Five seconds, with those of the burst, of 4 MB each.
  expect(new Set(documents()).size).toBeLessThan((5 * 4.1 * MEGABYTE) / 320_000)
  raw.send({ type: 'crdtGet', id: 'last', to: [], key: 'doc' })
  world.run(1_000)
  const last = raw.ofType('crdtPut').find(({ id }) => id === 'last')?.['data'] as { v: unknown[] }
  expect(last.v).toHaveLength(304)
})

test('[CR-44] all who ask at once get the one document that is made', () => {
  const world = new World()
  const server = world.server()
  const [raw, author] = [world.raw(server).greet(), new TestKey('author')]
  for (const name of ['a', 'b']) {
    raw.put(author.plain('doc', [set(author, name)], { time: world.now, type: 'MAP' }))
    world.run(50)
  }
  const askers = Array.from({ length: 20 }, () => world.raw(server).greet())
  for (const asker of askers) asker.send({ type: 'crdtGet', id: asker.freshId(), to: [], key: 'doc' })
  world.run(100)
  const documents = askers.flatMap((asker) => asker.ofType('crdtPut').map(({ data }) => (data as { h: string }).h))
  expect(documents).toHaveLength(20)
  expect(new Set(documents).size).toBe(1)
  expect(server.machine.stats()['crdt.merged']).toBe(1)
})

test('[CR-47] a thousand invented authors do not leave a plain peer without any document', () => {
  const world = new World()
  const server = world.server({ limits: { valueSizeMax: 64 * 1024 } })
  const raw = world.raw(server).greet()
  for (let i = 0; i < 300; i++) {
    const author = new TestKey(`author ${i}`)
    raw.put(author.plain('doc', [set(author, `k${i}`)], { time: world.now, type: 'MAP' }))
    world.run(5)
  }
  raw.send({ type: 'crdtGet', id: 'get', to: [], key: 'doc' })
  world.run(1_000)
  const document = raw.ofType('crdtPut').find(({ id }) => id === 'get')?.['data'] as { v: unknown[] } | undefined
  expect(document?.v.length).toBeGreaterThan(50)
})

test('[CR-45] the index row of a key stays short, however many types are invented there', () => {
  const world = new World()
  const server = world.server()
  const [raw, author] = [world.raw(server).greet(), new TestKey('author')]
  for (let i = 0; i < 200; i++) {
    raw.put(author.plain('doc', [{ a: author.address, i }], { time: world.now, type: `TYPE-${i}` }))
  }
  raw.put(author.plain('doc', [set(author, 'x')], { time: world.now, type: 'MAP' }))
  world.run(500)
  expect(server.machine.stats()['records.stored']).toBe(201)
  const index = JSON.parse(server.rows.get('\u0000crdt-index:doc')?.value ?? '') as { kinds: string[] }
  expect(index.kinds).toEqual(['TYPE-0', 'MAP'])
})

test('[CR-46] short sets to many long documents that are out of memory are paced, and refused beyond that; others are served', () => {
  const world = new World()
  const server = world.server({ limits: { crdtCacheSizeMax: 0 } })
  const [raw, author, good] = [world.raw(server).greet(), new TestKey('author'), world.raw(server).greet()]
  const keys = Array.from({ length: 12 }, (_, i) => `doc${i}`)
  const put = (key: string, name: string, value: unknown = 1): void => {
    raw.put(author.plain(key, [set(author, name, value)], { time: world.now, type: 'MAP' }))
  }
  for (const key of keys) {
    for (let i = 0; i < 4; i++) {
      put(key, `long${i}`, 'x'.repeat(250_000))
      world.run(1_000)
    }
  }
  const before = server.machine.stats()['records.stored'] ?? 0
  const stored = (): number => (server.machine.stats()['records.stored'] ?? 0) - before
  for (let i = 0; i < 20; i++) for (const key of keys) put(key, `short${i}`)
  good.put(good.key.plain('k', 1, { time: world.now }))
  world.run(100)
  expect(server.held('k')).toBe(1)
  expect(stored()).toBeLessThan((2.2 * 4.1 * MEGABYTE) / MEGABYTE + 2)
  world.run(120_000)
  expect(server.machine.stats()['records.TOO_BUSY']).toBeGreaterThan(0)
  expect(stored()).toBeGreaterThan(10)
})

test('[CR-48] pages of a long document, asked for over and over, are read at a rate; others are served meanwhile', () => {
  const ask = [
    (id: string) => ({ type: 'crdtGet', id, to: [], key: 'doc' }),
    (id: string) => ({ type: 'subscribe', id, to: [], key: 'doc' }),
  ]
  for (const question of ask) {
    const world = new World()
    const server = world.server()
    const [raw, author] = [world.raw(server).greet(), new TestKey('author')]
    for (let i = 0; i < 4; i++) {
      const data = author.plain('doc', [set(author, `long${i}`, 'x'.repeat(100_000))], { time: world.now, type: 'MAP' })
      raw.send({ type: 'crdtPut', id: raw.freshId(), to: [], data })
      world.run(10)
    }
    const [greedy, honest] = [world.client(), world.client()]
    for (const client of [greedy, honest]) client.connect(server)
    world.run(500)
    world.wire.length = 0
    // It would be told that nobody asked.
    greedy.deliver = () => undefined
    let asked = 0
    const flood = (): void => {
      for (let i = 0; i < 10; i++) {
        const text = JSON.stringify(question(`flood${asked++}`))
        greedy.input((machine) => machine.sendText(server.machine.clientId, text))
      }
      if (asked < 2_000) world.at(20, flood)
    }
    flood()
    world.run(1_000)
    const read = honest.command({ kind: 'crdt-get', key: 'doc', type: 'MAP', known: new Set(), timeout: 1_000 })
    world.run(2_000)
    const sent = world.wire.filter(({ from, to }) => from === server.host && to === greedy.host)
    const length = sent.reduce((sum, { text }) => sum + text.length, 0)
    // Three seconds of what a peer may have, what all may, and the bursts.
    expect(length).toBeLessThan(80 * MEGABYTE)
    expect(read.result).toMatchObject({ complete: true })
  }
})
