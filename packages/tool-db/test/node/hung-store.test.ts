import { expect, test } from 'vitest'
import type { EffectTimeoutError } from '../../src/core/node/kernel.ts'
import { TestKey, World } from './world.ts'

const NEVER = 1e12

test('[T-97] a store that does not answer ends what waits for it with a clear error, and the lane is free again', () => {
  const world = new World()
  const server = world.server({ limits: { effectTimeout: 5_000 } })
  server.storeDelay = NEVER
  const [put, get] = [server.put('k', 1), server.get('k', 60_000)]
  world.run(5_100)
  expect(put.result).toMatchObject({ kind: 'refused', code: 'STORE_FAILED', error: { code: 'SHOAL_EFFECT_TIMEOUT' } })
  expect(get.result).toMatchObject({ kind: 'refused', code: 'STORE_FAILED' })
  const { error } = put.result as { error: EffectTimeoutError }
  expect(error.message).toContain('the store has not answered within 5 s (load)')
  server.storeDelay = 0
  const again = server.put('k', 2)
  world.run(100)
  expect(again.result).toMatchObject({ kind: 'put' })
  expect(server.machine.stats()).toMatchObject({ 'timed-out.load': 2, 'now.lanes': 0, 'now.effects': 0 })
})

test('[T-97] while it hangs no more is asked of it than a bounded number, and strangers are told to come later', () => {
  const world = new World()
  const server = world.server({ limits: { effectTimeout: 1_000 } })
  const client = world.client()
  client.connect(server)
  const raw = world.raw(server).greet()
  world.run(500)
  server.storeDelay = NEVER
  const author = new TestKey('author')
  for (let i = 0; i < 600; i++) raw.put(author.plain(`k${i}`, i, { time: world.now }))
  const get = client.get('k', 3_000)
  world.run(5_000)
  const stats = server.machine.stats()
  expect(stats['timed-out.load']).toBeLessThanOrEqual(2 * 256)
  expect(stats['refused.effects-hung']).toBeGreaterThan(0)
  expect(stats).toMatchObject({ 'now.unverified': 0, 'now.lanes': 0 })
  expect(get.result).toMatchObject({ kind: 'get', complete: false })
  expect(raw.isClosed).toBe(false)
  // What it lost is forgotten after a while, and it is asked again.
  server.storeDelay = 0
  world.run(11 * 60_000)
  raw.greet()
  const put = server.put('k', 'well again')
  world.run(1_000)
  expect(put.result).toMatchObject({ kind: 'put' })
})
