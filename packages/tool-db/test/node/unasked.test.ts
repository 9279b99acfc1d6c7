import { expect, test } from 'vitest'
import { TestKey, World, type WorldNode } from './world.ts'

function meeting(): { world: World; server: WorldNode; client: WorldNode } {
  const world = new World()
  const [server, client] = [world.server(), world.client()]
  client.connect(server)
  world.run(500)
  return { world, server, client }
}

function idSentBy(world: World, node: WorldNode, type: string): string {
  const frame = world.wire.find(({ from, text }) => from === node.host && text.includes(`"type":"${type}"`))
  return (JSON.parse(frame?.text ?? '{}') as { id: string }).id
}

test('[T-52] the id of a subscription or of a put does not open a client to other keys', () => {
  const { world, server, client } = meeting()
  client.command({ kind: 'subscribe', key: 'chat' })
  // Refused for now, so that it stays open.
  server.failCommits = true
  client.put('mine', 1)
  world.run(200)
  const author = new TestKey('author')
  for (const id of [idSentBy(world, client, 'subscribe'), idSentBy(world, client, 'put')]) {
    const record = author.plain(`filler ${id}`, 'x', { time: world.now })
    server.input((machine) => machine.sendRaw(world.now, { type: 'put', id, to: [], data: record }))
  }
  world.run(200)
  expect([...client.rows.keys()]).toEqual(['mine'])
  expect(client.machine.stats()['refused.unasked-record']).toBe(2)
})

test('[T-52] an answer cannot give a value a type that its author did not sign', () => {
  const { world, server, client } = meeting()
  const record = new TestKey('author').plain('doc', 'text', { time: world.now })
  for (const c of ['MAP', 'DEL']) {
    server.rows.set('doc', { value: JSON.stringify({ ...record, c }), version: c })
    const get = client.get('doc')
    world.run(2_000)
    expect(get.result).toMatchObject({ kind: 'get', record: undefined })
    expect(client.held('doc')).toBeUndefined()
  }
  server.rows.set('doc', { value: JSON.stringify(record), version: 'true' })
  const get = client.get('doc')
  world.run(2_000)
  expect(get.result).toMatchObject({ kind: 'get', record: { v: 'text', c: null } })
})
