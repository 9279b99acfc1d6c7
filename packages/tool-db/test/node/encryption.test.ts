import { expect, test } from 'vitest'
import { isEncrypted, type Mode, mode } from './encryption-world.ts'
import { TOPIC, World, type WorldNode } from './world.ts'

test('[E-10] two shoal peers encrypt by themselves, in as many round trips, and say so', () => {
  const world = new World()
  const server = world.server(mode('prefer'))
  const client = world.client(mode('prefer'))
  const since = world.now
  client.connect(server)
  world.run(200)
  expect(isEncrypted(client)).toEqual([true])
  expect(isEncrypted(server)).toEqual([true])
  expect(client.eventsOf('connected')[0]?.peer).toMatchObject({ proven: true, encrypted: true })
  expect(server.machine.stats()['now.peers-encrypted']).toBe(1)
  // Two ways there and back, as without encryption: ping and pong, proof and proof.
  const plain = new World()
  const plainServer = plain.server(mode('off'))
  const plainClient = plain.client(mode('off'))
  plainClient.connect(plainServer)
  plain.run(200)
  const lastProof = (of: World, from: string): number => of.wire.filter((frame) => frame.from === from)[1]?.at ?? 0
  expect(lastProof(world, server.host) - since).toBe(lastProof(plain, plainServer.host) - since)
})

test('[E-11] behind the greeting nothing is in clear: no key, no value, no id, no other server', () => {
  const world = new World()
  const other = world.server(mode('prefer'))
  const server = world.server(mode('prefer'))
  server.connect(other)
  world.run(500)
  const since = world.wire.length
  const client = world.client(mode('prefer'))
  const isBetween = (from: string, to: string): boolean =>
    (from === client.host && to === server.host) || (from === server.host && to === client.host)
  client.connect(server)
  world.run(500)
  client.put('the-key', 'the-value', { confirm: 1 })
  client.get('the-other-key')
  world.run(500)
  expect(server.held('the-key')).toBe('the-value')
  const frames = world.wire.slice(since).filter(({ from, to }) => isBetween(from, to))
  const [ping, ...rest] = frames.map(({ text }) => text)
  expect(JSON.parse(ping ?? '')).toMatchObject({
    type: 'ping',
    shoal: { noise: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
  })
  const secrets = [
    'the-key',
    'the-value',
    'the-other-key',
    client.user.address,
    '"ack"',
    '"put"',
    '"proof"',
    other.host,
  ]
  for (const text of rest) for (const secret of secrets) expect(text.includes(secret)).toBe(false)
  const readable = rest.filter((text) => text.startsWith('{')).map((text) => Object.keys(JSON.parse(text) as object))
  expect(readable).toEqual([
    ['type', 'id', 'to', 'data'],
    ['type', 'id', 'to', 'data'],
  ])
})

test('[E-12] where encryption is required even the greeting says nothing, and plain peers are refused', () => {
  const world = new World()
  const server = world.server(mode('require'))
  const client = world.client(mode('require'))
  client.connect(server)
  world.run(500)
  expect(isEncrypted(client)).toEqual([true])
  client.put('the-key', 'the-value')
  world.run(500)
  for (const { text } of world.wire) {
    for (const told of [
      TOPIC,
      client.key.address,
      client.key.address.slice(-20),
      server.key.address.slice(-20),
      'the-key',
    ]) {
      expect(text.includes(told)).toBe(false)
    }
  }
  const plain = world.raw(server).greet()
  expect(plain.isClosed).toBe(true)
  expect(plain.closeReason).toBe('ENCRYPTION_REQUIRED')
  expect(plain.frames).toEqual([])
  expect(server.machine.stats()['handshake.ENCRYPTION_REQUIRED']).toBe(1)
})

test('[E-12] an endpoint that was encrypted is greeted without a word in clear when it is dialled again', () => {
  const world = new World()
  const server = world.server(mode('prefer'))
  const client = world.client(mode('prefer'))
  client.connect(server)
  world.run(500)
  world.cut(client, server)
  const since = world.wire.length
  world.run(10_000)
  expect(isEncrypted(client)).toEqual([true])
  const again = world.wire.slice(since)
  expect(again.length).toBeGreaterThan(3)
  for (const { text } of again) expect(text.includes(TOPIC) || text.includes(client.key.address.slice(-20))).toBe(false)
})

test('[E-12] an endpoint that does not encrypt any more is served again, one dial later', () => {
  const world = new World()
  const server = world.server({ ...mode('prefer'), key: 'server' })
  const client = world.client(mode('prefer'))
  client.connect(server)
  world.run(500)
  world.kill(server)
  world.server({ ...mode('off'), key: 'server', host: server.host })
  world.run(20_000)
  expect(isEncrypted(client)).toEqual([false])
  expect(client.machine.peers()[0]).toMatchObject({ proven: true })
})

test('[E-13] every pair of choices: encrypted where both can, refused with a word where one must and the other can’t', () => {
  const choices: readonly Mode[] = ['off', 'prefer', 'require']
  for (const ours of choices) {
    for (const theirs of choices) {
      const world = new World()
      const server = world.server(mode(theirs))
      const client = world.client(mode(ours))
      client.connect(server)
      world.run(1_000)
      const both = [ours, theirs]
      const isRefused = both.includes('off') && both.includes('require')
      const expected = isRefused ? [] : [!both.includes('off')]
      expect([ours, theirs, isEncrypted(client)]).toEqual([ours, theirs, expected])
      expect([ours, theirs, isEncrypted(server)]).toEqual([ours, theirs, expected])
      const told = client.eventsOf('encryption-refused').map(({ refusal }) => refusal)
      if (!isRefused) expect(told).toEqual([])
      else {
        expect(told[0]).toMatchObject({
          host: server.host,
          port: server.port,
          code: ours === 'off' ? 'ENCRYPTION_REQUIRED' : 'ENCRYPTION_OFF',
          message: expect.stringContaining(`${server.host}:${server.port}`) as string,
        })
      }
    }
  }
})

test('[E-14] a plain tool-db peer is served by whoever merely prefers encryption, both ways', () => {
  const world = new World()
  const server = world.server(mode('prefer'))
  const plain = world.raw(server).greet()
  plain.put(plain.key.plain('k', 1, { time: world.now }))
  world.run(100)
  expect(server.held('k')).toBe(1)
  expect(server.machine.peers()[0]).toMatchObject({ proven: false, encrypted: false })
  const { client } = dialsPlainServer(world, 'prefer')
  world.run(500)
  expect(client.machine.peers()[0]).toMatchObject({ proven: false, encrypted: false, server: true })
})

test('[E-14] who requires encryption tells a plain server nothing but a key, and the application what to do', () => {
  const world = new World()
  const { client, heard } = dialsPlainServer(world, 'require')
  world.run(15_000)
  expect(client.peers).toEqual([])
  for (const text of heard) expect(Object.keys(JSON.parse(text) as object)).toEqual(['type', 'id', 'to', 'data'])
  expect(client.eventsOf('encryption-refused')[0]?.refusal).toMatchObject({ code: 'ENCRYPTION_UNANSWERED' })
})

test('[E-14] a channel that carries no bytes is not encrypted, and refused where it would have to be', () => {
  const world = new World()
  const server = world.server(mode('prefer'))
  const strict = world.server(mode('require'))
  for (const node of [server, strict]) {
    node.input((machine) => {
      const remote = { host: '45.99.7.1', port: 1 }
      machine.handleOpened(world.now, { channel: 77, remote, direction: 'outbound', isTextOnly: true })
    })
  }
  expect(server.machine.stats()['now.sessions']).toBe(1)
  expect(strict.machine.stats()['now.sessions']).toBe(0)
  expect(strict.eventsOf('encryption-refused')[0]?.refusal).toMatchObject({ code: 'ENCRYPTION_REQUIRED' })
})

/** A client that dials a tool-db server: it answers pings and overhears what it does not know. */
function dialsPlainServer(world: World, encryption: Mode): { client: WorldNode; heard: readonly string[] } {
  const heard: string[] = []
  const plain = world.server()
  plain.machine.handleOpened = () => undefined
  plain.deliver = (channel, frame) => {
    heard.push(frame as string)
    const message = JSON.parse(frame as string) as { id: string; type: string }
    const clientId = plain.key.address.slice(-20)
    const pong = { type: 'pong', id: message.id, to: [], clientId, isServer: true, servers: [] }
    if (message.type === 'ping') world.send(plain, channel, JSON.stringify(pong))
  }
  const client = world.client(mode(encryption))
  client.connect(plain)
  return { client, heard }
}

test('[E-16] a peer of another topic can neither be read nor is it told who we are', () => {
  const world = new World()
  const server = world.server({ config: { encryption: 'require', topicPublicId: 'another' } })
  const client = world.client(mode('require'))
  client.connect(server)
  world.run(1_000)
  expect(client.peers).toEqual([])
  expect(client.machine.stats()['handshake.bad-noise']).toBe(1)
  expect(world.wire.filter(({ from }) => from === client.host)).toHaveLength(1)
})

test('[E-19] dialling each other at once ends in one encrypted connection', () => {
  for (let seed = 1; seed <= 12; seed++) {
    const world = new World(seed)
    const a = world.server(mode('prefer'))
    const b = world.server(mode(seed % 2 === 0 ? 'require' : 'prefer'))
    a.connect(b)
    world.run(seed % 7)
    b.connect(a)
    world.run(1_000)
    expect(isEncrypted(a)).toEqual([true])
    expect(isEncrypted(b)).toEqual([true])
    expect(a.machine.stats()['now.sessions']).toBe(1)
    expect(a.eventsOf('connected')).toHaveLength(1)
    expect(a.eventsOf('disconnected')).toHaveLength(0)
    a.put('k', seed)
    world.run(100)
    expect(b.held('k')).toBe(seed)
  }
})
