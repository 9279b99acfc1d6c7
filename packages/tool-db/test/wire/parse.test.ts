import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseMessage, type WireLimits } from '../../src/core/wire/parse.ts'
import { messageText } from '../../src/core/wire/serialise.ts'

const LIMITS: WireLimits = {
  frameSizeMax: 100_000,
  depthMax: 72,
  keyLengthMax: 1_024,
  answerKeysMax: 100,
  serversMax: 4,
}

const parse = (frame: unknown): ReturnType<typeof parseMessage> =>
  parseMessage(typeof frame === 'string' || frame instanceof Uint8Array ? frame : JSON.stringify(frame), LIMITS)

const RECORD = {
  k: 'key',
  a: 'A'.repeat(86),
  n: 0,
  h: 'ab'.repeat(32),
  t: 1_795_329_614_770,
  s: 'cd'.repeat(64),
  v: { any: ['thing'] },
  c: null,
}
const PEER = {
  topic: 't',
  timestamp: 1_795_329_614_829,
  host: '203.0.113.7',
  port: 9000,
  address: 'A'.repeat(86),
  sig: 'ab'.repeat(64),
}
const HELLO = { v: 1, features: ['proof'], nonce: 'ab'.repeat(32), instance: 'cd'.repeat(16), address: 'A'.repeat(86) }
const PING = { type: 'ping', id: 'x', to: [], clientId: 'c'.repeat(20), isServer: true, peer: PEER }
const PONG = { type: 'pong', id: 'x', to: [], clientId: 'c'.repeat(20), isServer: true, servers: [PEER] }

const file = new URL('../../../../vectors/tool-db-2.6.6.json', import.meta.url)
const vectors = JSON.parse(readFileSync(file, 'utf8')) as { cases: { name: string; message: object }[] }

test.each(vectors.cases)('[T-1] tool-db’s own message is understood: $name', ({ message }) => {
  const parsed = parse(message)
  expect(parsed).toMatchObject({ ok: true, message: { type: (message as { type: string }).type } })
})

test('[T-1] a record’s value goes through by reference: what is sent on has the same text', () => {
  const text =
    '{"type":"put","id":"x","to":[],"data":{"k":"key","a":"%","n":0,"h":"#","t":1795329614770,"s":"!","v":{"b":1,"a":{"2":0,"1":-0.5e3},"ü":"\u65e5"},"c":null}}'
      .replace('%', RECORD.a)
      .replace('#', RECORD.h)
      .replace('!', RECORD.s)
  const parsed = parse(text)
  expect(parsed.ok && parsed.message.type === 'put' && JSON.stringify(parsed.message.data.v)).toBe(
    JSON.stringify(JSON.parse(text).data.v),
  )
})

test('[T-2] a list of who had it is deduped and bounded', () => {
  const parsed = parse({ type: 'get', id: 'x', to: ['a', 'b', 'a'], key: 'k' })
  expect(parsed).toMatchObject({ ok: true, message: { to: ['a', 'b'] } })
  const long = Array.from({ length: 257 }, (_, i) => `p${i}`)
  expect(parse({ type: 'get', id: 'x', to: long, key: 'k' })).toMatchObject({ ok: false, field: 'to' })
})

const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`

const MALFORMED: [string, unknown][] = [
  ['the 14 bytes that end a tool-db server', '{"type":"put"}'],
  ['nothing', ''],
  ['no JSON', 'put k 1'],
  ['half of a message', '{"type":"get","id":"x","to":[],"key":'],
  ['a number', '42'],
  ['null', 'null'],
  ['a text', '"ping"'],
  ['an array', '[]'],
  ['an array of messages', [{ type: 'get', id: 'x', to: [], key: 'k' }]],
  ['no type', { id: 'x', to: [], key: 'k' }],
  ['an unknown type', { type: 'explode', id: 'x', to: [] }],
  ['a type out of the prototype', { type: 'toString', id: 'x', to: [] }],
  ['__proto__ as type', { type: '__proto__', id: 'x', to: [] }],
  ['a type that is an array', { type: ['get'], id: 'x', to: [], key: 'k' }],
  ['no id', { type: 'get', to: [], key: 'k' }],
  ['an id that is a number', { type: 'get', id: 7, to: [], key: 'k' }],
  ['an endless id', { type: 'get', id: 'x'.repeat(65), to: [], key: 'k' }],
  ['no to', { type: 'get', id: 'x', key: 'k' }],
  ['a to that is a text', { type: 'get', id: 'x', to: 'everybody', key: 'k' }],
  ['a to of numbers', { type: 'get', id: 'x', to: [1], key: 'k' }],
  ['a to that hides in __proto__', '{"type":"get","id":"x","key":"k","__proto__":{"to":[]}}'],
  ['no key', { type: 'get', id: 'x', to: [] }],
  ['an empty key', { type: 'get', id: 'x', to: [], key: '' }],
  ['a key that is an array', { type: 'get', id: 'x', to: [], key: ['k'] }],
  ['a key of our own rows', { type: 'get', id: 'x', to: [], key: '\u0000peer' }],
  ['half of a surrogate pair as key', '{"type":"get","id":"x","to":[],"key":"\\ud800"}'],
  ['an endless key', { type: 'get', id: 'x', to: [], key: 'k'.repeat(1_025) }],
  ['data null', { type: 'put', id: 'x', to: [], data: null }],
  ['data an array', { type: 'put', id: 'x', to: [], data: [RECORD] }],
  ['time NaN', JSON.stringify({ type: 'put', id: 'x', to: [], data: RECORD }).replace('1795329614770', 'NaN')],
  ['time infinite', JSON.stringify({ type: 'put', id: 'x', to: [], data: RECORD }).replace('1795329614770', '1e999')],
  ['time null', { type: 'put', id: 'x', to: [], data: { ...RECORD, t: null } }],
  ['time a text', { type: 'put', id: 'x', to: [], data: { ...RECORD, t: '1795329614770' } }],
  ['time a fraction', { type: 'put', id: 'x', to: [], data: { ...RECORD, t: 1_795_329_614_770.5 } }],
  ['time of 12 digits', { type: 'put', id: 'x', to: [], data: { ...RECORD, t: 179_532_961_477 } }],
  ['a nonce below zero', { type: 'put', id: 'x', to: [], data: { ...RECORD, n: -1 } }],
  ['a nonce with leading zeros', { type: 'put', id: 'x', to: [], data: { ...RECORD, n: `2.01.${'ab'.repeat(32)}` } }],
  ['a hash that is short', { type: 'put', id: 'x', to: [], data: { ...RECORD, h: 'ab' } }],
  ['an author that is an object', { type: 'put', id: 'x', to: [], data: { ...RECORD, a: {} } }],
  ['a CRDT type that is a number', { type: 'put', id: 'x', to: [], data: { ...RECORD, c: 5 } }],
  ['a value nested too deeply', `{"type":"put","id":"x","to":[],"data":{"v":${deep(80)}}}`],
  ['nesting that breaks parsers', deep(40_000)],
  ['nesting that is never closed', '['.repeat(90_000)],
  ['a frame over the limit', `"${'x'.repeat(100_001)}"`],
  ['bytes that are no UTF-8', Uint8Array.of(0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d)],
  ['an overlong UTF-8 quote', Uint8Array.of(0xc0, 0xa2)],
  ['a ping without a peer', { ...PING, peer: undefined }],
  ['a ping of nobody', { ...PING, clientId: '' }],
  ['a ping with isServer a text', { ...PING, isServer: 'true' }],
  ['a peer at port 0', { ...PING, peer: { ...PEER, port: 0 } }],
  ['a peer whose host is a URL', { ...PING, peer: { ...PEER, host: 'http://x/' } }],
  ['a shoal field that is a text', { ...PING, shoal: 'yes' }],
  ['a feature with a comma', { ...PING, shoal: { ...HELLO, features: ['proof,ack'] } }],
  ['a feature twice', { ...PING, shoal: { ...HELLO, features: ['proof', 'proof'] } }],
  ['a nonce that is short', { ...PING, shoal: { ...HELLO, nonce: 'ab' } }],
  ['a pong whose servers are an object', { ...PONG, servers: {} }],
  ['a proof without a signature', { type: 'proof', id: 'x', to: [], endpoint: 'a:1' }],
  ['an ack whose code is a number', { type: 'ack', id: 'x', to: [], code: 200 }],
  ['keys that are numbers', { type: 'queryAck', id: 'x', to: [], keys: [1] }],
  ['more keys than fit', { type: 'queryAck', id: 'x', to: [], keys: Array(101).fill('k') }],
  ['a limit of zero', { type: 'query', id: 'x', to: [], key: 'k', limit: 0 }],
  ['a limit that is a fraction', { type: 'query', id: 'x', to: [], key: 'k', limit: 1.5 }],
  ['a function without a name', { type: 'function', id: 'x', to: [], args: [] }],
  ['a function return of an unknown code', { type: 'functionReturn', id: 'x', to: [], code: 'FINE', return: 1 }],
  ['a prefix that is a number', { type: 'subscribe', id: 'x', to: [], key: 'k', prefix: 1 }],
]

test.each(MALFORMED)('[T-3] refused, and nothing thrown: %s', (_name, frame) => {
  expect(parse(frame)).toMatchObject({ ok: false })
})

test('[T-3] names out of a prototype are names like any other', () => {
  const parsed = parse(
    '{"type":"put","id":"__proto__","to":["__proto__","constructor"],"data":' +
      `${JSON.stringify({ ...RECORD, k: '__proto__' })}}`,
  )
  expect(parsed).toMatchObject({ ok: true, message: { id: '__proto__', data: { k: '__proto__' } } })
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  const polluting = parse(`{"type":"get","id":"x","to":[],"key":"k","__proto__":{"polluted":1}}`)
  expect(polluting.ok).toBe(true)
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
})

test('[T-4] one bad signed endpoint in a pong spoils only itself, and a long list is cut', () => {
  const servers = [{ ...PEER, port: 'x' }, ...Array.from({ length: 9 }, () => PEER)]
  const parsed = parse({ ...PONG, servers })
  expect(parsed.ok && parsed.message.type === 'pong' && parsed.message.servers).toHaveLength(3)
})

test('[T-1] what we write is read back as it was', () => {
  const messages = [
    { ...PING, shoal: HELLO },
    { ...PONG, shoal: HELLO },
    { type: 'query', id: 'x', to: ['a'], key: '', after: 'k', limit: 5 },
    { type: 'queryAck', id: 'x', to: [], keys: ['a', 'b'], more: true },
    { type: 'subscribe', id: 'x', to: [], key: '', prefix: true },
    { type: 'ack', id: 'x', to: [], code: 'OK' },
    { type: 'ack', id: '"\\', to: [], code: 'OK' },
    { type: 'ack', id: 'x', to: ['a'], code: 'OK' },
    { type: 'proof', id: 'x', to: [], endpoint: 'example.org:9000', sig: 'ab'.repeat(64) },
  ]
  for (const message of messages) {
    const parsed = parse(messageText(message as never))
    expect(parsed.ok && parsed.message).toEqual(message)
  }
})
