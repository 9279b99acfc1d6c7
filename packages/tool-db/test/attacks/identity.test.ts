/** Being somebody else: another peer's client id, another's proof, another's ping. */

import { expect, test } from 'vitest'
import { TestKey, World } from '../node/world.ts'

test('[T-102] another peer’s clientId is refused while its key is connected, and nothing meant for it comes', () => {
  const world = new World()
  const [server, client] = [world.server(), world.client()]
  client.connect(server)
  world.run(300)
  const clientId = client.machine.clientId
  // With a key of his own, and with the true one's ping.
  const thief = world.raw(server).greet({ clientId })
  const replayed = world.raw(server)
  const ping = world.wire.find(({ from, text }) => from === client.host && text.includes('"ping"'))
  const { shoal, ...plain } = JSON.parse(ping?.text ?? '{}') as { shoal: object }
  replayed.send(plain)
  world.run(100)
  expect(shoal).toBeDefined()
  expect([thief.isClosed, replayed.isClosed]).toEqual([true, true])
  expect(client.eventsOf('disconnected')).toEqual([])
  expect(server.peers).toEqual([client.peerId])
  server.input((machine) => machine.sendText(clientId, '{"secret":1}'))
  world.run(100)
  expect([...thief.frames, ...replayed.frames].filter((frame) => frame.includes('secret'))).toEqual([])
  expect(server.machine.stats()).toMatchObject({ 'handshake.foreign-client-id': 1, 'handshake.shoal-gone-plain': 1 })
})

test('[T-102] who came first under another’s clientId, as a plain peer, goes when its owner proves himself', () => {
  const world = new World()
  const [server, client] = [world.server(), world.client()]
  const squatter = world.raw(server).greet({ key: client.key, place: { host: '45.1.1.1', port: 1 } })
  expect(squatter.isClosed).toBe(false)
  client.connect(server)
  world.run(500)
  expect(squatter.isClosed).toBe(true)
  expect(client.peers).toEqual([server.peerId])
})

test('[T-102] a proof that is recorded and sent again opens nothing', () => {
  const world = new World()
  const [server, client] = [world.server(), world.client()]
  client.connect(server)
  world.run(300)
  const sent = (type: string): string =>
    world.wire.find(({ from, text }) => from === client.host && text.includes(`"type":"${type}"`))?.text ?? ''
  world.kill(client)
  world.run(1_000)
  const replay = world.raw(server)
  replay.send(sent('ping'))
  world.run(50)
  replay.send(sent('proof'))
  world.run(50)
  expect(replay.isClosed).toBe(true)
  expect(server.peers).toEqual([])
  expect(server.machine.stats()['handshake.bad-proof']).toBe(1)
})

test('[T-102] a proof that somebody in between passes on is refused by the server that it was not made for', () => {
  const world = new World()
  const [server, middle, client] = [world.server(), world.server(), world.client()]
  const forwarded = world.raw(server, { host: middle.host })
  middle.machine.handleOpened = () => undefined
  middle.deliver = (channel, frame) => {
    forwarded.deliver = (_, answer) => world.send(middle, channel, answer)
    forwarded.send(frame)
  }
  client.connect(middle)
  world.run(500)
  expect(client.peers).toEqual([])
  expect(server.peers).toEqual([])
  expect(server.machine.stats()['handshake.NOT_MY_ENDPOINT']).toBe(1)
  expect(client.reports).toEqual([])
})

test('[T-102] a proof of one’s own under another’s address, role or features does not hold', () => {
  const world = new World()
  const server = world.server()
  const [victim, thief] = [new TestKey('victim'), new TestKey('thief')]
  for (const [i, signer] of [victim.address, thief.address].entries()) {
    const raw = world.raw(server)
    const hello = {
      v: 1,
      features: ['proof'],
      nonce: '0'.repeat(64),
      instance: '1'.repeat(32),
      address: victim.address,
    }
    raw.send(raw.ping({ key: victim, shoal: hello }))
    world.run(50)
    raw.send({
      type: 'proof',
      id: `p${i}`,
      to: [],
      endpoint: `${server.host}:9000`,
      sig: new TestKey(signer).sign('x'),
    })
    world.run(50)
    expect(raw.isClosed).toBe(true)
  }
  expect(server.peers).toEqual([])
  expect(server.machine.stats()['handshake.bad-proof']).toBe(2)
})
