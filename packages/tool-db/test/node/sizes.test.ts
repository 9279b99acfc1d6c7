import { expect, test } from 'vitest'
import { World } from './world.ts'

/** 20 bytes on the way in for 84 on the way out. */
const GROWING = `[${Array(4).fill('1e20').join(',')}]`

test('[T-77] a value that grows when it is written again is measured as it will be sent', () => {
  const world = new World()
  const server = world.server({ limits: { valueSizeMax: 80 } })
  const raw = world.raw(server).greet()
  const record = raw.key.plain('k', JSON.parse(GROWING), { time: world.now })
  const frame = JSON.stringify({ type: 'put', id: 'p', to: [], data: { ...record, v: '@' } }).replace('"@"', GROWING)
  raw.send(frame)
  world.run(100)
  expect(server.held('k')).toBeUndefined()
  expect(server.machine.stats()['records.TOO_LARGE']).toBe(1)
  expect(raw.isClosed).toBe(false)
})

test('[T-77] a value is measured in bytes, not in characters', () => {
  const world = new World()
  const server = world.server({ limits: { valueSizeMax: 1_000 } })
  expect(server.put('latin', 'x'.repeat(900)).result).toBeUndefined()
  const refused = server.put('euro', '€'.repeat(900))
  world.run(10)
  expect(refused.result).toMatchObject({ kind: 'refused', code: 'TOO_LARGE' })
  expect(server.held('latin')).toHaveLength(900)
})

test('[T-77] a page of keys is measured in bytes', () => {
  const world = new World()
  const server = world.server({ limits: { messageSizeMax: 8_000 } })
  const client = world.client()
  client.connect(server)
  world.run(200)
  const keys = Array.from({ length: 40 }, (_, i) => `q${i}${'€'.repeat(100)}`)
  for (const key of keys) server.put(key, 1)
  world.run(100)
  const query = client.command({ kind: 'query', prefix: 'q', timeout: 2_000 })
  world.run(1_000)
  expect(query.result).toMatchObject({ kind: 'query', complete: true, keys: [...keys].sort() })
  const answers = world.wire.filter(({ text }) => text.includes('"queryAck"'))
  for (const { text } of answers) expect(Buffer.byteLength(text)).toBeLessThan(8_000)
})

test('[T-77] what others would not take is not sent: a store of another program may hold anything', () => {
  const world = new World()
  const server = world.server({ limits: { messageSizeMax: 8_000 } })
  const raw = world.raw(server).greet()
  const record = raw.key.plain('k', 'x'.repeat(9_000), { time: world.now })
  server.rows.set('k', { value: JSON.stringify(record), version: 'v' as never })
  raw.send({ type: 'get', id: 'g', to: [], key: 'k' })
  world.run(100)
  expect(raw.ofType('put')).toEqual([])
  expect(server.machine.stats()['unsent.too-large']).toBe(1)
})
