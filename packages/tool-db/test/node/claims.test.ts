/** Names claimed by a client: what servers, honest and not, can make it believe. */

import type { Millis } from '@shoal/base'
import { expect, test } from 'vitest'
import { writtenValue } from '../../src/core/records/write.ts'
import { TestKey, World, type WorldNode } from './world.ts'

const LONG_AGO: Millis = 1_000_000_000_000

/** As signing up does it. */
function claim(client: WorldNode, key: string): void {
  const author = { signer: 'user', address: client.user.address }
  const value = writtenValue('mine')
  client.command({ kind: 'put', key, value, author, onlyIfFree: true, confirm: 0, timeout: 0 })
  client.command({ kind: 'subscribe', key, exact: true })
}

test('[U-31] once a server has confirmed a name, no other server can talk its owner out of it', () => {
  const world = new World()
  const a = world.server()
  const client = world.client()
  client.connect(a)
  world.run(500)
  claim(client, '==name')
  world.run(500)
  expect(a.held('==name')).toBe('mine')
  const liar = world.raw(client).greet({ isServer: true })
  const asked = liar.ofType('subscribe').find(({ key }) => key === '==name')
  const thief = new TestKey('thief')
  liar.put(thief.plain('==name', 'stolen', { time: LONG_AGO }), asked?.id)
  liar.put(thief.plain('==name', 'stolen', { time: LONG_AGO }))
  world.run(500)
  expect(client.machine.stats()['records.ClaimTooOld']).toBe(2)
  expect(client.held('==name')).toBe('mine')
})

test('[U-31] a name that no server has confirmed is what servers say it is', () => {
  const world = new World()
  const client = world.client()
  claim(client, '==name')
  world.run(500)
  expect(client.held('==name')).toBe('mine')
  const server = world.raw(client).greet({ isServer: true })
  const owner = new TestKey('owner')
  server.put(owner.plain('==name', 'theirs', { time: LONG_AGO }))
  world.run(500)
  expect(client.held('==name')).toBe('theirs')
  expect(client.eventsOf('name-conflict').at(-1)?.conflict).toMatchObject({ winner: 'remote' })
  // A client among peers that are no servers keeps what it has.
  const other = world.client()
  claim(other, '==other')
  const peer = world.raw(other).greet()
  peer.put(owner.plain('==other', 'theirs', { time: LONG_AGO }))
  world.run(500)
  expect(other.held('==other')).toBe('mine')
})

test('[U-32] who watches a name alone hears of claims that readers are not shown; others hear nothing', () => {
  const world = new World()
  const a = world.server()
  const [owner, reader] = [world.client(), world.client()]
  for (const client of [owner, reader]) client.connect(a)
  world.run(500)
  claim(owner, '==name')
  reader.command({ kind: 'subscribe', key: '==name' })
  world.run(500)
  const late = new TestKey('late')
  world
    .raw(a)
    .greet()
    .put(late.plain('==name', 'late', { time: world.now }))
  world.run(500)
  expect(owner.eventsOf('name-conflict').map(({ conflict }) => [conflict.winner, conflict.remoteAddress])).toEqual([
    ['local', late.address],
  ])
  expect(reader.eventsOf('name-conflict')).toEqual([])
  for (const node of [a, owner, reader]) expect(node.held('==name')).toBe('mine')
  // Again after a reconnection, where it changes nothing and is told to nobody.
  world.cut(owner, a)
  world.run(3_000)
  expect(owner.peers).toHaveLength(1)
  expect(owner.eventsOf('name-conflict')).toHaveLength(1)
})

test('[U-33] a claim made anew replaces the one that was too old, at a server and here', () => {
  const world = new World()
  const client = world.client()
  claim(client, '==name')
  world.run(10 * 60_000)
  const a = world.server()
  client.connect(a)
  world.run(500)
  expect(a.held('==name')).toBeUndefined()
  const refusal = client.eventsOf('refused')[0]?.refusal
  expect(refusal).toMatchObject({ kind: 'put', key: '==name', code: 'ClaimTooOld' })
  const author = { signer: 'user', address: client.user.address }
  const put = { kind: 'put', key: '==name', value: writtenValue('mine'), author, confirm: 0, timeout: 0 } as const
  client.command({ ...put, claimAnew: true })
  world.run(500)
  expect(a.held('==name')).toBe('mine')
  expect(client.held('==name')).toBe('mine')
  expect(client.rows.has('\u0000claims:==name')).toBe(false)
})
