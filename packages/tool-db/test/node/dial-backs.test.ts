import { MINUTE, SECOND } from '@shoal/base'
import { expect, test } from 'vitest'
import { parseMessage } from '../../src/core/wire/parse.ts'
import { World, type WorldNode } from './world.ts'

function meeting(options: { reachable?: boolean } = {}): { world: World; helper: WorldNode; asker: WorldNode } {
  const world = new World()
  const [helper, asker] = [world.server(), world.server()]
  if (options.reachable === false) world.places.delete(`${asker.host}:${asker.port}`)
  asker.connect(helper)
  world.run(2 * SECOND)
  return { world, helper, asker }
}

function verdicts(node: WorldNode): unknown[] {
  return node.events.filter(({ kind }) => kind === 'dialled-back')
}

function acks(world: World, from: WorldNode): string[] {
  return world.wire
    .filter((frame) => frame.from === from.host && frame.text.includes('"type":"ack"'))
    .map(({ text }) => (JSON.parse(text) as { code: string }).code)
}

test('[T-160] a server that can be dialled is told so by the one that it connected to, and is dialled with nothing but a handshake', () => {
  const { world, helper, asker } = meeting()
  expect(verdicts(asker)).toContainEqual({ kind: 'dialled-back', reached: true })
  expect(acks(world, helper)).toContain('DIALLED')
  expect(helper.machine.stats()['dial-backs.dialled']).toBe(1)
})

test('[T-160] a server that can not be dialled is told so, and asked for again later', () => {
  const { world, helper, asker } = meeting({ reachable: false })
  expect(verdicts(asker)).toEqual([{ kind: 'dialled-back', reached: false }])
  world.places.set(`${asker.host}:${asker.port}`, asker)
  world.run(11 * MINUTE)
  expect(verdicts(asker).at(-1)).toEqual({ kind: 'dialled-back', reached: true })
  expect(helper.machine.stats()['dial-backs.dialled']).toBe(1)
})

test('[T-161] an endpoint that stays silent is given up after three seconds', () => {
  const world = new World()
  const [helper, asker] = [world.server(), world.server()]
  world.silent.add(asker.host)
  asker.connect(helper)
  world.run(2 * SECOND)
  expect(verdicts(asker)).toEqual([])
  world.run(2 * SECOND)
  expect(verdicts(asker)).toEqual([{ kind: 'dialled-back', reached: false }])
})

test('[T-161] one asker is served once a minute, whatever ports he names', () => {
  const { world, helper, asker } = meeting({ reachable: false })
  for (const port of [22, 80, 443, 6_379]) {
    asker.input((machine) => machine.sendRaw(world.now, { type: 'dialback', id: `scan ${port}`, to: [], port }))
  }
  world.run(5 * SECOND)
  expect(helper.machine.stats()['dial-backs.not_reached']).toBe(1)
  expect(helper.machine.stats()['dial-backs.rate_limited']).toBe(4)
})

test('[T-161] a client, an unproven peer and whoever has a private address are not served', () => {
  const world = new World()
  const helper = world.server()
  const client = world.client()
  client.connect(helper)
  world.run(SECOND)
  client.input((machine) => machine.sendRaw(world.now, { type: 'dialback', id: 'x', to: [], port: 22 }))
  world.run(SECOND)
  expect(acks(world, helper)).toContain('UNSUPPORTED')
  expect(helper.machine.stats()['dial-backs.unsupported']).toBe(1)
  expect(helper.machine.stats()['dial-backs.dialled']).toBeUndefined()
})

test.each<unknown>([0, 65_536, -1, 1.5, '9000', null, undefined, [9_000], 1e9])(
  '[T-161] a question for port %j is no message',
  (port) => {
    const limits = { keyLengthMax: 64, answerKeysMax: 8, serversMax: 8, frameSizeMax: 1_024, depthMax: 8 }
    const frame = (value: unknown): string => JSON.stringify({ type: 'dialback', id: 'x', to: [], port: value })
    expect(parseMessage(frame(port), limits)).toMatchObject({ ok: false, code: 'BAD_FIELD', field: 'port' })
    expect(parseMessage(frame(9_000), limits)).toMatchObject({ ok: true, message: { type: 'dialback', port: 9_000 } })
  },
)
