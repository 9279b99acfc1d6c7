import { seededRandom, toHex } from '@shoal/base'
import { lengthPrefixed, NoiseHandshake, nobleEngine, type PrivateTopic, privateTopic } from '@shoal/peer'
import { expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../../src/core/node/limits.ts'
import { type RawPeer, World, type WorldNode } from './world.ts'
import type { NodeOptions } from './world-node.ts'

const TOPIC = privateTopic('an-example-secret-0123456789')
const OTHER = privateTopic('another-example-secret-01234')

function optionsOf(topic: PrivateTopic, more: NodeOptions = {}): NodeOptions {
  const membership = { kind: 'secret', key: topic.derive('noise') } as const
  const config = { topicPublicId: topic.publicId, membership, encryption: 'require', plainPeers: 'refuse' } as const
  return { ...more, config: { ...config, ...more.config } }
}

function meet(world: World, from: WorldNode, to: WorldNode): void {
  from.connect(to)
  world.run(500)
}

/** As a stranger would, with whatever he guesses. */
function offer(topicPublicId: string, key: Uint8Array | undefined, payload = ''): string {
  const engine = nobleEngine(seededRandom(9))
  const prologue = lengthPrefixed(['shoal noise 1', topicPublicId])
  const preSharedKeys = key === undefined ? [] : [{ position: 0 as const, key }]
  const noise = new NoiseHandshake({ engine, role: 'initiator', prologue, staticKey: engine.keyPair(), preSharedKeys })
  return toHex(noise.write(new TextEncoder().encode(payload)) as Uint8Array)
}

const sayNoise = (raw: RawPeer, data: string): void => raw.send({ type: 'noise', id: raw.freshId(), to: [], data })

test('[Q-1] who has the secret connects, encrypted, and works together', () => {
  const world = new World()
  const server = world.server(optionsOf(TOPIC))
  const client = world.client(optionsOf(TOPIC))
  meet(world, client, server)
  expect(client.peers).toEqual([server.peerId])
  expect(client.eventsOf('connected')[0]?.peer).toMatchObject({ proven: true, encrypted: true })
  client.put('key', 'value', { confirm: 1 })
  world.run(500)
  expect(server.held('key')).toBe('value')
})

test('[Q-2] nothing on the wire says who is there, or of which topic: neither tag, nor name, nor key', () => {
  const world = new World()
  const server = world.server(optionsOf(TOPIC))
  const client = world.client(optionsOf(TOPIC))
  meet(world, client, server)
  client.put('the-key', 'the-value', { confirm: 1 })
  world.run(500)
  const shown = ['shoal:tag', TOPIC.publicId, TOPIC.reveal(), 'the-key', 'the-value', client.peerId, server.peerId]
  for (const { text } of world.wire) for (const each of shown) expect(text.includes(each)).toBe(false)
  // Three Noise messages, and sealed frames from then on.
  const readable = world.wire
    .filter(({ text }) => text.startsWith('{'))
    .map(({ text }) => (JSON.parse(text) as { type: string }).type)
  expect(readable).toEqual(['noise', 'noise', 'noise'])
})

test('[Q-3] with another secret, or none, nobody gets a word out of a member, whichever of them dials', () => {
  const world = new World()
  const server = world.server(optionsOf(TOPIC))
  const strangers = [
    world.server(optionsOf(OTHER)),
    // One who knows the tag, as a member who has left may, and not the secret.
    world.server(optionsOf(OTHER, { config: { topicPublicId: TOPIC.publicId } })),
    world.server({ config: { encryption: 'prefer' } }),
    world.server({ config: { encryption: 'off' } }),
  ]
  for (const stranger of strangers) {
    const since = world.wire.length
    stranger.connect(server)
    world.run(2_000)
    expect(stranger.peers).toEqual([])
    // Its own offer reaches the server; back comes nothing.
    expect(world.wire.slice(since).filter(({ from }) => from === server.host)).toEqual([])
  }
  for (const stranger of strangers) {
    const since = world.wire.length
    server.connect(stranger)
    world.run(2_000)
    const said = world.wire.slice(since).filter(({ from }) => from === server.host)
    for (const { text } of said) expect(Object.keys(JSON.parse(text) as object)).toEqual(['type', 'id', 'to', 'data'])
  }
  expect(server.peers).toEqual([])
})

test('[Q-3] a stranger who says anything else is told nothing either', () => {
  const world = new World()
  const server = world.server(optionsOf(TOPIC))
  const say: ((raw: RawPeer) => unknown)[] = [
    (raw) => raw.send(raw.ping()),
    (raw) =>
      raw.send({ ...raw.ping(), peer: raw.key.endpoint({ host: raw.host, port: 1 }, world.now, TOPIC.publicId) }),
    (raw) => sayNoise(raw, offer(TOPIC.publicId, undefined)),
    (raw) => sayNoise(raw, offer(TOPIC.publicId, new Uint8Array(32))),
    (raw) => sayNoise(raw, '00'.repeat(48)),
    (raw) => raw.send({ type: 'pong', id: 'x', to: [], clientId: 'x', isServer: true, servers: [] }),
    (raw) => raw.send('not even JSON'),
  ]
  for (const each of say) {
    const raw = world.raw(server)
    each(raw)
    world.run(60_000)
    expect(raw.frames).toEqual([])
    // The end of a connection is no place for words either: a WebSocket carries them.
    expect([raw.isClosed, raw.closeReason]).toEqual([true, ''])
  }
})

test('[Q-4] the first message of a member, repeated to another server, is not answered: none shows of which topic it is', () => {
  const world = new World()
  const one = world.server(optionsOf(TOPIC))
  const two = world.server(optionsOf(TOPIC))
  const client = world.client(optionsOf(TOPIC))
  meet(world, client, one)
  const first = world.wire.find(({ from }) => from === client.host)?.text ?? ''
  expect(first).toContain('"noise"')
  const replayed = world.raw(two)
  replayed.send(first)
  world.run(1_000)
  expect([replayed.frames, replayed.isClosed]).toEqual([[], false])
  // It ends when that of somebody does who has no secret, or says nothing: how soon would tell that this was of the topic.
  const [guess, mute] = [world.raw(two), world.raw(two)]
  sayNoise(guess, offer(TOPIC.publicId, new Uint8Array(32)))
  world.run(DEFAULT_LIMITS.handshakeTimeout - 1_100)
  expect([replayed, guess, mute].map(({ isClosed }) => isClosed)).toEqual([false, false, false])
  world.run(2_000)
  expect([replayed, guess, mute].map(({ isClosed, closeReason }) => [isClosed, closeReason])).toEqual(
    Array.from({ length: 3 }, () => [true, '']),
  )
  expect(two.machine.stats()['handshake.not-meant-for-us']).toBe(1)
  // To the same server it shows what was seen before: one who answers, unreadably.
  const again = world.raw(one)
  again.send(first)
  world.run(1_000)
  expect(again.messages.map(({ type }) => type)).toEqual(['noise'])
  expect(one.peers).toEqual([client.peerId])
})

test('[Q-4] a member’s first message that names no endpoint of ours, or none at all, is not answered', () => {
  const world = new World()
  const server = world.server(optionsOf(TOPIC))
  const key = TOPIC.derive('noise')
  for (const payload of ['', 'nonsense', '10.9.9.9:9000', `${server.host}:1`]) {
    const raw = world.raw(server)
    sayNoise(raw, offer(TOPIC.publicId, key, payload))
    world.run(1_000)
    expect([raw.frames, raw.closeReason], payload).toEqual([[], ''])
  }
  const raw = world.raw(server)
  sayNoise(raw, offer(TOPIC.publicId, key, `${server.host}:${server.port}`))
  world.run(1_000)
  expect(raw.ofType('noise')).toHaveLength(1)
})
