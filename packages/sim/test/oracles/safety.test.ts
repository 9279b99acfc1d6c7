import { latin1, MINUTE } from '@shoal/base'
import { compareDistance, nodeIdBytes, readNodeId } from '@shoal/dht/core'
import { expect, test } from 'vitest'
import type { DhtHost } from '../../src/dht/dht-world.ts'
import { DhtWorld } from '../../src/dht/dht-world.ts'
import { encode } from '../../src/enemies/bencode.ts'
import { OracleFailure, Safety } from '../../src/oracles/safety.ts'
import { answer, compact, ID, INFO_HASH, query } from './krpc.ts'

const STRANGER = { host: '45.10.7.1', port: 6_881 }

/** One honest node that is watched, and what is said to happen to it. */
function watched() {
  const dht = new DhtWorld({ seed: 1 })
  const { world } = dht
  const safety = new Safety(world)
  const [host] = dht.bootstrapHosts as [DhtHost]
  return {
    host,
    world,
    /** It is handed this, and sends that while it is at it. */
    exchange(handed: Uint8Array, sent?: Uint8Array, { from = STRANGER, after = 0 } = {}): void {
      safety.handleDelivered(world.now + after, host, from, handed)
      if (sent !== undefined) safety.handleSent(world.now + after, host, from, sent)
      safety.handleStep(world.now + after, host)
    },
    sends: (bytes: Uint8Array, to = STRANGER, after = 0) => safety.handleSent(world.now + after, host, to, bytes),
    rests(): void {
      for (let i = 0; i < 16; i++) safety.handleStep(world.now, host)
    },
  }
}

function breach(run: () => void): string {
  try {
    run()
  } catch (error) {
    if (error instanceof OracleFailure) return error.message
    throw error
  }
  return 'held'
}

test('[M-51] an answer that is longer than 1,024 bytes or six times its question is found', () => {
  const { exchange, sends } = watched()
  const question = query('find_node', { target: INFO_HASH })
  expect(breach(() => exchange(question, answer({ nodes: 'n'.repeat(26 * 8) })))).toBe('held')
  expect(breach(() => exchange(question, answer({ nodes: 'n'.repeat(26 * 22) })))).toMatch(
    /datagram-sizes: .* answers find_node/,
  )
  expect(breach(() => sends(query('ping', { padding: 'x'.repeat(1_300) })))).toMatch(
    /datagram-sizes: .* sends 13\d\d bytes/,
  )
})

test('[M-52] a query to a read-only node is found, and so is handing one on; a node that serves again is one like any other', () => {
  const { exchange, sends } = watched()
  exchange(query('ping', {}, { ro: 1 }), answer())
  expect(breach(() => sends(query('ping'), STRANGER, 500))).toBe('held')
  expect(breach(() => sends(query('ping'), STRANGER, 2_000))).toMatch(/read-only-nodes: .* queries 45.10.7.1:6881/)
  const told = answer({ nodes: ID + compact(STRANGER.host, STRANGER.port) })
  expect(breach(() => sends(told, { host: '45.11.7.1', port: 1 }, 2_000))).toMatch(/read-only-nodes: .* tells/)
  exchange(query('ping'), answer(), { after: 3_000 })
  expect(breach(() => sends(query('ping'), STRANGER, 5_000))).toBe('held')
})

test('[M-53] a node that talks to itself, or tells an asker of the asker, is found', () => {
  const { host, exchange, sends } = watched()
  expect(breach(() => sends(query('ping'), host.endpoint))).toMatch(/self-contacts: .* to itself/)
  const question = query('find_node', { target: INFO_HASH })
  const told = answer({ nodes: ID + compact(STRANGER.host, STRANGER.port) })
  expect(breach(() => exchange(question, told))).toMatch(/self-contacts: .* tells 45.10.7.1:6881 of itself/)
})

test('[M-54] a collection over its bound is found', () => {
  const { host, rests } = watched()
  expect(breach(rests)).toBe('held')
  const node = host.machine as NonNullable<typeof host.machine>
  Object.defineProperty(node, 'limits', { value: { ...node.limits, peersMax: -1 } })
  expect(breach(rests)).toMatch(/bounds: .* holds 0 peers, -1 at most/)
})

test('[M-55] an announcement that is taken with a token of nobody, of another address or of long ago is found', () => {
  const announcement = (token: string) => query('announce_peer', { info_hash: INFO_HASH, port: 9_000, token })
  const asked = query('get_peers', { info_hash: INFO_HASH })
  const { exchange } = watched()
  exchange(asked, answer({ token: 'good' }))
  expect(breach(() => exchange(announcement('good'), answer()))).toBe('held')
  expect(breach(() => exchange(announcement('bad!'), answer()))).toMatch(/tokens: .* never gave/)
  expect(breach(() => exchange(announcement('bad!'), encode({ t: 'aa', y: 'e', e: [203, 'bad token'] })))).toBe('held')
  expect(breach(() => exchange(announcement('good'), answer(), { from: { host: '45.11.7.1', port: 6_881 } }))).toMatch(
    /tokens: .* never gave/,
  )
})

test('[M-55] a token that is accepted after ten minutes is found', () => {
  const { world, exchange } = watched()
  exchange(query('get_peers', { info_hash: INFO_HASH }), answer({ token: 'good' }))
  world.advance(10 * MINUTE + 1)
  const announcement = query('announce_peer', { info_hash: INFO_HASH, port: 9_000, token: 'good' })
  expect(breach(() => exchange(announcement, answer()))).toMatch(/tokens: .* with a token of 600 s ago/)
})

test('[M-56] a peer that nobody announced, and one that should be forgotten, is found in an answer', () => {
  const { world, exchange } = watched()
  const asked = query('get_peers', { info_hash: INFO_HASH })
  const peers = answer({ values: [compact(STRANGER.host, 9_000)], token: 'good' })
  expect(breach(() => exchange(asked, peers))).toMatch(/announced-peers: .* 45.10.7.1:9000, which nobody announced/)
  exchange(asked, answer({ token: 'good' }))
  exchange(query('announce_peer', { info_hash: INFO_HASH, port: 9_000, token: 'good' }), answer())
  expect(breach(() => exchange(asked, peers))).toBe('held')
  world.advance(3 * 60 * MINUTE)
  expect(breach(() => exchange(asked, peers))).toMatch(/announced-peers: .* announced 10800 s ago/)
})

test('[M-57] a failure shows the last events around the node that broke the rule', () => {
  const { host, exchange, sends } = watched()
  exchange(query('ping', {}, { ro: 1 }), answer())
  try {
    sends(query('ping'), STRANGER, 2_000)
  } catch (error) {
    expect(error).toBeInstanceOf(OracleFailure)
    const { events } = error as OracleFailure
    expect(events[0]).toMatch(new RegExp(`${host.name} is handed from 45.10.7.1:6881: ping id=69.* ro t=6161`))
    expect(events.at(-1)).toMatch(/sends to 45.10.7.1:6881: ping/)
    return
  }
  expect.unreachable('the breach is not found')
})

test('[M-60] an answer that passes over closer nodes is found', () => {
  const dht = new DhtWorld({ seed: 2 })
  const { world } = dht
  for (let i = 0; i < 20; i++) dht.add()
  dht.startOver(1_000, dht.nodes)
  // Until they are proven, who called on it is not preferred to anybody.
  world.advance(10 * MINUTE)
  const safety = new Safety(world)
  const [host] = dht.bootstrapHosts as [DhtHost]
  const target = String.fromCharCode(...new Uint8Array(20))
  const ask = (pick: (told: string[]) => string[]) => {
    const node = host.machine as NonNullable<typeof host.machine>
    const contacts = [...node.engine.contacts()].sort((a, b) => compareDistance(NIL, a.id, b.id))
    const told = contacts.map(({ id, address }) => latin1(nodeIdBytes(id)) + compact(address.host, address.port))
    for (let i = 0; i < 8; i++) {
      safety.handleDelivered(world.now, host, STRANGER, query('get_peers', { info_hash: target }))
      safety.handleSent(world.now, host, STRANGER, answer({ nodes: pick(told).join('') }))
    }
  }
  expect(breach(() => ask((told) => told.slice(0, 8)))).toBe('held')
  expect(breach(() => ask((told) => [...told.slice(0, 7), ...told.slice(8, 9)]))).toMatch(
    /closest-nodes: .* passes over 1 of those closest/,
  )
})

const NIL = readNodeId(new Uint8Array(20))
