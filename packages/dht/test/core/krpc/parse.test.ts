import { fromLatin1, latin1 } from '@shoal/base'
import { describe, expect, test } from 'vitest'
import type { KrpcMessage, KrpcRejection } from '../../../src/core/krpc/message.ts'
import { DATAGRAM_MAX, KrpcParser } from '../../../src/core/krpc/parse.ts'
import { type Bencoded, packet } from '../../bencode.ts'

const ID = 'abcdefghij0123456789'
const TARGET = 'mnopqrstuvwxyz123456'

function parse(message: string | Bencoded | Uint8Array): KrpcMessage | KrpcRejection {
  const bytes =
    message instanceof Uint8Array ? message : typeof message === 'string' ? fromLatin1(message) : packet(message)
  return new KrpcParser().parse(bytes)
}

function text(message: string, at: number, length: number): string {
  return latin1(fromLatin1(message), at, at + length)
}

describe('the examples of BEP 5', () => {
  test('[D-1] ping', () => {
    const ping = 'd1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe'
    const message = parse(ping)
    if (message.kind !== 'ping') throw new Error(message.kind)
    expect(text(ping, message.idAt, 20)).toBe(ID)
    expect(text(ping, message.transactionAt, message.transactionLength)).toBe('aa')
    expect(message.isReadOnly).toBe(false)
  })

  test('[D-1] find_node', () => {
    const query = `d1:ad2:id20:${ID}6:target20:${TARGET}e1:q9:find_node1:t2:aa1:y1:qe`
    const message = parse(query)
    if (message.kind !== 'find_node') throw new Error(message.kind)
    expect(text(query, message.targetAt, 20)).toBe(TARGET)
  })

  test('[D-1] get_peers', () => {
    const query = `d1:ad2:id20:${ID}9:info_hash20:${TARGET}e1:q9:get_peers1:t2:aa1:y1:qe`
    const message = parse(query)
    if (message.kind !== 'get_peers') throw new Error(message.kind)
    expect(text(query, message.targetAt, 20)).toBe(TARGET)
  })

  test('[D-1] announce_peer', () => {
    const query = `d1:ad2:id20:${ID}12:implied_porti1e9:info_hash20:${TARGET}4:porti6881e5:token8:aoeusnthe1:q13:announce_peer1:t2:aa1:y1:qe`
    const message = parse(query)
    if (message.kind !== 'announce_peer') throw new Error(message.kind)
    expect(text(query, message.tokenAt, message.tokenLength)).toBe('aoeusnth')
    expect(message.port).toBe(0)
  })

  test('[D-1] a response with peers', () => {
    const response = `d1:rd2:id20:${ID}5:token8:aoeusnth6:valuesl6:axje.u6:idhtnmee1:t2:aa1:y1:re`
    const message = parse(response)
    if (message.kind !== 'response') throw new Error(message.kind)
    expect(message.values.map((at) => text(response, at, 6))).toEqual(['axje.u', 'idhtnm'])
    expect(text(response, message.tokenAt, message.tokenLength)).toBe('aoeusnth')
    expect(message.nodesLength).toBe(0)
  })

  test('[D-1] a response with nodes and our address', () => {
    const nodes = 'n'.repeat(52)
    const message = parse({ ip: '123456', r: { id: ID, nodes }, t: 'aa', y: 'r' })
    if (message.kind !== 'response') throw new Error(message.kind)
    expect([message.nodesLength, message.ipLength, message.values.length]).toEqual([52, 6, 0])
  })

  test('[D-1] an error', () => {
    const message = parse('d1:eli201e23:A Generic Error Ocurrede1:t2:aa1:y1:ee')
    expect(message).toMatchObject({ kind: 'error', code: 201 })
  })
})

describe('where BEP 5 is silent', () => {
  test('[D-2] keys may come in any order, and unknown ones are stepped over', () => {
    const message = parse({
      y: 'q',
      zz: { deep: [1, ['x', {}]] },
      v: 'LT\x01\x02',
      t: 'xy',
      q: 'get_peers',
      a: { want: ['n4', 'n6'], noseed: 1, bs: 1, info_hash: TARGET, id: ID },
    })
    expect(message.kind).toBe('get_peers')
  })

  test('[D-2] of a repeated key the first value of the right type counts', () => {
    const ping = `d1:ad2:idi7e2:id20:${ID}2:id20:${TARGET}e1:q4:ping1:t1:x1:t1:z1:y1:qe`
    const message = parse(ping)
    if (message.kind !== 'ping') throw new Error(message.kind)
    expect([message.idAt, message.transactionAt]).toEqual([ping.indexOf(ID), ping.indexOf('1:t1:x') + 5])
  })

  test('[D-2] bytes behind the message are ignored', () => {
    expect(parse(`d1:ad2:id20:${ID}e1:q4:ping1:t2:aa1:y1:qe\0\0garbage`).kind).toBe('ping')
  })

  test('[D-2] a read-only sender says so with any integer but zero', () => {
    const ping = (ro: Bencoded): Bencoded => ({ a: { id: ID }, q: 'ping', ro, t: 'aa', y: 'q' })
    expect(parse(ping(1))).toMatchObject({ isReadOnly: true })
    expect(parse(ping(0))).toMatchObject({ isReadOnly: false })
    expect(parse(ping('1'))).toMatchObject({ isReadOnly: false })
  })

  test('[D-2] nodes that are no whole entries, and values of other lengths, are dropped', () => {
    const message = parse({
      r: { id: ID, nodes: 'n'.repeat(27), values: ['12345', '123456', 7, ['x']] },
      t: 'a',
      y: 'r',
    })
    expect(message).toMatchObject({ kind: 'response', nodesLength: 0 })
    expect(message.kind === 'response' && message.values.length).toBe(1)
  })

  test('[D-6] a transaction id may have 32 bytes, and even none, but not 33', () => {
    const ping = (t: string): Bencoded => ({ a: { id: ID }, q: 'ping', t, y: 'q' })
    expect(parse(ping('x'.repeat(32))).kind).toBe('ping')
    expect(parse(ping('')).kind).toBe('ping')
    expect(parse(ping('x'.repeat(33)))).toEqual({ kind: 'rejected', reason: 'no-transaction-id' })
  })
})

describe('queries that get an error', () => {
  const query = (q: Bencoded, a: Bencoded): Bencoded => ({ a, q, t: 'aa', y: 'q' })

  test.each<[string, Bencoded]>([
    ['a non-string target', query('find_node', { id: ID, target: 5 })],
    ['a list as target', query('find_node', { id: ID, target: [TARGET] })],
    ['a short target', query('find_node', { id: ID, target: TARGET.slice(1) })],
    ['no target', query('find_node', { id: ID })],
    ['a non-string info_hash', query('get_peers', { id: ID, info_hash: 7 })],
    ['a dictionary as info_hash', query('get_peers', { id: ID, info_hash: {} })],
    ['a long info_hash', query('get_peers', { id: ID, info_hash: `${TARGET}x` })],
    ['a non-string token', query('announce_peer', { id: ID, info_hash: TARGET, port: 1, token: 7 })],
    ['a list as token', query('announce_peer', { id: ID, info_hash: TARGET, port: 1, token: [] })],
    ['no token', query('announce_peer', { id: ID, info_hash: TARGET, port: 1 })],
    ['port 0', query('announce_peer', { id: ID, info_hash: TARGET, port: 0, token: 'x' })],
    ['port 65536', query('announce_peer', { id: ID, info_hash: TARGET, port: 65_536, token: 'x' })],
    ['a negative port', query('announce_peer', { id: ID, info_hash: TARGET, port: -1, token: 'x' })],
    ['a huge port', query('announce_peer', { id: ID, info_hash: TARGET, port: 1e14, token: 'x' })],
    ['a string as port', query('announce_peer', { id: ID, info_hash: TARGET, port: '6881', token: 'x' })],
    ['no id', query('ping', {})],
    ['a short id', query('ping', { id: 'x' })],
    ['an integer as id', query('ping', { id: 20 })],
    ['no arguments', { q: 'ping', t: 'aa', y: 'q' }],
    ['arguments that are a list', query('ping', [ID])],
    ['arguments that are a string', query('ping', ID)],
    ['no method', { a: { id: ID }, t: 'aa', y: 'q' }],
    ['a method that is an integer', query(4, { id: ID })],
  ])('[D-4] %s is malformed, not fatal', (_, message) => {
    expect(parse(message).kind).toBe('malformed')
  })

  test('[D-4] an unknown method is told apart, with or without an id', () => {
    expect(parse(query('vote', { id: ID })).kind).toBe('unknown')
    expect(parse(query('', {})).kind).toBe('unknown')
    expect(parse(query('pinh', { id: ID })).kind).toBe('unknown')
    expect(parse(query('announce_peeR', { id: ID })).kind).toBe('unknown')
  })

  test('[D-15] with implied_port the port may be missing', () => {
    const a = { id: ID, implied_port: 1, info_hash: TARGET, token: 'x' }
    expect(parse(query('announce_peer', a))).toMatchObject({ kind: 'announce_peer', port: 0 })
  })
})

describe('datagrams that are dropped', () => {
  test.each<[string, string | Bencoded, string]>([
    ['nothing', '', 'not-a-dictionary'],
    ['a list', 'le', 'not-a-dictionary'],
    ['text', 'hello', 'not-a-dictionary'],
    ['an empty dictionary', 'de', 'no-transaction-id'],
    ['an integer as key', 'di1e1:xe', 'syntax'],
    ['a list as key', 'dle1:xe', 'syntax'],
    ['no value', 'd1:ae', 'syntax'],
    ['an integer as transaction id', { t: 5, y: 'q' }, 'no-transaction-id'],
    ['no type', { t: 'aa' }, 'no-type'],
    ['an unknown type', { t: 'aa', y: 'x' }, 'no-type'],
    ['an integer as type', { t: 'aa', y: 1 }, 'no-type'],
    ['a response without r', { t: 'aa', y: 'r' }, 'response-without-id'],
    ['a response whose r is a list', { r: [], t: 'aa', y: 'r' }, 'response-without-id'],
    ['a response without id', { r: {}, t: 'aa', y: 'r' }, 'response-without-id'],
    ['a response with a short id', { r: { id: 'x' }, t: 'aa', y: 'r' }, 'response-without-id'],
    ['a leading zero in a length', 'd01:t2:aae', 'syntax'],
    ['a leading zero in an integer', 'd2:roi01ee', 'syntax'],
    ['minus zero', 'd2:roi-0ee', 'syntax'],
    ['a negative length', 'd-1:te', 'syntax'],
    ['a huge length', 'd99999999999:te', 'syntax'],
    ['a length beyond the end', 'd9999:te', 'truncated'],
    ['deep nesting', `d1:x${'l'.repeat(200)}${'e'.repeat(200)}e`, 'too-deep'],
    ['unending nesting', `d1:x${'d1:a'.repeat(300)}`, 'too-deep'],
  ])('[D-3] %s', (_, message, reason) => {
    expect(parse(message)).toEqual({ kind: 'rejected', reason })
  })

  test('[D-3] a datagram longer than any KRPC', () => {
    expect(parse(new Uint8Array(DATAGRAM_MAX + 1))).toEqual({ kind: 'rejected', reason: 'too-long' })
  })

  test('[D-3] a message cut at any byte', () => {
    const whole = packet({
      a: { id: ID, implied_port: 1, info_hash: TARGET, port: 6_881, token: 'aoeusnth' },
      ip: '123456',
      q: 'announce_peer',
      ro: 1,
      t: 'aa',
      y: 'q',
    })
    for (let length = 1; length < whole.length; length++) {
      const message = parse(whole.subarray(0, length))
      expect(message).toEqual({ kind: 'rejected', reason: 'truncated' })
    }
    expect(parse(whole).kind).toBe('announce_peer')
  })

  test('[D-1] a parser keeps nothing of the datagram before', () => {
    const parser = new KrpcParser()
    const a = { id: ID, info_hash: TARGET, port: 1, token: 'x' }
    parser.parse(packet({ a, ip: '123456', q: 'announce_peer', ro: 1, t: 'aa', y: 'q' }))
    expect(parser.parse(packet({ a: {}, q: 'announce_peer', t: 'b', y: 'q' }))).toMatchObject({
      kind: 'malformed',
      isReadOnly: false,
      idAt: -1,
    })
    expect(parser.parse(packet({ t: 'b' }))).toEqual({ kind: 'rejected', reason: 'no-type' })
  })
})
