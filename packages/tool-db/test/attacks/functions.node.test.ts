/** Server functions: code of the application's that strangers call. */

import { expect, test } from 'vitest'
import { connected, placeOf, server, started, until } from '../face/world.ts'
import { PlainSocket } from './plain-socket.ts'

test('[T-109] a function that never ends is answered in time, and fills no more than its places', async () => {
  const db = await server({ limits: { functionTimeout: 100, functionsPerPeerMax: 4, functionsInFlightMax: 6 } })
  db.addServerFunction('hang', () => new Promise<never>(() => undefined))
  db.addServerFunction('sum', (numbers: number[]) => numbers.reduce((sum, each) => sum + each, 0))
  const { port } = placeOf(db)
  const [one, two] = [await PlainSocket.greet(port), await PlainSocket.greet(port)]
  for (const peer of [one, two]) {
    for (let i = 0; i < 50; i++) peer.send({ type: 'function', id: `f${i}`, to: [], function: 'hang', args: [] })
  }
  const answers = (peer: PlainSocket): unknown[] =>
    peer.said.filter(({ type }) => type === 'functionReturn').map((answer) => answer['return'])
  await until(() => answers(one).length + answers(two).length === 100)
  expect([...answers(one), ...answers(two)].filter((word) => word === 'Timed out')).toHaveLength(6)
  expect([...answers(one), ...answers(two)].filter((word) => word === 'RATE_LIMITED')).toHaveLength(94)
  expect(db.stats()).toMatchObject({ 'refused.functions': 94, 'functions.timed-out': 6, 'now.functions': 6 })
  expect(one.isOpen).toBe(true)
})

test('[T-109] nothing of what went wrong inside is told: no message, no stack, no path', async () => {
  const db = await server()
  const cyclic: Record<string, unknown> = {}
  cyclic['self'] = cyclic
  db.addServerFunction('throws', () => {
    throw new Error('the password of the database is hunter2')
  })
  db.addServerFunction('rejects', () => Promise.reject(new TypeError('hunter2')))
  db.addServerFunction('throwsText', () => {
    throw 'hunter2'
  })
  db.addServerFunction('bigint', () => 2n)
  db.addServerFunction('cyclic', () => cyclic)
  db.addServerFunction('huge', () => 'x'.repeat(3_000_000))
  db.addServerFunction('nothing', () => undefined)
  const client = await started({ peers: [placeOf(db)] })
  await connected(client)
  for (const name of ['throws', 'rejects', 'throwsText', 'bigint', 'cyclic', 'huge']) {
    expect(await client.doFunction(name, {}), name).toEqual({ code: 'ERR', return: 'Function failed' })
  }
  expect(await client.doFunction('nothing', {})).toEqual({ code: 'OK', return: null })
  for (const name of ['__proto__', 'constructor', 'toString']) {
    expect(await client.doFunction(name, {}), name).toMatchObject({ code: 'NOT_FOUND' })
  }
  expect(db.stats()['functions.failed']).toBe(6)
})

test('[T-109] arguments have a bound in size, and in depth', async () => {
  const db = await server({ limits: { functionArgumentsSizeMax: 1_000 } })
  let calls = 0
  db.addServerFunction('count', () => ++calls)
  const client = await started({ peers: [placeOf(db)] })
  await connected(client)
  expect(await client.doFunction('count', 'x'.repeat(2_000))).toEqual({ code: 'ERR', return: 'TOO_LARGE' })
  const peer = await PlainSocket.greet(placeOf(db).port)
  const deep = `${'['.repeat(200)}${']'.repeat(200)}`
  peer.socket.send(`{"type":"function","id":"d","to":[],"function":"count","args":${deep}}`)
  await until(() => db.stats()['rejected.too_deep'] === 1)
  expect(calls).toBe(0)
  expect(db.stats()['refused.function-arguments']).toBe(1)
})
