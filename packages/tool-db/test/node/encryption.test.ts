import { fromHex, seededRandom, toHex, utf8 } from '@shoal/base'
import { frameMessage, lengthPrefixed, NoiseFrames, NoiseHandshake, nobleEngine } from '@shoal/peer'
import { expect, test } from 'vitest'
import type { NodeConfig } from '../../src/core/node/config.ts'
import { type RawPeer, TestKey, TOPIC, World, type WorldNode } from './world.ts'
import type { NodeOptions } from './world-node.ts'

type Mode = NodeConfig['encryption']

const mode = (encryption: Mode): NodeOptions => ({ config: { encryption } })
const isEncrypted = (node: WorldNode): boolean[] => node.machine.peers().map(({ encrypted }) => encrypted)

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

/** Everything between a client and a server goes through the hands of somebody, who may change it. */
function between(
  world: World,
  server: WorldNode,
  change: { toServer?: (text: string) => string; toClient?: (text: string) => string },
): { client: WorldNode; middle: WorldNode } {
  const middle = world.server({ hosts: [server.host] })
  const real = world.raw(server, { host: '45.77.7.7' })
  // It sits on the path: the client dials the server's own address.
  world.places.set(`${server.host}:${server.port}`, middle)
  middle.machine.handleOpened = () => undefined
  const apply = (frame: string | Uint8Array, how: ((text: string) => string) | undefined): string | Uint8Array =>
    typeof frame === 'string' && how !== undefined ? how(frame) : frame
  middle.deliver = (channel, frame) => {
    real.deliver = (_, answer) => world.send(middle, channel, apply(answer, change.toClient))
    real.handleClosed = (_, reason) => world.close(middle, channel, reason)
    real.send(apply(frame, change.toServer))
  }
  const client = world.client(mode('prefer'))
  client.connect(server)
  return { client, middle }
}

const edited = (edit: (message: { shoal: Record<string, unknown> }) => void) => (text: string) => {
  const message = JSON.parse(text) as { shoal: Record<string, unknown> }
  if (message.shoal !== undefined) edit(message)
  return JSON.stringify(message)
}

test('[E-15] somebody on the path who only passes everything on changes nothing, and reads nothing', () => {
  const world = new World()
  const server = world.server(mode('prefer'))
  const { client } = between(world, server, {})
  world.run(500)
  expect(isEncrypted(client)).toEqual([true])
  expect(isEncrypted(server)).toEqual([true])
})

test('[E-15] taking encryption out of the greeting, or out of the answer, ends the connection', () => {
  const withoutFeature = edited(({ shoal }) => {
    shoal['features'] = (shoal['features'] as string[]).filter((feature) => feature !== 'encrypt')
    delete shoal['noise']
  })
  const withoutOffer = edited(({ shoal }) => {
    delete shoal['noise']
  })
  for (const [change, counter] of [
    [{ toServer: withoutFeature }, 'handshake.encryption-stripped'],
    [{ toServer: withoutFeature, toClient: withoutFeature }, 'handshake.bad-proof'],
    [{ toServer: withoutOffer }, 'handshake.encryption-stripped'],
  ] as const) {
    const world = new World()
    const server = world.server(mode('prefer'))
    const { client } = between(world, server, change)
    world.run(1_000)
    expect(client.peers).toEqual([])
    expect(server.peers).toEqual([])
    const counted = [client, server].map((node) => node.machine.stats()[counter] ?? 0)
    expect(Math.max(...counted)).toBeGreaterThan(0)
  }
})

test('[E-15] somebody who shakes hands with both sides and passes on what is inside ends with neither', () => {
  const world = new World()
  const server = world.server(mode('prefer'))
  const engine = nobleEngine(seededRandom(99))
  const prologue = lengthPrefixed(['shoal noise 1', TOPIC])
  const common = { engine, prologue, staticKey: engine.keyPair() }
  const towardsClient = new NoiseHandshake({ ...common, role: 'responder' })
  const towardsServer = new NoiseHandshake({ ...common, role: 'initiator' })
  const read = (noise: NoiseHandshake, hex: string): Uint8Array => noise.read(fromHex(hex) as Uint8Array) as Uint8Array
  const write = (noise: NoiseHandshake, payload: Uint8Array): string => toHex(noise.write(payload) as Uint8Array)
  let framesOfClient: NoiseFrames | undefined
  let framesOfServer: NoiseFrames | undefined
  const overheard: string[] = []
  const middle = world.server()
  const real = world.raw(server, { host: '45.77.7.7' })
  world.places.set(`${server.host}:${server.port}`, middle)
  middle.machine.handleOpened = () => undefined
  middle.deliver = (channel, frame) => {
    real.deliver = (_, answer) => {
      if (typeof answer !== 'string') return
      const message = JSON.parse(answer) as { type: string; data: string }
      if (message.type !== 'noise') return
      const pong = read(towardsServer, message.data)
      overheard.push(new TextDecoder().decode(pong))
      world.send(middle, channel, JSON.stringify({ ...message, data: write(towardsClient, pong) }))
    }
    if (typeof frame !== 'string') {
      // The client's proof, in clear text by now, sealed anew for the server.
      const proof = framesOfClient?.open(frame)?.[0] as string
      overheard.push(proof)
      framesOfServer?.seal([frameMessage(proof)], (sealed) => {
        real.send(sealed)
        return true
      })
      return
    }
    const message = JSON.parse(frame) as { type: string; data: string; shoal: { noise: string } }
    if (message.type === 'ping') {
      read(towardsClient, message.shoal.noise)
      real.send({ ...message, shoal: { ...message.shoal, noise: write(towardsServer, new Uint8Array(0)) } })
      return
    }
    const ping = read(towardsClient, message.data)
    framesOfClient = new NoiseFrames(towardsClient.finish())
    real.send({ ...message, data: write(towardsServer, ping) })
    framesOfServer = new NoiseFrames(towardsServer.finish())
  }
  const client = world.client(mode('prefer'))
  client.connect(server)
  world.run(1_000)
  expect(overheard.map((text) => (JSON.parse(text) as { type: string }).type)).toEqual(['pong', 'proof'])
  expect(server.machine.stats()['handshake.bad-proof']).toBe(1)
  expect(server.peers).toEqual([])
  expect(client.peers).toEqual([])
})

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

test('[E-17] a frame that does not hold ends the connection, is counted, and is held against nobody', () => {
  const mischief: ((sealed: Uint8Array) => string | Uint8Array)[] = [
    (sealed) => sealed.map((byte, i) => (i === 20 ? byte ^ 1 : byte)),
    (sealed) => sealed.subarray(0, -1),
    () => new Uint8Array(0),
    () => '{"type":"ping"}',
  ]
  for (const change of mischief) {
    const world = new World()
    const server = world.server(mode('prefer'))
    const client = world.client(mode('prefer'))
    client.connect(server)
    world.run(200)
    const send = world.send.bind(world)
    world.send = (from, channel, frame) => send(from, channel, from === client ? change(frame as Uint8Array) : frame)
    client.put('k', 1)
    world.run(50)
    world.send = send
    expect(server.machine.stats()['rejected.broken-encryption']).toBe(1)
    expect(server.machine.stats()['bans'] ?? 0).toBe(0)
    world.run(10_000)
    expect(server.peers).toEqual([client.peerId])
    expect(server.held('k')).toBe(1)
  }
})

test('[E-17] a repeated frame ends the connection', () => {
  const world = new World()
  const server = world.server(mode('prefer'))
  const client = world.client(mode('prefer'))
  client.connect(server)
  world.run(200)
  const send = world.send.bind(world)
  world.send = (from, channel, frame) => {
    send(from, channel, frame)
    if (from === client) send(from, channel, frame)
  }
  client.put('k', 1)
  world.run(50)
  expect(server.machine.stats()['rejected.broken-encryption']).toBe(1)
})

test('[E-18] half a handshake, or one that makes no sense, is ended and costs one answer', () => {
  const world = new World()
  const server = world.server(mode('prefer'))
  const engine = nobleEngine(seededRandom(5))
  const offer = toHex(engine.keyPair().publicKey)
  const noise = (data: string): object => ({ type: 'noise', id: 'n', to: [], data })
  const silent = world.raw(server)
  silent.send(noise(offer))
  const twice = world.raw(server)
  twice.send(noise(offer))
  twice.send(noise(offer))
  const clear = world.raw(server)
  clear.send(noise(offer))
  clear.put(new TestKey('a').plain('k', 1, { time: world.now }))
  const odd = ['00'.repeat(32), 'zz', 'abc', offer.slice(2), `${offer}00`, 'ab'.repeat(20_000)].map((data) => {
    const raw = world.raw(server)
    raw.send(noise(data))
    return raw
  })
  world.run(500)
  expect(silent.ofType('noise')).toHaveLength(1)
  expect(twice.isClosed).toBe(true)
  expect(server.held('k')).toBeUndefined()
  expect(odd.flatMap((raw: RawPeer) => raw.ofType('noise'))).toEqual([])
  world.run(11_000)
  for (const raw of [silent, clear, ...odd]) expect(raw.isClosed).toBe(true)
  expect(server.machine.stats()['now.sessions']).toBe(0)
})

test('[E-18] after the handshake a third message of it is out of turn', () => {
  const world = new World()
  const server = world.server(mode('prefer'))
  const client = world.client(mode('prefer'))
  client.connect(server)
  world.run(200)
  const text = JSON.stringify({ type: 'noise', id: 'n', to: [], data: toHex(utf8('again')) })
  client.input((machine) => machine.sendText(server.peerId.slice(-20), text))
  world.run(50)
  expect(server.machine.stats()['faults.out-of-turn']).toBe(1)
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
