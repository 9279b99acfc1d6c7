/** Names out of a prototype, wherever a stranger may choose a name. */

import { expect, test } from 'vitest'
import { scene } from './scene.ts'

const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__']

test('[T-104] as key, message id, receiver, subscription, function, query and value they are only texts', () => {
  const { world, server, count } = scene()
  const before = Object.getOwnPropertyNames(Object.prototype)
  const raw = world.raw(server).greet()
  for (const [i, name] of NAMES.entries()) {
    const value = JSON.parse(`{"${name}":{"polluted":true},"list":[{"${name}":1}]}`) as object
    raw.put(raw.key.plain(name, value, { time: world.now + i }), name)
    raw.send({ type: 'subscribe', id: name, to: [name], key: name })
    raw.send({ type: 'function', id: name, to: [], function: name, args: value })
    raw.send({ type: 'ack', id: name, to: [], code: name })
  }
  world.run(300)
  for (const name of NAMES) raw.send({ type: 'query', id: `${name}?`, to: [name], key: name })
  world.run(300)
  for (const name of NAMES) expect(JSON.stringify(server.held(name))).toContain(`"${name}":{"polluted":true}`)
  expect(new Set(raw.ofType('functionReturn').map(({ code }) => code))).toEqual(new Set(['NOT_FOUND']))
  expect(raw.ofType('queryAck').map(({ keys }) => keys)).toEqual(NAMES.map((name) => [name]))
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before)
  expect(raw.isClosed).toBe(false)
  expect(count('records.stored')).toBe(NAMES.length)
})

test('[T-104] fields that stand on a __proto__ of the message were not sent', () => {
  const { world, server, victim, count } = scene()
  const raw = world.raw(server).greet()
  const record = JSON.stringify(victim.plain('k', 1, { time: world.now }))
  raw.send(`{"__proto__":{"type":"put","id":"a","to":[],"data":${record}}}`)
  raw.send(`{"type":"put","id":"b","to":[],"__proto__":{"data":${record}}}`)
  raw.send(`{"type":"put","id":"c","to":[],"data":{"__proto__":${record}}}`)
  world.run(100)
  expect(server.rows.size).toBe(0)
  expect(count('rejected.unknown_type')).toBe(1)
  expect(count('rejected.bad_field')).toBe(2)
})

test('[T-104] a record keeps such a key in its value, and its hash holds for all who get it', () => {
  const { world, server, put, victim } = scene()
  const value = JSON.parse('{"__proto__":{"admin":true},"b":1,"a":2}') as object
  expect(put(victim.plain('k', value, { time: world.now }))).toBe('OK')
  const reader = world.client()
  reader.connect(server)
  world.run(300)
  const get = reader.get('k')
  world.run(300)
  expect(get.result).toMatchObject({ kind: 'get', complete: true })
  expect(JSON.stringify(reader.held('k'))).toBe('{"__proto__":{"admin":true},"b":1,"a":2}')
})
