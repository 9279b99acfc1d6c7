/** What stores of other programs and wrong clocks bring into a comparison. */

import { expect, test } from 'vitest'
import { TestStore } from './test-store.ts'
import { TestKey, World } from './world.ts'

const sync = {}
const MINUTE = 60_000

test('[Y-19] what our clock is too far behind for comes as soon as it is not any more', () => {
  const world = new World()
  const store = new TestStore()
  const record = new TestKey('author').bound('ahead', 1, { time: world.now + MINUTE })
  store.rows.set('ahead', { value: JSON.stringify(record), version: '1' })
  const server = world.server({ sync })
  server.connect(world.server({ sync, store }))
  world.run(20_000)
  expect(server.machine.stats()).toMatchObject({ 'sync.ahead': 1, 'now.sync-items': 0 })
  world.run(5 * MINUTE)
  expect(server.held('ahead')).toBe(1)
})
