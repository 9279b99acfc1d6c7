/** Somebody on the way between two peers that encrypt, and handshakes that make no sense. */

import { fromHex, seededRandom, toHex, utf8 } from '@shoal/base'
import { frameMessage, lengthPrefixed, NoiseFrames, NoiseHandshake, nobleEngine } from '@shoal/peer'
import { expect, test } from 'vitest'
import { isEncrypted, mode } from './encryption-world.ts'
import { type RawPeer, TestKey, TOPIC, World, type WorldNode } from './world.ts'

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

/** A client that has met its server, encrypted. */
function connected(): { world: World; server: WorldNode; client: WorldNode } {
  const world = new World()
  const server = world.server(mode('prefer'))
  const client = world.client(mode('prefer'))
  client.connect(server)
  world.run(200)
  return { world, server, client }
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

test('[E-17] a frame that does not hold ends the connection, is counted, and is held against nobody', () => {
  const mischief: ((sealed: Uint8Array) => string | Uint8Array)[] = [
    (sealed) => sealed.map((byte, i) => (i === 20 ? byte ^ 1 : byte)),
    (sealed) => sealed.subarray(0, -1),
    () => new Uint8Array(0),
    () => '{"type":"ping"}',
  ]
  for (const change of mischief) {
    const { world, server, client } = connected()
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
  const { world, server, client } = connected()
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
  const { world, server, client } = connected()
  const text = JSON.stringify({ type: 'noise', id: 'n', to: [], data: toHex(utf8('again')) })
  client.input((machine) => machine.sendText(server.peerId.slice(-20), text))
  world.run(50)
  expect(server.machine.stats()['faults.out-of-turn']).toBe(1)
})
