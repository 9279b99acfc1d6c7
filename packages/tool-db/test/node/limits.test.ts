/** Limits that no other test looks at: each bounds what it names, and what is refused is counted. */

import { expect, test } from 'vitest'
import type { NodeLimits } from '../../src/core/node/limits.ts'
import { TestKey, World, type WorldNode } from './world.ts'

function pair(limits: Partial<NodeLimits>, clientLimits: Partial<NodeLimits> = {}): [World, WorldNode, WorldNode] {
  const world = new World()
  const [server, client] = [world.server({ limits }), world.client({ limits: clientLimits })]
  client.connect(server)
  world.run(500)
  return [world, server, client]
}

test('[T-110] queryKeysMax: one query gathers so many keys, is not complete with them, and that is counted', () => {
  for (const where of ['server', 'client'] as const) {
    const [world, server, client] = pair({}, { queryKeysMax: 12, answerKeysMax: 4 })
    const holder = where === 'server' ? server : client
    for (let i = 10; i < 40; i++) holder.put(`k${i}`, i)
    world.run(500)
    const query = client.command({ kind: 'query', prefix: 'k', timeout: 2_000 })
    world.run(500)
    expect(query.result).toMatchObject({ kind: 'query', complete: false })
    expect(query.result?.kind === 'query' ? query.result.keys : []).toHaveLength(12)
    expect(client.machine.stats()['queries.cut']).toBe(1)
    const few = client.command({ kind: 'query', prefix: 'k1', timeout: 2_000 })
    world.run(500)
    expect(few.result).toMatchObject({ complete: true })
    expect(client.machine.stats()).toMatchObject({ 'queries.cut': 1, 'now.requests': 0 })
  }
})

test('[T-110] keyLengthMax: records under longer keys are refused, and nobody is thought ill of for them', () => {
  const world = new World()
  const sync = {}
  const before = world.server({ sync, key: 'other' })
  const put = (server: WorldNode, name: string): void => {
    for (let i = 0; i < 20; i++) server.put(`${name}-${'x'.repeat(100)}-${i}`, i)
    for (let i = 0; i < 20; i++) server.put(`${name}-${i}`, i)
  }
  put(before, 'before')
  world.run(1_000)
  world.kill(before)
  const other = world.server({ sync, key: 'other', store: before.store })
  const strict = world.server({ sync, limits: { keyLengthMax: 64 } })
  const client = world.client({ limits: { keyLengthMax: 64, queryKeysMax: 4, answerKeysMax: 4 } })
  strict.connect(other)
  client.connect(other)
  world.run(500)
  put(other, 'after')
  for (let i = 0; i < 6; i++) client.command({ kind: 'query', prefix: '', timeout: 1_000 })
  world.run(300_000)
  expect([...strict.rows.keys()].filter((key) => !key.startsWith('\u0000'))).toHaveLength(40)
  expect(strict.machine.stats()).toMatchObject({ 'sync.refused.InvalidKey': 40, 'records.InvalidKey': 20 })
  expect(strict.peers).toContain(other.peerId)
  expect(client.peers).toContain(other.peerId)
  for (const node of [strict, client, other]) expect(node.machine.stats()['faults.malformed']).toBeUndefined()
})

test('[T-110] relayedGetsMax and relayTimeout: so many questions for others wait at once, and no longer', () => {
  const world = new World()
  const a = world.server({ limits: { relayedGetsMax: 3, relayTimeout: 700 } })
  const b = world.server()
  b.connect(a)
  world.run(500)
  b.storeDelay = 60_000
  const raws = Array.from({ length: 4 }, () => world.raw(a).greet())
  for (const [i, raw] of raws.entries()) raw.send({ type: 'get', id: 'g', to: [], key: `missing ${i}` })
  world.run(600)
  expect(a.machine.stats()).toMatchObject({ 'now.relayed-gets': 3, 'refused.relayed-gets': 1 })
  world.run(200)
  expect(a.machine.stats()['now.relayed-gets']).toBe(0)
})

test('[T-110] requestsMax: of the application’s own questions so many wait, and one more is refused at once', () => {
  const [world, server, client] = pair({}, { requestsMax: 2 })
  server.storeDelay = 500
  const gets = [client.get('a'), client.get('b'), client.get('c')]
  world.run(100)
  expect(gets[2]?.result).toMatchObject({ kind: 'refused', code: 'TOO_BUSY' })
  expect(gets[0]?.result).toBeUndefined()
  expect(client.machine.stats()).toMatchObject({ 'now.requests': 2, 'refused.requests': 1 })
})

test('[T-110] serversPerPongMax: a pong tells of so many servers, and of one that tells of more the rest is left out', () => {
  const world = new World()
  const node = world.server({ limits: { serversPerPongMax: 5, endpointsPerSecond: 1_000 } })
  const teller = world.raw(node).greet({ isServer: true })
  const servers = Array.from({ length: 20 }, (_, i) =>
    new TestKey(`told ${i}`).endpoint({ host: `45.120.${i}.1`, port: 9_000 }, world.now),
  )
  teller.send({ type: 'pong', id: 'p', to: [], clientId: 'teller', isServer: true, servers })
  world.run(100)
  // The node itself, the teller, and those that it was told of.
  expect(node.machine.servers()).toHaveLength(7)
  expect(world.raw(node).greet().ofType('pong')[0]?.['servers']).toHaveLength(5)
})

test('[T-110] serverLifetime: a server of whom nobody has heard for so long is told to nobody', () => {
  const world = new World()
  const node = world.server({ limits: { serverLifetime: 3_000 } })
  const gone = world.raw(node).greet({ isServer: true })
  // It neither answers nor refuses, so nobody knows yet that it is not there.
  world.silent.add(gone.host)
  world.close(gone, gone.channel, 'bye')
  const told = (): string => JSON.stringify(world.raw(node).greet().ofType('pong')[0]?.['servers'])
  world.run(2_000)
  expect(told()).toContain(gone.key.address)
  world.run(2_000)
  expect(told()).not.toContain(gone.key.address)
})

test('[T-110] connectedServersMax: who has so many servers dials no more of those that he was only told of', () => {
  const world = new World()
  const servers = Array.from({ length: 5 }, () => world.server())
  for (const server of servers.slice(1)) server.connect(servers[0] as WorldNode)
  world.run(5_000)
  const client = world.client({ limits: { connectedServersMax: 2, dialsMax: 1 } })
  client.connect(servers[0] as WorldNode)
  world.run(120_000)
  expect(client.peers).toHaveLength(2)
  // What the application names is dialled all the same.
  for (const server of servers) client.connect(server)
  world.run(5_000)
  expect(client.peers).toHaveLength(5)
})

test('[T-110] dialEntriesMax: so many endpoints are remembered; one that is proposed beyond that is refused at once', () => {
  const world = new World()
  const client = world.client({ limits: { dialEntriesMax: 3, dialsMax: 1 } })
  for (let i = 1; i <= 5; i++) world.silent.add(`45.130.1.${i}`)
  for (let i = 1; i <= 5; i++) {
    client.input((machine) => machine.handleCandidate(world.now, { host: `45.130.1.${i}`, port: 9_000 }, 'proposed'))
  }
  expect(client.machine.stats()).toMatchObject({ 'now.dial-entries': 3, 'refused.dial-entries': 2 })
  expect(client.reports.map(({ endpoint, outcome }) => [endpoint.host, outcome.kind])).toEqual([
    ['45.130.1.4', 'failed'],
    ['45.130.1.5', 'failed'],
  ])
})

test('[T-110] bansMax and banTime: so many are kept out, so long; the oldest comes in again first', () => {
  const world = new World()
  const server = world.server({ limits: { bansMax: 2, banTime: 30_000 } })
  const bad = Array.from({ length: 3 }, () => world.raw(server).greet())
  for (const raw of bad) {
    for (let i = 0; i < 10; i++) raw.send('{"type":"put"}')
    world.run(100)
  }
  let tries = 0
  const isLetIn = (): readonly boolean[] =>
    bad.map(({ host }) => !world.raw(server, { host }).greet({ key: new TestKey(`try ${tries++}`) }).isClosed)
  expect(isLetIn()).toEqual([true, false, false])
  expect(server.machine.stats()).toMatchObject({ bans: 3, 'refused.banned': 2 })
  world.run(30_000)
  expect(isLetIn()).toEqual([true, true, true])
})

test('[T-110] messageDepthMax: values and arguments that are nested more deeply are refused, and nobody is thought ill of for them', () => {
  const world = new World()
  const nested = (depth: number): unknown => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`)
  const sync = {}
  const before = world.server({ sync, key: 'other' })
  const put = (server: WorldNode, name: string): void => {
    for (let i = 0; i < 20; i++) server.put(`${name}-deep-${i}`, nested(20))
    for (let i = 0; i < 20; i++) server.put(`${name}-flat-${i}`, nested(3))
  }
  put(before, 'before')
  world.run(1_000)
  world.kill(before)
  const other = world.server({ sync, key: 'other', store: before.store })
  const limits = { messageDepthMax: 8 }
  const strict = world.server({ sync, limits })
  const client = world.client({ limits })
  strict.connect(other)
  client.connect(other)
  world.run(500)
  put(other, 'after')
  for (let i = 0; i < 20; i++) client.command({ kind: 'get', key: `after-deep-${i}`, timeout: 1_000 })
  world.run(300_000)
  expect([...strict.rows.keys()].filter((key) => !key.startsWith('\u0000'))).toHaveLength(40)
  // Once as they are pushed, once as answers to the client's questions, which it passes on.
  expect(strict.machine.stats()).toMatchObject({ 'sync.refused.TOO_LARGE': 40, 'records.TOO_LARGE': 40 })
  expect(strict.peers).toContain(other.peerId)
  expect(client.peers).toContain(other.peerId)
  for (const node of [strict, client, other]) {
    expect(node.machine.stats()).not.toHaveProperty(['faults.malformed'])
    expect(node.machine.stats()).not.toHaveProperty(['faults.bad-record'])
  }
  strict.input((machine) => machine.addFunction('f'))
  const call = other.command({ kind: 'function', name: 'f', args: nested(20), timeout: 1_000 })
  world.run(500)
  expect(call.result).toEqual({ kind: 'function', code: 'ERR', value: 'TOO_LARGE' })
})

test('[T-110] nobody’s messages are nested more deeply than 72 levels', () => {
  const world = new World()
  const server = world.server({ limits: { messageDepthMax: 8 } })
  const raw = world.raw(server).greet()
  raw.put(raw.key.plain('deep', JSON.parse(`${'['.repeat(80)}${']'.repeat(80)}`), { time: world.now }))
  world.run(100)
  expect(server.machine.stats()['rejected.too_deep']).toBe(1)
})
