/** Several messages in one frame: between shoal peers only, and no way around any limit. */

import { expect, test } from 'vitest'
import type { NodeLimits } from '../../src/core/node/limits.ts'
import { BATCH_COUNT_MAX, BATCH_SIZE_MAX, joined } from '../../src/core/wire/batch.ts'
import { World, type WorldNode } from './world.ts'

function pair(limits: Partial<NodeLimits> = {}): { world: World; client: WorldNode; server: WorldNode } {
  const world = new World()
  const [client, server] = [world.client(), world.server({ limits })]
  client.connect(server)
  world.run(500)
  return { world, client, server }
}

/** A frame as it is, from a peer that proved itself. */
function say(from: WorldNode, to: WorldNode, frame: string): void {
  from.input((machine) => machine.sendText(to.machine.clientId, frame))
}

function get(id: string): string {
  return JSON.stringify({ type: 'get', id, to: [], key: 'missing' })
}

/** Frames that a channel carried. */
function frames(world: World, run: () => void): string[] {
  const sent: string[] = []
  const send = world.send.bind(world)
  world.send = (from, channel, frame) => {
    sent.push(frame as string)
    send(from, channel, frame)
  }
  run()
  world.send = send
  return sent
}

test('[T-123] what is sent in one turn reaches the server in one frame, and each is acknowledged', () => {
  const world = new World()
  const [client, server] = [world.client(), world.server()]
  const puts = ['a', 'b', 'c'].map((key) => client.put(key, 1, { confirm: 1, timeout: 5_000 }))
  const sent = frames(world, () => {
    client.connect(server)
    world.run(500)
  })
  expect(sent.filter((frame) => frame.includes('"type":"put"'))).toHaveLength(1)
  for (const put of puts) expect(put.result).toMatchObject({ kind: 'put', confirmed: 1 })
  expect(server.held('c')).toBe(1)
})

test('[T-123] a plain peer, and one that takes only short frames, are sent each message by itself', () => {
  const world = new World()
  const [server, small] = [world.server(), world.client({ limits: { messageSizeMax: 20_000 } })]
  const plain = world.raw(server).greet()
  small.connect(server)
  world.run(500)
  const sent = frames(world, () => {
    for (let i = 0; i < 5; i++) plain.send(get(`p${i}`))
    for (let i = 0; i < 5; i++) say(small, server, get(`s${i}`))
    plain.send({ type: 'subscribe', id: 'sub', to: [], key: 'k' })
    small.command({ kind: 'subscribe', key: 'k' })
    for (let i = 0; i < 5; i++) server.put('k', i)
    world.run(500)
  })
  expect(sent.length).toBeGreaterThan(10)
  expect(sent.filter((frame) => frame.includes('\n'))).toEqual([])
})

test('[T-124] a plain peer that sends several in one frame sent no message', () => {
  const world = new World()
  const server = world.server()
  const plain = world.raw(server).greet()
  plain.send(joined([get('a'), get('b')]))
  world.run(100)
  expect(server.machine.stats()['rejected.bad_json']).toBe(1)
})

test('[T-124] each message counts against the rates as if it had come alone, and is answered as such', () => {
  const { world, client, server } = pair({ messagesPerSecond: 20 })
  // What may be saved up is two seconds' worth.
  world.run(5_000)
  const answered: string[] = []
  const sent = frames(world, () => {
    say(client, server, joined(Array.from({ length: 70 }, (_, i) => get(`m${i}`))))
    world.run(300)
  })
  for (const frame of sent) answered.push(...frame.trim().split('\n'))
  expect(answered.filter((text) => text.includes('NOT_FOUND'))).toHaveLength(40)
  expect(answered.filter((text) => text.includes('"ack"') && text.includes('RATE_LIMITED'))).toHaveLength(30)
  expect(server.machine.stats()['refused.over-rate']).toBe(30)
})

test('[T-124] half of them malformed: each is refused by itself, the others are served, up to the end of the session', () => {
  const { world, client, server } = pair()
  const nested = joined([get('x'), get('y')]).slice(1)
  const bad = ['[]', `[${get('in a list')}]`, '']
  const sent = frames(world, () => {
    say(client, server, joined([get('a'), ...bad, nested]))
    world.run(100)
  })
  expect(server.machine.stats()).toMatchObject({ 'rejected.not_a_message': 2, 'rejected.bad_json': 1 })
  expect(sent.join('\n')).not.toContain('{"type":"ack","id":"in a list"')
  for (const id of ['a', 'x', 'y']) expect(sent.join('\n')).toContain(`{"type":"ack","id":"${id}"`)
  // A few more end it, and what comes behind them is not heard.
  const after = frames(world, () => {
    say(client, server, joined(['{', '}', '}', get('behind'), ...Array.from({ length: 200 }, () => '{')]))
    world.run(100)
  })
  expect(server.machine.stats()['faults.malformed']).toBe(6)
  expect(after.join('\n')).not.toContain('{"type":"ack","id":"behind"')
  expect(client.peers).toEqual([])
})

test.each([
  ['a million tiny messages', '\n1'.repeat(500_000)],
  ['one more than may be', joined(Array.from({ length: BATCH_COUNT_MAX + 1 }, () => '1'))],
  ['a million empty messages', '\n'.repeat(1_000_000)],
  ['one unit more than may be', joined([get('a'), JSON.stringify('x'.repeat(BATCH_SIZE_MAX))])],
])('[T-124] %s: refused as one, before any is looked at', (_name, frame) => {
  const { world, client, server } = pair()
  say(client, server, frame)
  world.run(100)
  expect(server.machine.stats()).toMatchObject({ 'rejected.too_large': 1, 'faults.malformed': 1 })
  expect(server.machine.stats()['rejected.not_a_message']).toBeUndefined()
  expect(server.peers).toEqual([client.peerId])
})
