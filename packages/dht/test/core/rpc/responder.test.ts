import { type Endpoint, fromLatin1, latin1 } from '@shoal/base'
import { describe, expect, test } from 'vitest'
import { type NodeId, nodeIdBytes, randomNodeIdNear } from '../../../src/core/id/node-id.ts'
import type { KrpcQuery } from '../../../src/core/krpc/message.ts'
import { type Bencoded, decode, dig, packet } from '../../bencode.ts'
import { swarm, World, type WorldNode } from '../../world.ts'

const ASKER: Endpoint = { host: '45.200.0.1', port: 7_777 }
const ID = 'abcdefghij0123456789'
const HASH = 'mnopqrstuvwxyz123456'

/** Hands a node one datagram; what it sends back, decoded. Nothing else of the world runs. */
function ask(world: World, node: WorldNode, message: Bencoded | Uint8Array, from: Endpoint = ASKER): Bencoded[] {
  const bytes = message instanceof Uint8Array ? message : packet(message)
  node.engine.handleDatagram(world.now, from, bytes)
  const answers: Bencoded[] = []
  for (let t = node.engine.pollTransmit(); t !== undefined; t = node.engine.pollTransmit()) {
    const plain = decode(t.bytes)
    if (t.to.host !== from.host || t.to.port !== from.port || dig(plain, 'y') === 'q') continue
    const name = dig(plain, 'r', 'nodes') !== undefined || dig(plain, 'r', 'values') !== undefined
    if (name) expect(t.bytes.length).toBeLessThanOrEqual(Math.min(1_024, 6 * bytes.length))
    answers.push(plain)
  }
  return answers
}

function query(q: string, a: Record<string, Bencoded>, extra: Record<string, Bencoded> = {}): Bencoded {
  return { a: { id: ID, ...a }, q, ...extra, t: 'aa', y: 'q' }
}

function only(answers: Bencoded[]): Bencoded {
  expect(answers).toHaveLength(1)
  return answers[0] as Bencoded
}

function token(world: World, node: WorldNode, from: Endpoint = ASKER): string {
  return dig(only(ask(world, node, query('get_peers', { info_hash: HASH }), from)), 'r', 'token') as string
}

function announce(world: World, node: WorldNode, a: Record<string, Bencoded>, from: Endpoint = ASKER): Bencoded {
  return only(ask(world, node, query('announce_peer', { info_hash: HASH, ...a }), from))
}

function idText(id: NodeId): string {
  return latin1(nodeIdBytes(id))
}

describe('answers', () => {
  test('[D-12] a ping gets our id and the asker’s own address', () => {
    const world = new World()
    const node = world.add()
    expect(only(ask(world, node, query('ping', {})))).toEqual({
      ip: '\x2d\xc8\x00\x01\x1e\x61',
      r: { id: idText(node.engine.nodeId) },
      t: 'aa',
      v: 'SL\x00\x01',
      y: 'r',
    })
  })

  test('[D-36] find_node gets the eight closest contacts', () => {
    const { world, nodes } = swarm(40, { seed: 2 })
    const answer = only(ask(world, nodes[0] as WorldNode, query('find_node', { target: HASH })))
    expect((dig(answer, 'r', 'nodes') as string).length).toBe(8 * 26)
  })

  test('[D-11] nobody is told its own endpoint, nor ours', () => {
    const { world, nodes } = swarm(6, { seed: 3 })
    const [node, other] = nodes as [WorldNode, WorldNode]
    const target = idText(other.engine.nodeId)
    const told = (from: Endpoint): string => {
      return dig(only(ask(world, node, query('find_node', { target }), from)), 'r', 'nodes') as string
    }
    expect(told(ASKER)).toContain(target)
    expect(told(other.endpoint)).not.toContain(target)
    expect(told(other.endpoint).length).toBe(4 * 26)
    expect(told(ASKER)).not.toContain(idText(node.engine.nodeId))
  })

  test('[D-13] get_peers gets a token and nodes, and values once there are peers', () => {
    const { world, nodes } = swarm(20, { seed: 4 })
    const node = nodes[0] as WorldNode
    const before = only(ask(world, node, query('get_peers', { info_hash: HASH })))
    expect(dig(before, 'r', 'values')).toBeUndefined()
    expect((dig(before, 'r', 'nodes') as string).length).toBe(8 * 26)
    expect(announce(world, node, { port: 4_444, token: token(world, node) })).toMatchObject({ y: 'r' })
    const after = only(ask(world, node, query('get_peers', { info_hash: HASH })))
    expect(dig(after, 'r', 'values')).toEqual(['\x2d\xc8\x00\x01\x11\x5c'])
  })

  test('[D-10] a popular hash gets at least eight peers and eight nodes within the limits', () => {
    const { world, nodes } = swarm(20, { seed: 5 })
    const node = nodes[0] as WorldNode
    for (let i = 0; i < 200; i++) {
      const from = { host: `45.201.0.${i}`, port: 6_881 }
      announce(world, node, { port: 6_881, token: token(world, node, from) }, from)
    }
    const answer = only(ask(world, node, query('get_peers', { info_hash: HASH })))
    const values = dig(answer, 'r', 'values') as string[]
    expect(values.length).toBeGreaterThanOrEqual(8)
    expect(new Set(values).size).toBe(values.length)
    expect((dig(answer, 'r', 'nodes') as string).length).toBe(8 * 26)
    const again = dig(only(ask(world, node, query('get_peers', { info_hash: HASH }))), 'r', 'values')
    expect(again).not.toEqual(values)
  })
})

describe('announcing', () => {
  test('[D-14] a token of another address, a wrong one and an old one get error 203', () => {
    const world = new World()
    const node = world.add()
    const good = token(world, node)
    const refused = { e: [203, 'bad token'], y: 'e', t: 'aa' }
    expect(announce(world, node, { port: 1, token: good }, { ...ASKER, host: '45.200.0.2' })).toMatchObject(refused)
    expect(announce(world, node, { port: 1, token: 'wrongone' })).toMatchObject(refused)
    expect(announce(world, node, { port: 1, token: '' })).toMatchObject(refused)
    expect(announce(world, node, { port: 1, token: good }, { ...ASKER, port: 9 })).toMatchObject({ y: 'r' })
    world.now += 600_001
    expect(announce(world, node, { port: 1, token: good })).toMatchObject(refused)
    expect(node.engine.sizes.peers).toBe(1)
  })

  test('[D-15] implied_port takes the port the datagram came from, and port 0 with it', () => {
    const world = new World()
    const node = world.add()
    announce(world, node, { implied_port: 1, port: 0, token: token(world, node) })
    const answer = only(ask(world, node, query('get_peers', { info_hash: HASH })))
    expect(dig(answer, 'r', 'values')).toEqual(['\x2d\xc8\x00\x01\x1e\x61'])
  })
})

describe('errors', () => {
  test.each<[string, Bencoded, number]>([
    ['a non-string target', query('find_node', { target: 1 }), 203],
    ['a non-string info_hash', query('get_peers', { info_hash: 1 }), 203],
    ['a non-string token', query('announce_peer', { info_hash: HASH, port: 1, token: 1 }), 203],
    ['a wrong id', { a: { id: 'x' }, q: 'ping', t: 'aa', y: 'q' }, 203],
    ['no arguments', { q: 'ping', t: 'aa', y: 'q' }, 203],
    ['an unknown method', query('vote', {}), 204],
  ])('[D-4] %s gets its error', (_, message, code) => {
    const world = new World()
    const answer = only(ask(world, world.add(), message))
    expect(dig(answer, 'e', 0)).toBe(code)
    expect(answer).toMatchObject({ y: 'e', t: 'aa', ip: '\x2d\xc8\x00\x01\x1e\x61' })
  })

  test('[D-1] what is no message gets nothing, and is counted by reason', () => {
    const world = new World()
    const node = world.add()
    for (const text of ['', 'hello', 'd1:t2:aa', 'd1:t02:aae', `d1:x${'l'.repeat(99)}`, 'de']) {
      expect(ask(world, node, fromLatin1(text))).toEqual([])
    }
    expect(node.engine.counters.rejected).toMatchObject({
      'not-a-dictionary': 2,
      truncated: 1,
      syntax: 1,
      'too-deep': 1,
      'no-transaction-id': 1,
    })
  })

  test('[D-50] answers and errors that nobody asked for get nothing', () => {
    const world = new World()
    const node = world.add()
    expect(ask(world, node, { r: { id: ID }, t: 'aa', y: 'r' })).toEqual([])
    expect(ask(world, node, { e: [201, 'x'], t: 'aa', y: 'e' })).toEqual([])
    expect(node.engine.counters.unexpectedAnswers).toBe(2)
  })
})

describe('limits', () => {
  test('[D-16] one address gets so many answers a second, while others are served', () => {
    const world = new World()
    const node = world.add({ limits: { answersPerSecondPerAddress: 5 } })
    let answers = 0
    for (let i = 0; i < 100; i++) answers += ask(world, node, query('ping', {}, { ro: 1 })).length
    expect(answers).toBe(20)
    expect(node.engine.counters.rateLimitedPerAddress).toBe(80)
    expect(ask(world, node, query('ping', {}, { ro: 1 }), { host: '45.200.0.9', port: 1 })).toHaveLength(1)
    world.now += 1_000
    for (let i = 0; i < 100; i++) answers += ask(world, node, query('ping', {}, { ro: 1 })).length
    expect(answers).toBe(25)
  })

  test('[D-16] of IPv6 a whole /64 has the rate of one address', () => {
    const world = new World()
    const node = world.add(
      { family: 'ipv6', limits: { answersPerSecondPerAddress: 5 } },
      { host: '2a00:5::1', port: 6_881 },
    )
    const from = (host: string): number => ask(world, node, query('ping', {}), { host, port: 7_777 }).length
    let answers = 0
    for (let i = 1; i < 400; i++) answers += from(`2a00:9::${i.toString(16)}:1`)
    expect(answers).toBe(20)
    expect(from('2a00:9:0:1::1')).toBe(1)
  })

  test('[D-16] all addresses together have a rate as well', () => {
    const world = new World()
    const node = world.add({ limits: { answersPerSecond: 50 } })
    let answers = 0
    for (let i = 0; i < 200; i++) {
      answers += ask(world, node, query('ping', {}, { ro: 1 }), { host: `45.202.0.${i}`, port: 1 }).length
    }
    expect(answers).toBe(50)
    expect(node.engine.counters.rateLimited).toBe(150)
  })

  test('[D-37] a query with a forged sender makes us send few pings', () => {
    const world = new World()
    const node = world.add()
    let pings = 0
    for (let i = 0; i < 1_000; i++) {
      const id = latin1(nodeIdBytes(randomNodeIdNear(node.engine.nodeId, 1 + (i % 9), true, world.random)))
      const ping: Bencoded = { a: { id }, q: 'ping' satisfies KrpcQuery['kind'], t: 'aa', y: 'q' }
      node.engine.handleDatagram(world.now, { host: `45.203.${i >> 8}.${i & 255}`, port: 1 }, packet(ping))
      for (let t = node.engine.pollTransmit(); t !== undefined; t = node.engine.pollTransmit()) {
        if (dig(decode(t.bytes), 'y') === 'q') pings++
      }
    }
    expect(pings).toBeLessThanOrEqual(20)
  })
})
