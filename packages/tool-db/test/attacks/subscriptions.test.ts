/** Ten thousand subscriptions of one peer, exact and by prefix. */

import { expect, test } from 'vitest'
import { World } from '../node/world.ts'
import { scene } from './scene.ts'

const MANY = 10_000

test('[T-105] of ten thousand subscriptions of one peer a thousand stand, the rest are refused and counted', () => {
  const { world, server, count } = scene()
  const raw = world.raw(server).greet()
  for (let i = 0; i < MANY - 500; i++) raw.send({ type: 'subscribe', id: `s${i}`, to: [], key: `k${i}` })
  // The same again takes no room.
  for (let i = 0; i < 400; i++) raw.send({ type: 'subscribe', id: `again${i}`, to: [], key: 'k0' })
  world.run(5_000)
  expect(count('refused.subscriptions')).toBe(MANY - 500 - 1_000)
  expect(raw.isClosed).toBe(false)
  const author = world.raw(server).greet()
  author.put(author.key.plain('k999', 1, { time: world.now }))
  author.put(author.key.plain('k1000', 1, { time: world.now }))
  world.run(100)
  expect(raw.ofType('put').map(({ data }) => (data as { k: string }).k)).toEqual(['k999'])
})

test('[T-105] an honest peer is told RATE_LIMITED, and that there are too many by prefix too', () => {
  const { ask, count } = scene({ limits: { subscriptionsPerPeerMax: 3 } })
  expect(ask({ type: 'subscribe', key: 'a' })).toBeUndefined()
  expect(ask({ type: 'subscribe', key: 'b', prefix: true })).toBeUndefined()
  expect(ask({ type: 'subscribe', key: '', prefix: true })).toBeUndefined()
  expect(ask({ type: 'subscribe', key: 'c', prefix: true })).toBe('RATE_LIMITED')
  expect(ask({ type: 'subscribe', key: 'd' })).toBe('RATE_LIMITED')
  expect(count('refused.subscriptions')).toBe(2)
})

test('[T-105] subscriptions go with their peer, and a record then costs nobody anything', () => {
  const world = new World()
  const server = world.server()
  const crowd = Array.from({ length: 20 }, () => world.raw(server).greet())
  for (const [i, raw] of crowd.entries()) {
    for (let j = 0; j < 500; j++) raw.send({ type: 'subscribe', id: `s${j}`, to: [], key: `k${i}-${j}` })
  }
  world.run(1_000)
  expect(server.machine.stats()['now.subscribers']).toBe(20)
  for (const raw of crowd) world.close(raw, raw.channel, 'bye')
  world.run(100)
  expect(server.machine.stats()).toMatchObject({ 'now.subscribers': 0, 'now.peers': 0 })
})

test('[T-105] they survive a reconnection, exact and by prefix, and stand once', () => {
  const world = new World()
  const [server, client, author] = [world.server(), world.client(), world.client()]
  for (const node of [client, author]) node.connect(server)
  client.command({ kind: 'subscribe', key: 'chat-' })
  world.run(500)
  for (let i = 0; i < 5; i++) {
    world.cut(client, server)
    world.run(10_000)
    expect(client.peers).toEqual([server.peerId])
  }
  author.put('chat-1', 'after five breaks')
  world.run(200)
  expect(client.held('chat-1')).toBe('after five breaks')
  const pushes = world.wire.filter(({ to, text }) => to === client.host && text.includes('after five breaks'))
  expect(pushes).toHaveLength(1)
  expect(server.machine.stats()['now.subscribers']).toBe(1)
})
