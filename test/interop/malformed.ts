/** Messages that no program of good will sends. Each is a frame, or makes one from a record that is otherwise in order. */
import type { PlainRecord } from './plain-peer.ts'

type Frame = string | Buffer

/** `t: NaN` has no JSON; what a careless writer makes of it are these. */
const TIMES: readonly unknown[] = [null, 'NaN', '1e400', -1, 0, 1.5, 17953296147701, '1795329614770', {}, [], true]
const NONCES: readonly unknown[] = [null, -1, 0.5, 2 ** 60, '0', '', '2.1', '2.x.00', `2.01.${'0'.repeat(64)}`, {}, []]

const json = (value: unknown): string => JSON.stringify(value)
const put = (data: unknown): string => json({ type: 'put', id: 'malformed1', to: [], data })

function without(record: PlainRecord, field: keyof PlainRecord): object {
  const { [field]: _, ...rest } = record
  return rest
}

/** Frames by name; `record` is valid, so each differs from a good message in one thing. */
export function malformedFrames(record: PlainRecord): Map<string, Frame> {
  const frames = new Map<string, Frame>([
    ['the 14 bytes', '{"type":"put"}'],
    ['no JSON', 'put me down'],
    ['empty', ''],
    ['cut JSON', put(record).slice(0, -9)],
    ['null', 'null'],
    ['a number', '42'],
    ['a string', '"put"'],
    ['an array', '[{"type":"put"}]'],
    ['an empty object', '{}'],
    ['a type that is a number', json({ type: 1, id: 'a', to: [] })],
    ['a type from the prototype', json({ type: 'constructor', id: 'a', to: [] })],
    ['__proto__ as type', json({ type: '__proto__', id: 'a', to: [] })],
    ['__proto__ around the data', `{"type":"put","id":"a","to":[],"__proto__":{"data":${json(record)}}}`],
    ['__proto__ inside the data', `{"type":"put","id":"a","to":[],"data":{"__proto__":${json(record)}}}`],
    ['data null', put(null)],
    ['data an array', put([record])],
    ['data a string', put(json(record))],
    ['to a string', json({ type: 'put', id: 'a', to: 'everyone', data: record })],
    ['to of objects', json({ type: 'get', id: 'a', to: [{}, []], key: 'k' })],
    ['id an object', json({ type: 'get', id: {}, to: [], key: 'k' })],
    ['key a number', put({ ...record, k: 7 })],
    ['key an object', put({ ...record, k: { startsWith: 1 } })],
    ['key empty', put({ ...record, k: '' })],
    ['key of the store itself', put({ ...record, k: '\u0000format' })],
    ['key of a megabyte', put({ ...record, k: 'k'.repeat(1_000_000) })],
    ['author an object', put({ ...record, a: {} })],
    ['author cut', put({ ...record, a: record.a.slice(1) })],
    ['hash in capitals', put({ ...record, h: record.h.toUpperCase() })],
    ['signature of no hex', put({ ...record, s: 'z'.repeat(128) })],
    ['type of CRDT a number', put({ ...record, c: 1 })],
    ['get without a key', json({ type: 'get', id: 'a', to: [] })],
    ['get of an object', json({ type: 'get', id: 'a', to: [], key: {} })],
    ['query of a number', json({ type: 'query', id: 'a', to: [], key: 1 })],
    ['subscribe to an array', json({ type: 'subscribe', id: 'a', to: [], key: ['k'] })],
    ['function named by an object', json({ type: 'function', id: 'a', to: [], function: {}, args: [] })],
    ['crdtPut without data', json({ type: 'crdtPut', id: 'a', to: [] })],
    ['pong of no servers', json({ type: 'pong', id: 'a', to: [], isServer: true, clientId: 'x', servers: 'none' })],
    ['ping without a peer', json({ type: 'ping', id: 'a', to: [], clientId: 'x', isServer: true })],
    ['ping with a peer of null', json({ type: 'ping', id: 'a', to: [], clientId: 'x', isServer: true, peer: null })],
    [
      'nested a hundred thousand deep',
      put({ ...record, v: 0 }).replace('"v":0', `"v":${'['.repeat(1e5)}${']'.repeat(1e5)}`),
    ],
    ['open brackets only', '['.repeat(200_000)],
    [
      'broken UTF-8',
      Buffer.concat([Buffer.from('{"type":"put","id":"'), Buffer.from([0xc3, 0x28, 0xff]), Buffer.from('"}')]),
    ],
    ['half a surrogate pair in the key', put(record).replace(`"k":"${record.k}"`, '"k":"\\ud800"')],
  ])
  for (const time of TIMES) frames.set(`time ${json(time)}`, put({ ...record, t: time }))
  frames.set('time beyond all numbers', put(record).replace(`"t":${record.t}`, '"t":1e999'))
  frames.set('time NaN', put(record).replace(`"t":${record.t}`, '"t":NaN'))
  for (const nonce of NONCES) frames.set(`nonce ${json(nonce)}`, put({ ...record, n: nonce }))
  for (const field of ['k', 'a', 'n', 't', 'h', 's', 'v', 'c'] as const) {
    frames.set(`no ${field}`, put(without(record, field)))
  }
  return frames
}
