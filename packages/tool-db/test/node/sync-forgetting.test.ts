/** Deletions: how long they hold, and what becomes of those who were away longer. */

import { expect, test } from 'vitest'
import { again, apart, DAY, grown, itemRows, records, stats, sync } from './sync-world.ts'
import { World } from './world.ts'

test('[Y-17] a deletion outlives every older value, whoever brings it, for as long as it is kept', () => {
  const world = new World()
  const a = grown(world, 20)
  const b = world.server({ sync, key: 'b' })
  b.connect(a)
  world.run(5_000)
  apart(world, a, b)
  for (let i = 0; i < 5; i++) a.put(`k${i}`, null, { isDeletion: true })
  world.run(20 * DAY)
  expect(b.held('k1')).toEqual({ i: 1 })
  world.silent.clear()
  const [c, d] = [again(world, a), again(world, b)]
  d.connect(c)
  world.run(20_000)
  for (const node of [c, d]) for (let i = 0; i < 5; i++) expect(node.held(`k${i}`)).toBeNull()
  expect(records(c)).toEqual(records(d))
})

test('[Y-18] a deletion is forgotten beyond the horizon, and what it deleted is not taken any more', () => {
  const world = new World()
  const a = grown(world, 20)
  const old = JSON.parse(a.rows.get('k1')?.value ?? '')
  a.put('k1', null, { isDeletion: true })
  a.put('==name', 'mine')
  world.run(1_000)
  a.put('==name', null, { isDeletion: true })
  world.run(31 * DAY)
  expect(stats(a)['records.forgotten-deletions']).toBe(1)
  expect([...a.rows.keys()].filter((key) => key.endsWith('k1'))).toEqual([])
  expect(a.held('==name')).toBeNull()
  // Live, as a plain server hands it on.
  const raw = world.raw(a).greet()
  raw.put(old)
  world.run(1_000)
  expect(a.held('k1')).toBeUndefined()
  expect(stats(a)['records.Forgotten']).toBe(1)
  // A newer value is none that was deleted.
  a.put('k1', 'new')
  world.run(1_000)
  const b = again(world, a)
  expect(b.held('k1')).toBe('new')
})

test('[Y-18] a server that was away beyond the horizon brings back nothing, learns everything, and keeps what others still have', () => {
  const world = new World()
  const a = grown(world, 40)
  const b = world.server({ sync, key: 'b' })
  b.connect(a)
  // It agreed with the other one on everything.
  world.run(20_000)
  expect(b.rows.has('\u0000sync-agreed')).toBe(true)
  world.kill(b)
  for (let i = 0; i < 10; i++) a.put(`k${i}`, null, { isDeletion: true })
  a.put('k20', 'newer')
  world.run(40 * DAY)
  expect(stats(a)['records.forgotten-deletions']).toBe(10)
  const c = again(world, a)
  const late = world.server({ sync, key: 'b', store: b.store })
  late.connect(c)
  world.run(120_000)
  expect(stats(late)).toMatchObject({ 'sync.came-back-late': 1, 'sync.doubtful': 40, 'now.sync-items': 30 })
  expect(late.held('k20')).toBe('newer')
  for (let i = 0; i < 10; i++) expect(c.held(`k${i}`)).toBeUndefined()
  expect(itemRows(late)).toEqual(itemRows(c))
  // Nor does it give them to somebody new.
  const fresh = world.server({ sync })
  world.silent.add(c.host)
  fresh.connect(late)
  world.run(60_000)
  expect(fresh.held('k1')).toBeUndefined()
  expect(fresh.held('k30')).toEqual({ i: 30 })
})

test('[Y-32] what a mended store has lost is no deletion that was forgotten: others give it back, until both have agreed', () => {
  const world = new World()
  const a = grown(world, 20)
  const old = JSON.parse(a.rows.get('k1')?.value ?? '')
  const soon = { horizon: 30 * 60_000 }
  const b = world.server({ sync: soon, key: 'b' })
  b.connect(a)
  world.run(20_000)
  b.put('k1', null, { isDeletion: true })
  world.run(2 * 3_600_000)
  expect(stats(b)['records.forgotten-deletions']).toBe(1)
  // Its engine has put it together anew, without some of its rows.
  for (const key of ['k2', 'k3']) b.rows.delete(key)
  b.rows.set('\u0000repaired', { value: '{}', version: 'x' })
  const c = again(world, b, soon)
  const d = again(world, c, soon)
  // Live, nothing of that age is taken even so.
  const raw = world.raw(d).greet()
  raw.put(old)
  world.run(1_000)
  expect(d.held('k1')).toBeUndefined()
  d.connect(a)
  world.run(60_000)
  expect(records(d)).toEqual(records(a))
  expect(d.held('k2')).toEqual({ i: 2 })
  expect(d.rows.has('\u0000sync-repairing')).toBe(false)
})
