import { EventEmitter } from 'node:events'
import { requireTopic } from '@shoal/peer'
import type { PeerInfo } from '@shoal/tool-db'
import { expect, test } from 'vitest'
import { Encounters } from '../../src/cli/encounters.ts'
import { Output } from '../../src/cli/output.ts'
import { ServerTold } from '../../src/cli/server-told.ts'
import { MemoryStream } from './memory-stream.ts'

const PEER: PeerInfo = {
  peerId: 'B'.repeat(86),
  clientId: 'B'.repeat(20),
  host: '127.0.0.1',
  port: 2,
  server: true,
  inbound: false,
  proven: true,
  encrypted: true,
  certified: false,
}

function world(options: { json?: boolean } = {}) {
  const stdout = new MemoryStream()
  const stderr = new MemoryStream()
  const output = new Output({ json: options.json ?? true, level: 'warn', stdout, stderr, environment: {} })
  const swarm = Object.assign(new EventEmitter(), { asked: ['dht' as const] })
  const db = Object.assign(new EventEmitter(), {
    swarm,
    address: { host: '192.0.2.7', port: 9_000 },
    peerAccount: { getAddress: () => 'A'.repeat(86) },
  })
  const told = new ServerTold(output, {
    db,
    topic: requireTopic('told'),
    encounters: new Encounters(db as never),
  } as never)
  const listen = (host?: string): void => told.listening({ host, dhtPort: 6_881, store: undefined })
  const events = (): unknown[] => stdout.lines.map((line) => JSON.parse(line) as unknown)
  return { db, swarm, told, listen, events, stdout, stderr }
}

test('[C-23] listening is said first, and what happened before it right behind', () => {
  const { db, swarm, listen, events } = world()
  swarm.emit('candidate', { host: '127.0.0.1', port: 2, family: 'ipv4', source: 'dht', firstSeen: 0 })
  db.emit('connected', PEER)
  expect(events()).toEqual([])
  listen()
  const { clientId, proven, certified, ...connected } = PEER
  expect(events()).toEqual([
    { event: 'listening', host: '192.0.2.7', port: 9_000, dhtPort: 6_881, peerId: 'A'.repeat(86), topic: 'told' },
    { event: 'peer', host: '127.0.0.1', port: 2, source: 'dht' },
    { event: 'connected', ...connected },
  ])
})

test('[C-24] --host is what is said; a change of the address is said once', () => {
  const given = world()
  given.listen('server.example')
  expect(given.events()[0]).toMatchObject({ host: 'server.example' })
  const { db, listen, events } = world()
  listen()
  db.emit('address', db.address)
  expect(events()).toHaveLength(1)
  db.address = { host: '203.0.113.7', port: 9_000 }
  db.emit('address', db.address)
  db.emit('address', db.address)
  expect(events().slice(1)).toEqual([{ event: 'address', host: '203.0.113.7', port: 9_000 }])
})

test('[C-25] an announce that nobody stored is none; closed is last', () => {
  const { swarm, told, listen, events } = world()
  listen()
  swarm.emit('announced', 0)
  swarm.emit('announced', 8)
  told.closed()
  expect(events().slice(1)).toEqual([{ event: 'announced', nodes: 8 }, { event: 'closed' }])
})

test('[C-27] a clone of ours is said on stderr, once, and of others too', () => {
  const { db, listen, stderr } = world()
  listen()
  const clone = { address: 'A'.repeat(86), host: '127.0.0.1', port: 3, ours: true }
  db.emit('cloned-identity', clone)
  db.emit('cloned-identity', clone)
  expect(stderr.lines).toHaveLength(1)
  expect(stderr.text).toMatch(/same peer key.*127\.0\.0\.1:3.*--store/)
  for (let i = 0; i < 1_000; i++) db.emit('cloned-identity', { ...clone, address: `other ${i}`, ours: false })
  expect(stderr.lines).toHaveLength(100)
})

test('[C-6] for people it is a few calm lines', () => {
  const { db, swarm, told, listen, stdout } = world({ json: false })
  listen()
  swarm.emit('candidate', { host: '127.0.0.1', port: 2, family: 'ipv4', source: 'dht', firstSeen: 0 })
  swarm.emit('announced', 8)
  swarm.emit('announced', 8)
  db.emit('connected', PEER)
  db.emit('disconnected', { ...PEER, server: false, proven: false })
  told.closed()
  expect(stdout.lines).toEqual([
    '● serving told at 192.0.2.7:9000',
    '  store  in memory: gone when this ends',
    `  peer   ${'A'.repeat(86)}`,
    '  DHT    UDP port 6881',
    '● announced: 8 DHT nodes tell others where this server is',
    '+ server 127.0.0.1:2 connected  BBBBBBBBBB…',
    '- client 127.0.0.1:2 disconnected  BBBBBBBBBB…, unproven',
    '● stopped',
  ])
})

test('[C-105] sleep and other addresses are told', () => {
  const { swarm, listen, events } = world()
  listen()
  swarm.emit('woken', 'slept')
  expect(events().at(-1)).toEqual({ event: 'woken', reason: 'slept' })
})

test('[C-81] damaged records are told one by one, to a person only the first of them, and each walk at its end', () => {
  const { db, listen, events, stderr } = world()
  listen()
  for (let i = 0; i < 12; i++) db.emit('record-damaged', { key: `k${i}`, damage: 'signature' })
  db.emit('scrubbing', { checked: 10, total: 100 })
  db.emit('scrubbed', { checked: 100, damaged: 12, complete: true })
  db.emit('scrubbed', { checked: 100, damaged: 1_024, complete: false })
  const told = events().slice(1)
  expect(told.length).toBe(15)
  expect(told[0]).toEqual({ event: 'store', state: 'record-damaged', key: 'k0', damage: 'signature' })
  expect(told[12]).toEqual({ event: 'store', state: 'checking', records: 10, of: 100 })
  expect(told[13]).toEqual({ event: 'store', state: 'checked', records: 100, damaged: 12, complete: true })
  expect(told[14]).toMatchObject({ complete: false })
  const text = stderr.text
  expect(text.match(/is not as its author signed it/g)?.length).toBe(8)
  expect(text).toMatch(/of 100 stored records 12 were damaged/)
  expect(text).toMatch(/the rest was left alone/)
})

test('[C-81] a peer key that is lost is said with the new one', () => {
  const { db, listen, events, stderr } = world()
  db.emit('new-identity', { peerId: 'N'.repeat(86) })
  listen()
  expect(events().at(-1)).toEqual({ event: 'store', state: 'new-identity', peerId: 'N'.repeat(86) })
  expect(stderr.text).toMatch(/the peer key that was in the store is lost, so this server is N+ from now on/)
})
