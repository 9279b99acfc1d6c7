/** Frozen names: whoever is late dates his claim early. */

import { expect, test } from 'vitest'
import { TestKey, World } from '../node/world.ts'
import { scene } from './scene.ts'

test('[T-103] a claim dated before the owner’s is refused, plain or bound, by a second or by decades', () => {
  const { world, server, victim, put, count } = scene()
  const thief = new TestKey('thief')
  world.run(10 * 60_000)
  expect(put(victim.bound('==name', 'owner', { time: world.now }))).toBe('OK')
  for (const time of [1_000_000_000_000, world.now - 120_001 - 1_000, world.now - 3_600_000]) {
    expect(put(thief.plain('==name', 'thief', { time }))).toBe('ClaimTooOld')
    expect(put(thief.bound('==name', 'thief', { time }))).toBe('ClaimTooOld')
  }
  expect(server.held('==name')).toBe('owner')
  expect(count('records.ClaimTooOld')).toBe(6)
})

test('[T-103] a claim within the two minutes that an honest clock may be behind is kept and said, and the earlier owns', () => {
  const { world, server, victim, put, count } = scene()
  expect(put(victim.plain('==name', 'owner', { time: world.now }))).toBe('OK')
  const late = new TestKey('late')
  expect(put(late.plain('==name', 'late', { time: world.now }))).toBe('SUPERSEDED')
  expect(server.held('==name')).toBe('owner')
  expect(server.eventsOf('name-conflict')).toMatchObject([
    { conflict: { winner: 'local', localAddress: victim.address, remoteAddress: late.address } },
  ])
  expect(count('names.contested')).toBe(1)
})

test('[T-103] a name that somebody holds is not written by others, however new their record, and not by its deletion', () => {
  const { world, server, victim, put } = scene()
  expect(put(victim.bound('==name', 'owner', { time: world.now }))).toBe('OK')
  const thief = new TestKey('thief')
  expect(put(thief.bound('==name', 'thief', { time: world.now + 20_000 }))).toBe('SUPERSEDED')
  expect(put(thief.bound('==name', null, { time: world.now + 20_000, type: 'DEL' }))).not.toBe('OK')
  expect(server.held('==name')).toBe('owner')
})

test('[T-103] a hundred claims of one name cost a bounded row, and the owner stays', () => {
  const { world, server, victim, put, count } = scene()
  expect(put(victim.plain('==name', 'owner', { time: world.now }))).toBe('OK')
  const codes = Array.from({ length: 100 }, (_, i) =>
    put(new TestKey(`claim ${i}`).plain('==name', 'x'.repeat(100), { time: world.now })),
  )
  expect(codes.filter((code) => code === 'SUPERSEDED')).toHaveLength(8)
  expect(codes.filter((code) => code === 'CantOverwrite')).toHaveLength(92)
  expect(server.held('==name')).toBe('owner')
  expect(server.rows.get('\u0000claims:==name')?.value.length).toBeLessThan(20_000)
  expect(count('records.CantOverwrite')).toBe(92)
})

test('[T-103] claims with long values cost no long row: beside the owner only short ones are kept', () => {
  const { world, server, victim, put, count } = scene()
  expect(put(victim.bound('==name', 'x'.repeat(50_000), { time: world.now }))).toBe('OK')
  const [short, long] = [new TestKey('short'), new TestKey('long')]
  expect(put(long.bound('==name', 'x'.repeat(50_000), { time: world.now + 1 }))).toBe('CantOverwrite')
  expect(put(short.bound('==name', 'mine', { time: world.now + 1 }))).toBe('SUPERSEDED')
  expect(put(short.bound('==name', 'x'.repeat(50_000), { time: world.now + 2 }))).toBe('CantOverwrite')
  expect(server.held('==name')).toHaveLength(50_000)
  expect(server.rows.get('\u0000claims:==name')?.value.length).toBeLessThan(60_000 * 2)
  expect(count('records.CantOverwrite')).toBe(2)
  // Who turns out to be the earlier one has the name, and what he displaces has no more room than any other claim.
  const earlier = new TestKey('earlier')
  expect(put(earlier.bound('==name', 'first', { time: world.now - 60_000 }))).toBe('OK')
  expect(server.held('==name')).toBe('first')
  expect(server.rows.get('\u0000claims:==name')?.value.length).toBeLessThan(5_000)
})

test('[T-103] short writes to a name of long rows are slowed down by what they cost, and nobody else is', () => {
  const { world, server, count } = scene({ limits: { messagesPerSecond: 1e6 } })
  const [storm, good] = [world.raw(server).greet(), world.raw(server).greet()]
  const time = world.now
  storm.put(storm.key.plain('==name', 'x'.repeat(500_000), { time }))
  world.run(100)
  for (let i = 1; i <= 200; i++) {
    storm.put(storm.key.plain('==name', i, { time: time + i }))
    // Half of them at once, the others one after the other.
    if (i > 100) world.run(1)
  }
  good.put(good.key.plain('==other', 'mine', { time }))
  world.run(200)
  expect(server.held('==other')).toBe('mine')
  expect(count('refused.names')).toBeGreaterThan(150)
  expect(storm.isClosed).toBe(false)
  world.run(5_000)
  storm.put(storm.key.plain('==name', 'later', { time: world.now }))
  world.run(100)
  expect(server.held('==name')).toBe('later')
})

test('[T-103] who asks again and again for the claims of a name has them at the rate of all reads', () => {
  const world = new World()
  const [server, client] = [world.server(), world.client()]
  client.connect(server)
  world.run(500)
  const raw = world.raw(server).greet()
  for (let i = 0; i < 9; i++) {
    raw.put(new TestKey(`claim ${i}`).bound('==name', 'x'.repeat(15_000), { time: world.now }))
    world.run(10)
  }
  const told = (): number =>
    world.wire
      .filter(({ to, text }) => to === client.host && text.includes('xxxx'))
      .reduce((sum, { text }) => sum + text.length, 0)
  for (let i = 0; i < 1_000; i++) {
    const message = JSON.stringify({ type: 'subscribe', id: `s${i}`, to: [], key: '==name' })
    client.input((machine) => machine.sendText(server.machine.clientId, message))
  }
  world.run(100)
  // 4 MB, then the two seconds of the burst at 16 MB each, and what has passed since.
  expect(told()).toBeGreaterThan(4_000_000)
  expect(told()).toBeLessThan(45_000_000)
  expect(server.machine.stats()['refused.heavy-reads']).toBeGreaterThan(100)
  expect(client.peers).toEqual([server.peerId])
})

test('[T-103] claims that are read count, also where none of them is told', () => {
  const world = new World()
  const [server, client] = [world.server(), world.client()]
  client.connect(server)
  world.run(500)
  const raw = world.raw(server).greet()
  raw.put(raw.key.bound('==name', 'x'.repeat(500_000), { time: world.now }))
  raw.put(raw.key.bound('==name', 'short', { time: world.now + 1 }))
  world.run(100)
  expect(server.held('==name')).toBe('short')
  let read = 0
  const load = server.store.load.bind(server.store)
  server.store.load = (effect) => {
    const rows = load(effect)
    for (const row of rows) read += row?.value.length ?? 0
    return rows
  }
  for (let i = 0; i < 1_000; i++) {
    const message = JSON.stringify({ type: 'subscribe', id: `s${i}`, to: [], key: '==name' })
    client.input((machine) => machine.sendText(server.machine.clientId, message))
    world.run(1)
  }
  // 4 MB, then the two seconds of the burst at 16 MB each, and what has passed since.
  expect(read).toBeLessThan(80_000_000)
})

test('[T-103] an old claim that comes as the answer to a read does not take a name that is held', () => {
  const { world, server, victim } = scene()
  const stranger = world.raw(server).greet({ isServer: true })
  const thief = new TestKey('thief')
  const claim = thief.plain('==name', 'thief', { time: 1_000_000_000_000 })
  server.get('==name')
  world.run(20)
  const question = stranger.ofType('get')[0]
  stranger.send({ type: 'put', id: question?.id, to: [], data: victim.plain('==name', 'owner', { time: world.now }) })
  world.run(20)
  expect(server.held('==name')).toBe('owner')
  const again = server.get('==name')
  stranger.send({ type: 'put', id: question?.id, to: [], data: claim })
  world.run(2_000)
  expect(again.result).toMatchObject({ record: { v: 'owner' } })
  expect(server.held('==name')).toBe('owner')
})
