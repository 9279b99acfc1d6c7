import { expect, test } from 'vitest'
import { TestKey, World, type WorldNode } from './world.ts'

function joined(): { world: World; a: WorldNode; b: WorldNode; client: WorldNode } {
  const world = new World()
  const [a, b, client] = [world.server(), world.server(), world.client()]
  b.connect(a)
  client.connect(a)
  world.run(500)
  return { world, a, b, client }
}

function keysOf(world: World, node: WorldNode, prefix: string): readonly string[] | undefined {
  const query = node.command({ kind: 'query', prefix, timeout: 2_000 })
  world.run(2_500)
  return query.result?.kind === 'query' ? query.result.keys : undefined
}

test('[T-92] what is deleted reads as a deletion everywhere, and a later put brings the key back', () => {
  const { world, a, b, client } = joined()
  client.put('k', 'here')
  world.run(200)
  const deletion = client.put('k', null, { isDeletion: true, confirm: 'all' })
  world.run(200)
  expect(deletion.result).toMatchObject({ kind: 'put', confirmed: 2 })
  for (const node of [client, a, b]) {
    const get = node.get('k')
    world.run(200)
    expect(get.result).toMatchObject({ kind: 'get', complete: true, record: { v: null, c: 'DEL' } })
  }
  client.put('k', 'back')
  world.run(200)
  for (const node of [client, a, b]) expect(node.held('k')).toBe('back')
  expect([...a.rows.keys()]).toEqual(['k'])
})

test('[T-92] queries leave out what is deleted, page by page, also where whole pages are', () => {
  const { world, a, b, client } = joined()
  const small = world.server({ limits: { answerKeysMax: 3 } })
  small.connect(a)
  world.run(500)
  for (let i = 0; i < 20; i++) small.put(`q${String(i).padStart(2, '0')}`, i)
  world.run(500)
  for (let i = 2; i < 17; i++) small.put(`q${String(i).padStart(2, '0')}`, null, { isDeletion: true })
  world.run(500)
  const left = ['q00', 'q01', 'q17', 'q18', 'q19']
  for (const node of [small, a, b, client]) expect(keysOf(world, node, 'q')).toEqual(left)
  small.put('q05', 'again')
  world.run(300)
  expect(keysOf(world, client, 'q')).toEqual([...left, 'q05'].sort())
})

test('[T-92] behind thousands of deleted keys one’s own are found, and of a server that would not go so far that is said', () => {
  const world = new World()
  const limits = { answerKeysMax: 10 }
  const [server, client] = [world.server({ limits }), world.client({ limits })]
  for (let i = 0; i < 1_000; i++) server.put(`q-${10_000 + i}`, null, { isDeletion: true })
  server.put('q-last', 1)
  world.run(2_000)
  client.connect(server)
  world.run(500)
  const ask = (node: typeof server): ReturnType<typeof server.command> =>
    node.command({ kind: 'query', prefix: 'q-', timeout: 1_000 })
  const [own, theirs] = [ask(server), ask(client)]
  world.run(2_000)
  expect(own.result).toMatchObject({ keys: ['q-last'] })
  expect(theirs.result).toMatchObject({ keys: [], complete: false })
  expect(client.machine.stats()['queries.cut']).toBe(1)
})

test('[T-92] an older value that arrives late does not bring back what was deleted', () => {
  const { world, a } = joined()
  const author = new TestKey('author')
  const raw = world.raw(a).greet()
  raw.put(author.bound('k', null, { time: world.now, type: 'DEL' }))
  world.run(50)
  raw.put(author.plain('k', 'older', { time: world.now - 60_000 }))
  world.run(100)
  expect(a.held('k')).toBeNull()
  expect(a.machine.stats()['records.unchanged']).toBe(1)
})

test('[T-92] a plain peer is sent the deletion as a record of value null, and reads null', () => {
  const { world, a, client } = joined()
  const plain = world.raw(a).greet()
  client.put('k', 'here')
  world.run(100)
  plain.send({ type: 'subscribe', id: 's', to: [], key: 'k' })
  world.run(50)
  client.put('k', null, { isDeletion: true })
  world.run(100)
  plain.send({ type: 'get', id: 'g', to: [], key: 'k' })
  world.run(50)
  expect(plain.ofType('put').map(({ data }) => (data as { v: unknown }).v)).toEqual(['here', null, null])
})

test('[T-93] only who may write a key may delete it, and no plain record deletes', () => {
  const { world, a } = joined()
  const victim = new TestKey('victim')
  const key = `:${victim.address}.name`
  const owner = world.raw(a).greet()
  owner.put(victim.bound(key, 'mine', { time: world.now }))
  owner.put(victim.plain('plain', 'also mine', { time: world.now }))
  world.run(50)
  const thief = world.raw(a).greet()
  thief.put(thief.key.bound(key, null, { time: world.now + 5, type: 'DEL' }))
  // A record of value null, which its author meant as a value.
  thief.put({ ...victim.plain('plain', null, { time: world.now + 5 }), c: 'DEL' })
  world.run(100)
  expect(a.held(key)).toBe('mine')
  expect(a.held('plain')).toBe('also mine')
  expect(a.machine.stats()).toMatchObject({ 'records.AddressMismatch': 1, 'records.InvalidData': 1 })
})

test('[T-93] a deleted name still belongs to its owner', () => {
  const { world, a, client } = joined()
  client.put('==name', 'owner')
  world.run(100)
  client.put('==name', null, { isDeletion: true })
  world.run(100)
  expect(a.held('==name')).toBeNull()
  expect(keysOf(world, client, '==')).toEqual([])
  const thief = world.raw(a).greet()
  thief.put(thief.key.plain('==name', 'thief', { time: world.now }))
  world.run(100)
  expect(a.held('==name')).toBeNull()
  expect(a.eventsOf('name-conflict')).toHaveLength(1)
  client.put('==name', 'owner again')
  world.run(100)
  expect(a.held('==name')).toBe('owner again')
  expect(keysOf(world, client, '==')).toEqual(['==name'])
})
