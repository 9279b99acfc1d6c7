/** What stores of other programs and wrong clocks bring into a comparison. */

import { fromHex, toBase64 } from '@shoal/base'
import { expect, test } from 'vitest'
import type { WireRecord } from '../../src/core/records/record.ts'
import { itemOf } from '../../src/core/sync/record-item.ts'
import type { SyncItem } from '../../src/core/sync/sync-item.ts'
import { serialiseWant } from '../../src/core/sync/sync-message.ts'
import { TestStore } from './test-store.ts'
import { START, sha256, TestKey, World } from './world.ts'

const sync = {}
const author = new TestKey('author')
const MINUTE = 60_000

test('[Y-19] what our clock is too far behind for comes as soon as it is not any more', () => {
  const world = new World()
  const store = new TestStore()
  const record = author.bound('ahead', 1, { time: world.now + MINUTE })
  store.rows.set('ahead', { value: JSON.stringify(record), version: '1' })
  const server = world.server({ sync })
  server.connect(world.server({ sync, store }))
  world.run(20_000)
  expect(server.machine.stats()['sync.ahead']).toBeGreaterThan(0)
  expect(server.rows.has('ahead')).toBe(false)
  world.run(5 * MINUTE)
  expect(server.held('ahead')).toBe(1)
})

test('[Y-14] a record of tool-db that is longer than any message stays where it is, and holds up none behind it', () => {
  const world = new World()
  const store = new TestStore()
  const put = (key: string, value: unknown, time: number): void => {
    store.rows.set(key, { value: JSON.stringify(author.plain(key, value, { time })), version: key })
  }
  for (let i = 0; i < 100; i++) put(`k${i}`, i === 50 ? 'x'.repeat(1_200_000) : i, world.now - 100_000 + i)
  const server = world.server({ sync })
  const other = world.server({ sync, store })
  server.connect(other)
  world.run(5 * MINUTE)
  expect(server.machine.stats()).toMatchObject({ 'now.sync-items': 99 })
  expect(server.machine.stats()['sync.broken-off']).toBeUndefined()
  expect(other.held('k50')).toHaveLength(1_200_000)
})

test('[Y-14] what is longer than a message since the message was made shorter is passed over', () => {
  const world = new World()
  const before = world.server({ sync, key: 'before' })
  for (let i = 0; i < 100; i++) before.put(`k${i}`, i === 50 ? 'x'.repeat(400_000) : i)
  world.run(1_000)
  world.kill(before)
  const server = world.server({ sync })
  server.connect(world.server({ sync, key: 'before', store: before.store, limits: { messageSizeMax: 200_000 } }))
  world.run(5 * MINUTE)
  expect(server.machine.stats()).toMatchObject({ 'now.sync-items': 99 })
  expect(server.machine.stats()['sync.broken-off']).toBeUndefined()
})

/** How much of its rows a server reads to answer one want, and how many records it answers with. */
function readFor(records: readonly WireRecord[], items: readonly SyncItem[]): { rows: number; answered: number } {
  const world = new World()
  const store = new TestStore()
  for (const record of records) store.rows.set(record.k, { value: JSON.stringify(record), version: '1' })
  const server = world.server({ sync, store })
  const asker = world.server({ sync })
  world.run(1_000)
  asker.connect(server)
  world.run(50)
  let rows = 0
  const load = store.load.bind(store)
  store.load = (effect) => {
    const loaded = load(effect)
    for (const row of loaded) rows += row?.value.length ?? 0
    return loaded
  }
  const data = toBase64(serialiseWant({ kind: 'items', items }))
  const want = JSON.stringify({ type: 'syncWant', id: 'w', to: [], data })
  asker.input((machine) => machine.sendText(server.machine.clientId, want))
  world.run(40)
  const answer = world.wire.find(({ text }) => text.includes('"syncRecords"') && text.includes('"id":"w"'))
  const answered = JSON.parse(answer?.text ?? '{}') as { records: readonly unknown[] }
  return { rows, answered: answered.records.length }
}

test('[Y-22] an answer reads little more than it holds, and each row once, however often it is asked for', () => {
  const records = Array.from({ length: 100 }, (_, i) => author.bound(`k${i}`, 'x'.repeat(100_000), { time: START + i }))
  const items = records.map((record): SyncItem => {
    const { time, id } = itemOf(record, sha256)
    return { time, id: fromHex(id) as Uint8Array }
  })
  const many = readFor(records, items)
  expect(many.answered).toBe(2)
  expect(many.rows).toBeLessThan(20 * 100_000)
  const again = readFor(records, Array(100).fill(items[0]))
  expect(again.answered).toBe(2)
  expect(again.rows).toBeLessThan(8 * 101_000)
})
