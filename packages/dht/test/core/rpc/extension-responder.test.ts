import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { type Endpoint, fromLatin1, latin1, type Millis } from '@shoal/base'
import { describe, expect, test } from 'vitest'
import { immutableTarget, mutableTarget, signedMessage } from '../../../src/core/item/item.ts'
import { nodeItemCrypto } from '../../../src/node/ed25519.ts'
import { type Bencoded, decode, dig, encode, packet } from '../../bencode.ts'
import { swarm, World, type WorldNode } from '../../world.ts'

const ASKER: Endpoint = { host: '45.200.0.1', port: 7_777 }
const ID = 'abcdefghij0123456789'
const HASH = 'mnopqrstuvwxyz123456'
const { sha1 } = nodeItemCrypto

const PKCS8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, 7)])
const privateKey = createPrivateKey({ key: PKCS8, format: 'der', type: 'pkcs8' })
const publicKey = new Uint8Array(createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32))

/** Hands a node one datagram; what it sends back. Nothing else of the world runs. */
function askRaw(world: World, node: WorldNode, bytes: Uint8Array, from: Endpoint = ASKER): Uint8Array[] {
  node.engine.handleDatagram(world.now, from, bytes)
  const answers: Uint8Array[] = []
  for (let t = node.engine.pollTransmit(); t !== undefined; t = node.engine.pollTransmit()) {
    if (t.to.host === from.host && t.to.port === from.port && dig(decode(t.bytes), 'y') !== 'q') answers.push(t.bytes)
  }
  return answers
}

function ask(world: World, node: WorldNode, q: string, a: Record<string, Bencoded>, from: Endpoint = ASKER): Bencoded {
  const answers = askRaw(world, node, packet({ a: { id: ID, ...a }, q, ro: 1, t: 'aa', y: 'q' }), from)
  expect(answers).toHaveLength(1)
  return decode(answers[0] as Uint8Array)
}

function token(world: World, node: WorldNode, from: Endpoint = ASKER): string {
  return dig(ask(world, node, 'get', { target: HASH }, from), 'r', 'token') as string
}

/** The arguments of a put that is right in everything but what `wrong` replaces. */
function mutable(options: { seq?: number; value?: Bencoded; salt?: string; cas?: number }): Record<string, Bencoded> {
  const { seq = 1, value = 'hello', salt, cas } = options
  const message = signedMessage(fromLatin1(salt ?? ''), BigInt(seq), packet(value))
  return {
    ...(cas === undefined ? {} : { cas }),
    k: latin1(publicKey),
    ...(salt === undefined ? {} : { salt }),
    seq,
    sig: latin1(sign(undefined, message, privateKey)),
    v: value,
  }
}

const targetOf = (salt = ''): string => latin1(mutableTarget(publicKey, fromLatin1(salt), sha1))
const codeOf = (answer: Bencoded): Bencoded | undefined => dig(answer, 'e', 0)

function world1(options = {}): { world: World; node: WorldNode; put: (a: Record<string, Bencoded>) => Bencoded } {
  const world = new World()
  const node = world.add(options)
  return { world, node, put: (a) => ask(world, node, 'put', { token: token(world, node), ...a }) }
}

describe('put', () => {
  test('[D-146] an immutable item is served as exactly the bytes that came, to those who ask for their hash', () => {
    const { world, node, put } = world1()
    const value = { a: [1, -2, ''], b: { '': 'x' } }
    expect(put({ v: value })).toMatchObject({ y: 'r', t: 'aa' })
    const answer = ask(world, node, 'get', { target: latin1(immutableTarget(packet(value), sha1)) })
    expect(dig(answer, 'r', 'v')).toEqual(value)
    expect(dig(answer, 'r', 'k')).toBeUndefined()
    expect(dig(answer, 'r', 'nodes')).toBe('')
    expect(dig(answer, 'r', 'token')).toHaveLength(8)
    expect(node.engine.sizes).toMatchObject({ items: 1 })
  })

  test('[D-146] a mutable item comes with key, signature and number; without its value to those who have it', () => {
    const { world, node, put } = world1()
    const sent = mutable({ seq: 7, salt: 'foo' })
    expect(put(sent)).toMatchObject({ y: 'r' })
    expect(dig(ask(world, node, 'get', { target: targetOf('foo') }), 'r')).toMatchObject({
      k: sent['k'],
      seq: 7,
      sig: sent['sig'],
      v: 'hello',
    })
    for (const seq of [7, 8]) {
      const answer = dig(ask(world, node, 'get', { seq, target: targetOf('foo') }), 'r') as object
      expect(answer).toMatchObject({ seq: 7 })
      for (const key of ['k', 'sig', 'v']) expect(answer).not.toHaveProperty(key)
    }
    expect(dig(ask(world, node, 'get', { seq: 6, target: targetOf('foo') }), 'r', 'v')).toBe('hello')
    expect(dig(ask(world, node, 'get', { target: targetOf() }), 'r', 'v')).toBeUndefined()
  })

  test('[D-143] the token comes first, then sizes, canonical form and signature', () => {
    const { world, node, put } = world1()
    const bad = (a: Record<string, Bencoded>, from = ASKER): Bencoded | undefined => {
      return codeOf(ask(world, node, 'put', a, from))
    }
    expect(bad({ token: 'wrongone', v: 'x'.repeat(1_100) })).toBe(203)
    expect(bad({ token: token(world, node), v: 'x' }, { ...ASKER, host: '45.200.0.2' })).toBe(203)
    // "1000:" and 996 bytes are 1,001.
    expect(codeOf(put({ v: 'x'.repeat(997) }))).toBe(205)
    expect(put({ v: 'x'.repeat(996) })).toMatchObject({ y: 'r' })
    expect(codeOf(put(mutable({ salt: 'x'.repeat(65) })))).toBe(207)
    expect(put(mutable({ salt: 'x'.repeat(64) }))).toMatchObject({ y: 'r' })
    expect(codeOf(put({ ...mutable({ seq: 2 }), seq: 3 }))).toBe(206)
    expect(codeOf(put({ ...mutable({ seq: 2 }), v: 'other' }))).toBe(206)
    expect(codeOf(put({ ...mutable({ seq: 2 }), k: '\xff'.repeat(32) }))).toBe(206)
    expect(codeOf(put({ ...mutable({ seq: 2, salt: 'a' }), salt: 'b' }))).toBe(206)
    expect(node.engine.sizes.items).toBe(2)
  })

  test.each([
    ['unsorted keys', 'd1:bi1e1:ai1ee'],
    ['a repeated key', 'd1:ai1e1:ai1ee'],
  ])('[D-143] a value with %s gets error 203', (_, value) => {
    const { world, node } = world1()
    const good = encode({ a: { id: ID, token: token(world, node), v: 'VALUE' }, q: 'put', t: 'aa', y: 'q' })
    const [answer] = askRaw(world, node, fromLatin1(good.replace('5:VALUE', value)))
    expect(codeOf(decode(answer as Uint8Array))).toBe(203)
    expect(node.engine.sizes.items).toBe(0)
  })

  test('[D-3] a value that nests 1,000 deep is dropped with its message', () => {
    const { world, node } = world1()
    const good = encode({ a: { id: ID, token: token(world, node), v: 'VALUE' }, q: 'put', t: 'aa', y: 'q' })
    const deep = good.replace('5:VALUE', `${'l'.repeat(900)}${'e'.repeat(900)}`)
    expect(askRaw(world, node, fromLatin1(deep))).toEqual([])
    expect(node.engine.counters.rejected['too-deep']).toBe(1)
  })

  test.each<[string, Record<string, Bencoded>]>([
    ['a short k', { k: 'x'.repeat(31) }],
    ['a k that is a number', { k: 1 }],
    ['a short sig', { sig: 'x'.repeat(63) }],
    ['a sig that is a list', { sig: ['x'] }],
    ['a negative seq', { seq: -1 }],
    ['a seq that is a string', { seq: '1' }],
    ['a cas that is a string', { cas: '1' }],
    ['a negative cas', { cas: -7 }],
    ['a salt that is a number', { salt: 1 }],
  ])('[D-145] %s gets error 203, and is never taken for an immutable item', (_, wrong) => {
    const { node, put } = world1()
    const { cas, ...rest } = { ...mutable({}), ...wrong }
    expect(codeOf(put({ ...(cas === undefined ? {} : { cas }), ...rest }))).toBe(203)
    expect(node.engine.sizes.items).toBe(0)
  })

  test.each([
    ['no v', { k: latin1(publicKey), seq: 1, sig: 'x'.repeat(64) }],
    ['no sig', { k: latin1(publicKey), seq: 1, v: 'x' }],
    ['no seq', { k: latin1(publicKey), sig: 'x'.repeat(64), v: 'x' }],
    ['no k', { seq: 1, sig: 'x'.repeat(64), v: 'x' }],
  ])('[D-145] %s gets error 203', (_, a) => {
    expect(codeOf(world1().put(a))).toBe(203)
  })

  test.each(['9223372036854775808', '99999999999999999999999999999999'])('[D-145] seq %s gets error 203', (seq) => {
    const { world, node } = world1()
    const a = { id: ID, ...mutable({ seq: 4_711 }), token: token(world, node) }
    const text = encode({ a, q: 'put', t: 'aa', y: 'q' }).replace('i4711e', `i${seq}e`)
    const [answer] = askRaw(world, node, fromLatin1(text))
    expect(codeOf(decode(answer as Uint8Array))).toBe(203)
  })

  test('[D-144] a lower number gets 302, the same number with another value too, with the same it is refreshed', () => {
    const { world, node, put } = world1()
    put(mutable({ seq: 5 }))
    expect(codeOf(put(mutable({ seq: 4 })))).toBe(302)
    expect(codeOf(put(mutable({ seq: 5, value: 'other' })))).toBe(302)
    world.now += 7_000_000
    expect(put(mutable({ seq: 5 }))).toMatchObject({ y: 'r' })
    world.now += 7_000_000
    expect(dig(ask(world, node, 'get', { target: targetOf() }), 'r', 'v')).toBe('hello')
    expect(put(mutable({ seq: 6, value: 'newer' }))).toMatchObject({ y: 'r' })
    expect(dig(ask(world, node, 'get', { target: targetOf() }), 'r')).toMatchObject({ seq: 6, v: 'newer' })
  })

  test('[D-144] cas other than the number held gets 301; without an item there is nothing to compare', () => {
    const { put } = world1()
    expect(put(mutable({ seq: 1, cas: 77 }))).toMatchObject({ y: 'r' })
    expect(codeOf(put(mutable({ seq: 2, cas: 0 })))).toBe(301)
    expect(codeOf(put(mutable({ seq: 2, cas: 2 })))).toBe(301)
    expect(put(mutable({ seq: 2, cas: 1 }))).toMatchObject({ y: 'r' })
  })

  test('[D-144] a forged refresh gets 206, also where number and value are those held', () => {
    const { put } = world1()
    put(mutable({ seq: 1 }))
    expect(codeOf(put({ ...mutable({ seq: 1 }), sig: 'x'.repeat(64) }))).toBe(206)
  })
})

describe('bounds', () => {
  test('[D-147] no answer with an item exceeds 1,280 bytes; nodes make room for it', () => {
    const { world, nodes } = swarm(20, { seed: 9 })
    const node = nodes[0] as WorldNode
    const sent = mutable({ value: 'x'.repeat(996), seq: 1 })
    ask(world, node, 'put', { ...sent, token: token(world, node) })
    const [answer] = askRaw(
      world,
      node,
      packet({ a: { id: ID, target: targetOf() }, q: 'get', t: 't'.repeat(32), y: 'q' }),
    )
    const bytes = answer as Uint8Array
    expect(bytes.length).toBeLessThanOrEqual(1_280)
    expect(dig(decode(bytes), 'r', 'v')).toBe(sent['v'])
    expect((dig(decode(bytes), 'r', 'nodes') as string).length % 26).toBe(0)
  })

  test('[D-147] one address gets few long answers a second; then none is longer than six times its question', () => {
    const { world, nodes } = swarm(20, { seed: 10, engine: { limits: { answersPerSecondPerAddress: 1_000 } } })
    const node = nodes[0] as WorldNode
    const sent = mutable({ value: 'x'.repeat(900), seq: 1 })
    ask(world, node, 'put', { ...sent, token: token(world, node) })
    const question = packet({ a: { id: ID, target: targetOf() }, q: 'get', ro: 1, t: 'aa', y: 'q' })
    const victim = { host: '45.99.0.1', port: 53 }
    const lengths = Array.from({ length: 200 }, () => (askRaw(world, node, question, victim)[0] as Uint8Array).length)
    expect(lengths.filter((length) => length > 6 * question.length)).toHaveLength(16)
    expect(node.engine.counters.shortened).toBe(184)
    const short = decode(askRaw(world, node, question, victim)[0] as Uint8Array)
    expect(dig(short, 'r', 'seq')).toBe(1)
    expect(dig(short, 'r', 'v')).toBeUndefined()
    expect((dig(short, 'r', 'nodes') as string).length).toBe(8 * 26)
    expect(dig(ask(world, node, 'get', { target: targetOf() }), 'r', 'v')).toBe(sent['v'])
    world.now += 1_000
    expect(dig(ask(world, node, 'get', { target: targetOf() }, victim), 'r', 'v')).toBe(sent['v'])
  })

  test('[D-147] a short item costs nothing of that', () => {
    const { world, node, put } = world1({ limits: { answersPerSecondPerAddress: 1_000 } })
    put(mutable({}))
    for (let i = 0; i < 100; i++) expect(dig(ask(world, node, 'get', { target: targetOf() }), 'r', 'v')).toBe('hello')
    expect(node.engine.counters.shortened).toBe(0)
  })

  test('[D-148] signatures are checked up to a rate; beyond it a put gets error 202', () => {
    const { node, put } = world1({ limits: { verificationsPerSecond: 3 } })
    const codes = Array.from({ length: 5 }, (_, i) => codeOf(put(mutable({ seq: i + 1 }))))
    expect(codes).toEqual([undefined, undefined, undefined, 202, 202])
    expect(node.engine.counters.unverified).toBe(2)
  })

  test('[D-153] one address holds its share of the store', () => {
    const { node, put } = world1({ limits: { itemsPerAddressMax: 3, answersPerSecondPerAddress: 1_000 } })
    for (let i = 0; i < 10; i++) put({ v: i })
    expect(node.engine.sizes.items).toBe(3)
  })

  test('[D-17] a client serves nothing of it', () => {
    const world = new World()
    const node = world.add({ mode: 'client' })
    for (const q of ['get', 'put', 'sample_infohashes']) {
      expect(askRaw(world, node, packet({ a: { id: ID, target: HASH }, q, t: 'aa', y: 'q' }))).toEqual([])
    }
  })
})

describe('scrape', () => {
  function announce(world: World, node: WorldNode, from: Endpoint, seed?: number): void {
    const t = dig(ask(world, node, 'get_peers', { info_hash: HASH }, from), 'r', 'token') as string
    const a = { info_hash: HASH, port: 6_881, ...(seed === undefined ? {} : { seed }), token: t }
    expect(ask(world, node, 'announce_peer', a, from)).toMatchObject({ y: 'r' })
  }

  test('[D-171] filters of seeds and peers come where there is anybody, and to those alone who ask', () => {
    const { world, node } = world1()
    expect(dig(ask(world, node, 'get_peers', { info_hash: HASH, scrape: 1 }), 'r', 'BFsd')).toBeUndefined()
    announce(world, node, { host: '45.201.0.1', port: 1 }, 1)
    announce(world, node, { host: '45.201.0.2', port: 1 })
    announce(world, node, { host: '45.201.0.3', port: 1 }, 0)
    const answer = ask(world, node, 'get_peers', { info_hash: HASH, scrape: 1 })
    const bits = (text: Bencoded | undefined): number => {
      return [...fromLatin1(text as string)].reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)
    }
    expect(dig(answer, 'r', 'BFsd')).toHaveLength(256)
    expect(bits(dig(answer, 'r', 'BFsd'))).toBe(2)
    expect(bits(dig(answer, 'r', 'BFpe'))).toBe(4)
    expect(dig(answer, 'r', 'values')).toHaveLength(3)
    expect(dig(ask(world, node, 'get_peers', { info_hash: HASH }), 'r', 'BFsd')).toBeUndefined()
    announce(world, node, { host: '45.201.0.2', port: 1 }, 1)
    expect(bits(dig(ask(world, node, 'get_peers', { info_hash: HASH, scrape: 1 }), 'r', 'BFsd'))).toBe(4)
    world.now += 31 * 60_000
    expect(dig(ask(world, node, 'get_peers', { info_hash: HASH, scrape: 1 }), 'r', 'BFsd')).toBeUndefined()
  })

  test('[D-171] an answer to a scrape has 1,280 bytes at most, and stays short for those who ask too often', () => {
    const { world, nodes } = swarm(20, { seed: 11 })
    const node = nodes[0] as WorldNode
    for (let i = 0; i < 200; i++) announce(world, node, { host: `45.202.0.${i}`, port: 1 }, i % 2)
    const question = packet({ a: { id: ID, info_hash: HASH, scrape: 1 }, q: 'get_peers', ro: 1, t: 'aa', y: 'q' })
    const answers = Array.from({ length: 20 }, () => askRaw(world, node, question)[0] as Uint8Array)
    for (const answer of answers) expect(answer.length).toBeLessThanOrEqual(1_280)
    expect(dig(decode(answers[0] as Uint8Array), 'r', 'BFsd')).toHaveLength(256)
    expect((dig(decode(answers[0] as Uint8Array), 'r', 'values') as string[]).length).toBeGreaterThanOrEqual(8)
    expect((answers.at(-1) as Uint8Array).length).toBeLessThanOrEqual(6 * question.length)
  })

  test('[D-173] with noseed others come before seeds', () => {
    const { world, nodes } = swarm(2, { seed: 12, engine: { network: 'private' } })
    const node = nodes[0] as WorldNode
    for (let i = 0; i < 30; i++) announce(world, node, { host: `45.203.0.${i}`, port: 1 }, i < 25 ? 1 : 0)
    const values = dig(ask(world, node, 'get_peers', { info_hash: HASH, noseed: 1 }), 'r', 'values') as string[]
    const peers = new Set([25, 26, 27, 28, 29].map((i) => String.fromCharCode(45, 203, 0, i, 0x1a, 0xe1)))
    expect(new Set(values.slice(0, 5))).toEqual(peers)
    expect(values.length).toBeGreaterThan(5)
  })
})

describe('samples', () => {
  function fill(world: World, node: WorldNode, count: number): void {
    for (let i = 0; i < count; i++) {
      const from = { host: `45.204.${i >> 8}.${i & 255}`, port: 1 }
      const info_hash = String(i).padStart(20, '-')
      const t = dig(ask(world, node, 'get_peers', { info_hash }, from), 'r', 'token') as string
      ask(world, node, 'announce_peer', { info_hash, port: 1, token: t }, from)
    }
  }
  const sample = (world: World, node: WorldNode, host = '45.205.0.1'): Bencoded => {
    return dig(ask(world, node, 'sample_infohashes', { target: HASH }, { host, port: 1 }), 'r') as Bencoded
  }

  test('[D-180] all info hashes where there are few, and an empty sample where there are none', () => {
    const { world, node } = world1()
    expect(sample(world, node)).toMatchObject({ samples: '', num: 0, interval: 0, nodes: '' })
    fill(world, node, 20)
    const { samples, num, interval } = sample(world, node) as { samples: string; num: number; interval: number }
    expect({ num, interval }).toEqual({ num: 20, interval: 0 })
    const shown = new Set(samples.match(/.{20}/g))
    expect(shown).toEqual(new Set(Array.from({ length: 20 }, (_, i) => String(i).padStart(20, '-'))))
  })

  test('[D-180] a random subset of twenty where there are more, the same until its interval is over', () => {
    const { world, nodes } = swarm(20, { seed: 13 })
    const node = nodes[0] as WorldNode
    fill(world, node, 500)
    const first = sample(world, node) as { samples: string; num: number; interval: number; nodes: string }
    expect(first).toMatchObject({ num: 500, interval: 600 })
    expect(new Set(first.samples.match(/.{20}/g)).size).toBe(20)
    expect(first.nodes.length).toBe(8 * 26)
    world.now += 599_000
    expect(dig(sample(world, node), 'samples')).toBe(first.samples)
    expect(dig(sample(world, node), 'interval')).toBe(1)
    world.now += 1_000 as Millis
    expect(dig(sample(world, node), 'samples')).not.toBe(first.samples)
  })

  test('[D-180] at most 1,024 bytes, and shorter for those who ask too often', () => {
    const { world, nodes } = swarm(20, { seed: 14 })
    const node = nodes[0] as WorldNode
    fill(world, node, 100)
    const question = packet({ a: { id: ID, target: HASH }, q: 'sample_infohashes', ro: 1, t: 'aa', y: 'q' })
    const answers = Array.from({ length: 20 }, () => askRaw(world, node, question)[0] as Uint8Array)
    expect((answers[0] as Uint8Array).length).toBeLessThanOrEqual(1_024)
    const last = answers.at(-1) as Uint8Array
    expect(last.length).toBeLessThanOrEqual(6 * question.length)
    expect((dig(decode(last), 'r', 'samples') as string).length).toBe(400)
  })
})
