import { expect, test } from 'vitest'
import { TestKey, World } from './world.ts'

test('[T-20] two shoal peers prove themselves to each other, and both sides are told once', () => {
  const world = new World()
  const server = world.server()
  const client = world.client()
  client.connect(server)
  world.run(200)
  expect(client.peers).toEqual([server.peerId])
  expect(server.peers).toEqual([client.peerId])
  expect(client.eventsOf('connected').map(({ peer }) => peer)).toEqual([
    {
      peerId: server.peerId,
      clientId: server.peerId.slice(-20),
      host: server.host,
      port: server.port,
      server: true,
      inbound: false,
      proven: true,
      encrypted: false,
      certified: false,
    },
  ])
  const [event] = server.eventsOf('connected')
  expect(event?.peer).toMatchObject({ peerId: client.peerId, inbound: true, server: false, proven: true })
})

test('[T-21] before the handshake nothing but ping is taken, and a silent stranger is closed in time', () => {
  const world = new World()
  const server = world.server()
  const early = world.raw(server)
  early.put(new TestKey('a').plain('early', 1, { time: world.now }))
  const silent = world.raw(server)
  world.run(500)
  expect(server.held('early')).toBeUndefined()
  expect(server.machine.stats()['rejected.out-of-turn.put']).toBe(1)
  expect(silent.isClosed).toBe(false)
  world.run(11_000)
  expect(silent.isClosed).toBe(true)
})

test('[T-22] a plain tool-db peer is accepted, unproven, and never sent what only shoal knows', () => {
  const world = new World()
  const server = world.server()
  const plain = world.raw(server).greet()
  const [pong] = plain.ofType('pong')
  expect(pong).toMatchObject({ clientId: server.peerId.slice(-20), isServer: true })
  expect(pong).not.toHaveProperty('shoal')
  plain.put(plain.key.plain('k', 1, { time: world.now }))
  plain.put({ nonsense: true })
  world.run(100)
  expect(server.held('k')).toBe(1)
  expect(plain.ofType('ack')).toEqual([])
  expect(server.machine.peers()[0]).toMatchObject({ peerId: plain.key.address, proven: false })
})

test('[T-22] plain peers can be refused by option', () => {
  const world = new World()
  const server = world.server({ config: { plainPeers: 'refuse' } })
  const plain = world.raw(server).greet()
  expect(plain.isClosed).toBe(true)
  expect(plain.ofType('pong')).toEqual([])
})

test('[T-23] a client id that is not the end of the proven address is refused', () => {
  const world = new World()
  const server = world.server()
  const liar = world.raw(server).greet({ clientId: 'somebodyelsesclient1' })
  expect(liar.isClosed).toBe(true)
  expect(server.peers).toEqual([])
})

test('[T-23] a second plain connection does not push out a live one of the same client id', () => {
  const world = new World()
  const server = world.server()
  const first = world.raw(server).greet()
  const second = world.raw(server).greet({ key: first.key })
  expect(second.isClosed).toBe(true)
  expect(first.isClosed).toBe(false)
  expect(server.peers).toEqual([first.key.address])
})

test('[T-23] the proven owner of a key takes its client id back from a plain peer', () => {
  const world = new World()
  const server = world.server()
  const client = world.client()
  const thief = world.raw(server).greet({ key: client.key })
  expect(server.machine.peers()[0]).toMatchObject({ peerId: client.peerId, proven: false })
  client.connect(server)
  world.run(200)
  expect(thief.isClosed).toBe(true)
  expect(server.machine.peers()).toHaveLength(1)
  expect(server.machine.peers()[0]).toMatchObject({ proven: true })
})

test('[T-24] a forged or foreign signed endpoint is refused', () => {
  const world = new World()
  const server = world.server()
  const ping = world.raw(server).ping({ isServer: true }) as { peer: object }
  for (const peer of [
    { ...ping.peer, host: '198.51.100.66' },
    { ...ping.peer, timestamp: world.now + 60_000 },
    new TestKey('x').endpoint({ host: '1.2.3.4', port: 1 }, world.now, 'another topic'),
    new TestKey('somebody else').endpoint({ host: '1.2.3.4', port: 1 }, world.now),
  ]) {
    const liar = world.raw(server)
    liar.send({ ...ping, peer })
    world.run(100)
    expect(liar.isClosed).toBe(true)
  }
  expect(server.peers).toEqual([])
  expect(server.machine.servers().map(({ host }) => host)).toEqual([server.host])
})

test('[T-25] a proof that is replayed or passed on by somebody in between never counts', () => {
  const world = new World()
  const server = world.server()
  const client = world.client()
  client.connect(server)
  world.run(200)
  const sent = (type: string): string =>
    world.wire.find(({ from, text }) => from === client.host && text.includes(`"type":"${type}"`))?.text ?? ''
  const replay = world.raw(server)
  replay.send(sent('ping'))
  world.run(50)
  replay.send(sent('proof'))
  world.run(50)
  expect(replay.isClosed).toBe(true)
  expect(server.machine.stats()['handshake.bad-proof']).toBe(1)
  // Somebody who passes every frame on: the victim names the endpoint that it dialled, which is not the server's.
  const middle = world.server()
  const victim = world.client()
  const real = world.raw(server, { host: middle.host })
  world.places.set(`${middle.host}:9000`, middle)
  middle.deliver = (channel, frame) => {
    real.deliver = (_, answer) => world.send(middle, channel, answer)
    real.send(frame)
  }
  victim.connect(middle)
  world.run(500)
  expect(victim.peers).toEqual([])
  expect(server.machine.stats()['handshake.NOT_MY_ENDPOINT']).toBe(1)
})

test('[T-26] an endpoint that was shoal’s is not taken as plain for a while', () => {
  const world = new World()
  const server = world.server()
  const client = world.client()
  client.connect(server)
  world.run(200)
  world.kill(server)
  const impostor = world.server({ host: server.host, port: server.port })
  // It leaves the shoal field out of its pongs.
  impostor.machine.handleOpened = () => undefined
  impostor.deliver = (channel, frame) => {
    const ping = JSON.parse(frame as string) as { id: string; type: string }
    const clientId = impostor.key.address.slice(-20)
    const pong = { type: 'pong', id: ping.id, to: [], clientId, isServer: true, servers: [] }
    if (ping.type === 'ping') world.send(impostor, channel, JSON.stringify(pong))
  }
  world.run(20_000)
  expect(client.peers).toEqual([])
  expect(client.machine.stats()['handshake.shoal-gone-plain']).toBeGreaterThan(0)
  world.run(25 * 3_600_000)
  expect(client.machine.peers()[0]).toMatchObject({ proven: false })
})

test('[T-27] our own endpoint under another name is noticed as ourselves and never dialled again', () => {
  const world = new World()
  const server = world.server({ hosts: ['db.example', '127.0.0.1'] })
  world.places.set('db.example:9000', server)
  world.places.set('127.0.0.1:9000', server)
  for (const host of [server.host, 'db.example', '127.0.0.1']) {
    const endpoint = { host, port: 9000 }
    server.input((machine) => machine.handleCandidate(world.now, endpoint, 'proposed'))
    world.run(1_000)
    expect(server.reports.at(-1)).toEqual({ endpoint, outcome: { kind: 'self' } })
    const before = server.machine.stats()['dials']
    server.input((machine) => machine.handleCandidate(world.now, endpoint, 'given'))
    world.run(60_000)
    expect(server.machine.stats()['dials']).toBe(before)
  }
  expect(server.peers).toEqual([])
  expect(server.eventsOf('connected')).toEqual([])
})

test('[T-28] dialling each other at once ends in one connection that both sides keep', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const world = new World(seed)
    const a = world.server()
    const b = world.server()
    a.connect(b)
    world.run(seed % 7)
    b.connect(a)
    world.run(1_000)
    expect(a.peers).toEqual([b.peerId])
    expect(b.peers).toEqual([a.peerId])
    expect(a.machine.stats()['now.sessions']).toBe(1)
    expect(b.machine.stats()['now.sessions']).toBe(1)
    expect(a.eventsOf('connected')).toHaveLength(1)
    expect(a.eventsOf('disconnected')).toHaveLength(0)
    a.put('k', seed)
    world.run(100)
    expect(b.held('k')).toBe(seed)
    world.run(120_000)
    expect(a.peers).toEqual([b.peerId])
    expect(b.eventsOf('connected')).toHaveLength(1)
  }
})

test('[T-28] a peer with several endpoints is connected once', () => {
  const world = new World()
  const server = world.server({ hosts: ['other.example'] })
  world.places.set('other.example:9000', server)
  const client = world.client()
  client.connect(server)
  world.run(200)
  client.input((machine) => machine.handleCandidate(world.now, { host: 'other.example', port: 9000 }, 'proposed'))
  world.run(1_000)
  expect(client.peers).toEqual([server.peerId])
  expect(client.reports.at(-1)?.outcome).toEqual({ kind: 'duplicate', peerId: server.peerId })
  expect(client.eventsOf('disconnected')).toEqual([])
})

test('[T-29] two running processes with one key are noticed, and both are told', () => {
  const world = new World()
  const server = world.server()
  const first = world.server({ key: 'one disk image' })
  const second = world.server({ key: 'one disk image' })
  first.connect(server)
  world.run(200)
  second.connect(server)
  world.run(10_000)
  expect(server.eventsOf('cloned-identity')[0]).toMatchObject({ address: first.peerId, ours: false })
  expect(first.eventsOf('cloned-identity')[0]).toMatchObject({ ours: true })
  expect(second.eventsOf('cloned-identity')[0]).toMatchObject({ ours: true })
  expect(server.peers).toEqual([first.peerId])
})

test('[T-29] a clone that is dialled directly is told apart from ourselves', () => {
  const world = new World()
  const first = world.server({ key: 'one disk image' })
  const second = world.server({ key: 'one disk image' })
  first.connect(second)
  world.run(3_000)
  expect(first.eventsOf('cloned-identity')[0]).toMatchObject({ ours: true })
  expect(second.eventsOf('cloned-identity')[0]).toMatchObject({ ours: true })
  expect(first.peers).toEqual([])
})

test('[T-29] a restart is no clone: the dead connection goes, the new one comes in', () => {
  const world = new World()
  const server = world.server()
  const before = world.client({ key: 'restarts' })
  before.connect(server)
  world.run(200)
  // Its power is cut: nobody hears of it.
  before.isDown = true
  const after = world.client({ key: 'restarts' })
  after.connect(server)
  world.run(5_000)
  expect(after.peers).toEqual([server.peerId])
  expect(server.machine.peers()).toHaveLength(1)
  expect(server.eventsOf('cloned-identity')).toEqual([])
})

test('[T-30] a peer that fell silent is asked, and given up when it does not answer', () => {
  const world = new World()
  const server = world.server()
  const client = world.client()
  client.connect(server)
  world.run(10 * 60_000)
  expect(server.peers).toEqual([client.peerId])
  client.isDown = true
  world.run(3 * 60_000)
  expect(server.peers).toEqual([])
  expect(server.eventsOf('disconnected')).toHaveLength(1)
})
