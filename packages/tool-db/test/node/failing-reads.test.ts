/** A store that can't be read: whoever asks is told so, and nobody takes it for a key that is not there. */

import { expect, test } from 'vitest'
import { scene } from '../attacks/scene.ts'
import { World } from './world.ts'

test('[T-50] who asks a server whose store can’t be read is told STORE_FAILED, for each kind of read, and answered once it can', () => {
  const { world, server, victim, ask, put } = scene()
  expect(put(victim.bound('k', 1, { time: world.now }))).toBe('OK')
  server.store.failReads = true
  expect(ask({ type: 'get', key: 'k' })).toBe('STORE_FAILED')
  expect(ask({ type: 'query', key: '' })).toBe('STORE_FAILED')
  expect(ask({ type: 'crdtGet', key: 'k' })).toBe('STORE_FAILED')
  expect(put(victim.bound('k', 2, { time: world.now }))).toBe('STORE_FAILED')
  server.store.failReads = false
  expect(put(victim.bound('k', 3, { time: world.now }))).toBe('OK')
  expect(ask({ type: 'get', key: 'missing' })).toBe('NOT_FOUND')
})

test('[T-50] [T-53] the application is told that its own store can’t be read, with the cause', () => {
  const world = new World()
  const node = world.server()
  node.put('k', 1)
  world.run(100)
  node.store.failReads = true
  const error = new Error('the disk does not answer')
  const refused = { kind: 'refused', code: 'STORE_FAILED', error }
  const get = node.get('k')
  const query = node.command({ kind: 'query', prefix: '', timeout: 1_000 })
  const put = node.put('k', 2)
  const document = node.command({ kind: 'crdt-get', key: 'doc', type: 'MAP', known: new Set(), timeout: 1_000 })
  world.run(100)
  for (const { result } of [get, query, put]) expect(result).toMatchObject(refused)
  // Of a document others may know more: it is read when they had their time.
  world.run(1_000)
  expect(document.result).toMatchObject(refused)
  node.store.failReads = false
  const again = node.get('k')
  world.run(100)
  expect(again.result).toMatchObject({ record: { v: 1 } })
  expect(node.machine.stats()).toMatchObject({ 'now.requests': 0, 'now.lanes': 0, 'now.effects': 0 })
})

test('[T-50] a server that can’t read has not said no: the answer of a client is not final', () => {
  const world = new World()
  const [server, client] = [world.server(), world.client()]
  client.connect(server)
  world.run(500)
  server.put('k', 1)
  world.run(100)
  server.store.failReads = true
  const get = client.get('k')
  const query = client.command({ kind: 'query', prefix: 'k', timeout: 1_000 })
  world.run(1_500)
  expect(get.result).toMatchObject({ kind: 'get', record: undefined, complete: false })
  expect(query.result).toMatchObject({ kind: 'query', keys: [], complete: false })
})

test('[T-50] [T-53] what is asked beyond requestsMax is refused at once, and does not look as if nothing were there', () => {
  const world = new World()
  const [server, client] = [world.server(), world.client({ limits: { requestsMax: 3 } })]
  client.connect(server)
  for (let i = 0; i < 5; i++) server.put(`k${i}`, i)
  world.run(500)
  const gets = Array.from({ length: 5 }, (_, i) => client.get(`k${i}`))
  world.run(500)
  expect(gets.map(({ result }) => result?.kind)).toEqual(['get', 'get', 'get', 'refused', 'refused'])
  for (let i = 0; i < 3; i++) client.get(`missing${i}`, 60_000)
  server.storeDelay = 10_000
  for (let i = 0; i < 3; i++) client.get(`missing too ${i}`, 60_000)
  world.run(100)
  const query = client.command({ kind: 'query', prefix: '', timeout: 1_000 })
  world.run(100)
  expect(query.result).toMatchObject({ kind: 'refused', code: 'TOO_BUSY' })
  server.storeDelay = 0
  world.run(60_000)
  const later = client.get('k4')
  world.run(500)
  expect(later.result).toMatchObject({ kind: 'get', record: { v: 4 } })
})
