/** `confirm: n`: who may say that a record is stored, and how often. */

import { expect, test } from 'vitest'
import { World } from '../node/world.ts'

test('[T-111] a server confirms once, however often it says so; who was sent nothing confirms nothing', () => {
  const world = new World()
  const [server, other, client] = [world.server(), world.client(), world.client()]
  for (const node of [other, client]) node.connect(server)
  world.run(300)
  server.storeDelay = 2_000
  const put = client.put('k', 1, { confirm: 2, timeout: 10_000 })
  world.run(100)
  const frame = world.wire.find(({ from, text }) => from === client.host && text.includes('"type":"put"'))
  const { id } = JSON.parse(frame?.text ?? '{}') as { id: string }
  const ack = { type: 'ack' as const, id, to: [], code: 'OK' }
  for (let i = 0; i < 5; i++) server.input((machine) => machine.sendRaw(world.now, ack))
  other.input((machine) => machine.sendRaw(world.now, ack))
  world.run(5_000)
  expect(put.result).toBeUndefined()
  world.run(6_000)
  expect(put.result).toMatchObject({ kind: 'put', sent: 1, confirmed: 1 })
})

test('[T-111] a plain server counts as sent, never as confirmed, whatever it answers', () => {
  const world = new World()
  const client = world.client()
  const plain = world.raw(client).greet({ isServer: true })
  const put = client.put('k', 1, { confirm: 1, timeout: 1_000 })
  world.run(100)
  const [message] = plain.ofType('put')
  plain.send({ type: 'ack', id: message?.id, to: [], code: 'OK' })
  world.run(2_000)
  expect(put.result).toMatchObject({ kind: 'put', sent: 1, confirmed: 0 })
})
