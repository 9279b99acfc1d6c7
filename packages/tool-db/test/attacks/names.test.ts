/** Frozen names: whoever is late dates his claim early. */

import { expect, test } from 'vitest'
import { TestKey } from '../node/world.ts'
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
