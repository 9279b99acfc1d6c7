import { HOUR, MINUTE, SECOND } from '@shoal/base'
import type { Certificate } from '@shoal/peer'
import { expect, test } from 'vitest'
import { TestOwner } from '../../../peer/test/test-owner.ts'
import {
  certificateOf,
  certifiedServer,
  client,
  DAY,
  forger,
  meet,
  optionsOf,
  revoke,
  TOPIC,
} from './certified-world.ts'
import { START, World, type WorldNode } from './world.ts'

test('[O-4] a client of a topic with an owner connects to a certified server, and works with it', () => {
  const world = new World()
  const server = certifiedServer(world, 'server')
  const one = client(world)
  meet(one, server, world)
  expect(one.peers).toEqual([server.peerId])
  expect(one.eventsOf('connected')[0]?.peer).toMatchObject({ proven: true, encrypted: true, certified: true })
  one.put('key', 'value', { confirm: 1 })
  world.run(500)
  expect(server.held('key')).toBe('value')
})

const LIARS: readonly (readonly [string, Certificate | undefined, string])[] = [
  ['without a certificate', undefined, 'not-certified'],
  ['with one by another key', certificateOf({ key: 'liar', by: forger }), 'forged-certificate'],
  [
    'with one of another topic of the same owner',
    certificateOf({ key: 'liar', by: new TestOwner(7, 'other') }),
    'foreign-certificate',
  ],
  ['with the one of a true server', certificateOf({ key: 'server' }), 'foreign-certificate'],
  [
    'with a true one whose time was changed',
    { ...certificateOf({ key: 'liar', until: START - 1 }), until: START + DAY },
    'forged-certificate',
  ],
]

for (const [what, certificate, word] of LIARS) {
  test(`[O-5] a server ${what} is told nothing: it gets one Noise message and no other`, () => {
    const world = new World()
    const liar = world.server(optionsOf('liar', certificate))
    const one = client(world)
    one.put('key', 'value')
    meet(one, liar, world)
    expect(one.peers).toEqual([])
    expect(one.machine.stats()[`handshake.${word}`]).toBe(1)
    const said = world.wire.filter(({ from }) => from === one.host).map(({ text }) => JSON.parse(text) as object)
    expect(said).toEqual([
      { type: 'noise', id: expect.any(String) as string, to: [], data: expect.any(String) as string },
    ])
    // Of what anybody could write nothing is told: it would be a way to fill logs.
    expect(one.eventsOf('certificate-refused')).toEqual([])
  })
}

test('[O-5] nor is it talked to in clear, where encryption is off', () => {
  const world = new World()
  const liar = world.server(optionsOf('liar', undefined, { config: { encryption: 'off' } }))
  const one = client(world, { config: { encryption: 'off' } })
  meet(one, liar, world)
  expect(one.peers).toEqual([])
  expect(world.wire.filter(({ from, text }) => from === one.host && !text.includes('"ping"'))).toEqual([])
})

test('[O-5] whoever copies the certificate and the key of a true server has no proof', () => {
  const world = new World()
  const server = certifiedServer(world, 'server')
  const liar = world.server(
    optionsOf('liar', certificateOf({ key: 'server' }), { config: { peerAddress: server.peerId } }),
  )
  const one = client(world)
  one.put('key', 'value')
  meet(one, liar, world)
  expect(one.peers).toEqual([])
  expect(one.machine.stats()['handshake.bad-proof']).toBe(1)
  expect(liar.rows.has('key')).toBe(false)
})

test('[O-5] plain tool-db servers are not talked to; plain clients are served', () => {
  const world = new World()
  const server = certifiedServer(world, 'server')
  const plainServer = world.raw(server)
  plainServer.send({
    ...plainServer.ping({ isServer: true }),
    peer: plainServer.key.endpoint({ host: plainServer.host, port: 8080 }, world.now, TOPIC.publicId),
  })
  world.run(100)
  expect(plainServer.isClosed).toBe(true)
  const plainClient = world.raw(server)
  plainClient.send({
    ...plainClient.ping(),
    peer: plainClient.key.endpoint({ host: plainClient.host, port: 8080 }, world.now, TOPIC.publicId),
  })
  world.run(100)
  expect(plainClient.ofType('pong')).toHaveLength(1)
  expect(plainClient.isClosed).toBe(false)
})

test('[O-6] of fifty liars and one server a client talks to the server alone', () => {
  const world = new World()
  const liars = Array.from({ length: 50 }, (_, i) => world.server(optionsOf(`liar ${i}`, LIARS[i % LIARS.length]?.[1])))
  const server = certifiedServer(world, 'server')
  const one = client(world)
  one.put('key', 'value')
  for (const liar of liars) one.connect(liar)
  one.connect(server)
  world.run(5 * SECOND)
  expect(one.peers).toEqual([server.peerId])
  expect(liars.filter((liar) => liar.rows.has('key') || liar.peers.length > 0)).toEqual([])
  expect(server.held('key')).toBe('value')
})

test('[O-7] servers hold each other to it: neither dials nor takes one that is not certified', () => {
  const world = new World()
  const server = certifiedServer(world, 'server')
  const other = certifiedServer(world, 'other')
  const liar = world.server(optionsOf('liar'))
  meet(server, other, world)
  meet(server, liar, world)
  meet(liar, server, world)
  expect(server.peers).toEqual([other.peerId])
  expect(liar.peers).toEqual([])
  // Nor is it told of to others.
  expect(server.machine.servers().map(({ address }) => address)).not.toContain(liar.peerId)
})

test('[O-8] an expired certificate says so: to whoever dials, and to the server itself', () => {
  const world = new World()
  const late = certifiedServer(world, 'late', { until: START + MINUTE })
  const steady = certifiedServer(world, 'steady')
  const one = client(world)
  meet(one, late, world)
  meet(one, steady, world)
  expect(one.peers).toEqual([late.peerId, steady.peerId].sort())
  world.run(MINUTE)
  // Dropped at that moment, not at the next dial.
  expect(one.peers).toEqual([steady.peerId])
  expect(late.eventsOf('uncertified')).toMatchObject([{ why: { code: 'CERTIFICATE_EXPIRED' } }])
  expect(late.eventsOf('uncertified')[0]?.why.message).toContain('shoal topic sign')
  const newcomer = world.client(optionsOf('newcomer'))
  meet(newcomer, late, world)
  expect(newcomer.peers).toEqual([])
  const [told] = newcomer.eventsOf('certificate-refused')
  expect(told?.refusal).toMatchObject({ host: late.host, port: late.port, code: 'CERTIFICATE_EXPIRED' })
  expect(told?.refusal.message).toContain('expired')
  world.run(30 * MINUTE)
  expect(one.peers).toEqual([steady.peerId])
})

test('[O-8] a certificate of tomorrow is none yet; a clock some seconds ahead is forgiven', () => {
  const world = new World()
  const early = certifiedServer(world, 'early', { from: START + HOUR })
  const nearly = certifiedServer(world, 'nearly', { from: START + 20 * SECOND })
  const one = client(world)
  meet(one, early, world)
  meet(one, nearly, world)
  expect(one.peers).toEqual([nearly.peerId])
  expect(one.eventsOf('certificate-refused')).toMatchObject([{ refusal: { code: 'CERTIFICATE_NOT_YET_VALID' } }])
})

test('[O-8] [O-25] a server notices the end of its own certificate, whichever others have ended before', () => {
  const world = new World()
  const server = certifiedServer(world, 'server', { until: START + HOUR })
  const brief = certifiedServer(world, 'brief', { until: START + MINUTE })
  meet(server, brief, world)
  expect(server.peers).toEqual([brief.peerId])
  world.run(2 * MINUTE)
  expect(server.peers).toEqual([])
  expect(server.eventsOf('uncertified')).toEqual([])
  world.run(HOUR)
  expect(server.eventsOf('uncertified')).toMatchObject([{ why: { code: 'CERTIFICATE_EXPIRED' } }])
  expect(server.told.filter(({ kind }) => kind === 'announce')).toEqual([{ kind: 'announce', on: false }])
})

test('[O-8] [O-25] a server whose certificate is of tomorrow says so, and is announced from tomorrow on', () => {
  const world = new World()
  const early = certifiedServer(world, 'early', { from: START + HOUR })
  expect(early.eventsOf('uncertified')).toMatchObject([{ why: { code: 'CERTIFICATE_NOT_YET_VALID' } }])
  expect(early.told).toEqual([{ kind: 'announce', on: false }])
  world.run(HOUR)
  expect(early.told).toEqual([
    { kind: 'announce', on: false },
    { kind: 'announce', on: true },
  ])
  world.run(DAY)
  expect(early.eventsOf('uncertified')).toMatchObject([{}, { why: { code: 'CERTIFICATE_EXPIRED' } }])
  expect(early.told.at(-1)).toEqual({ kind: 'announce', on: false })
})

test('[O-9] a revoked server is dropped at once, by clients and servers, and hears why; a new certificate counts again', () => {
  const world = new World()
  const bad = certifiedServer(world, 'bad')
  const good = certifiedServer(world, 'good')
  const one = client(world)
  meet(one, bad, world)
  meet(one, good, world)
  meet(good, bad, world)
  for (const node of [one, good, bad]) revoke(node, world, 'bad', world.now)
  world.run(100)
  expect(one.peers).toEqual([good.peerId])
  expect(good.peers).toEqual([one.peerId])
  expect(one.eventsOf('certificate-refused')).toMatchObject([
    { refusal: { host: bad.host, code: 'CERTIFICATE_REVOKED' } },
  ])
  expect(bad.eventsOf('uncertified')).toMatchObject([{ why: { code: 'CERTIFICATE_REVOKED' } }])
  world.run(10 * MINUTE)
  expect(one.peers).toEqual([good.peerId])
  const pardoned = certifiedServer(world, 'bad', { from: world.now })
  meet(one, pardoned, world)
  expect(one.peers).toEqual([good.peerId, bad.peerId].sort())
})

test('[O-9] one that was revoked while it was being proven does not stay', () => {
  const world = new World()
  const bad = certifiedServer(world, 'bad')
  const one = client(world)
  one.connect(bad)
  // Its pong is out, its proof is not.
  world.run(22)
  expect(one.peers).toEqual([])
  revoke(one, world, 'bad', world.now)
  world.run(5 * SECOND)
  expect(one.peers).toEqual([])
})

test('[O-10] a server without a certificate says at its start what to do, with its peer id', () => {
  const world = new World()
  const server = world.server(optionsOf('server'))
  server.input((machine) => machine.start(world.now))
  const [told] = server.eventsOf('uncertified')
  expect(told?.why.code).toBe('CERTIFICATE_MISSING')
  expect(told?.why.message).toContain(server.peerId)
})

test('[O-4] on other topics certificates are of no account', () => {
  const world = new World()
  const server = world.server()
  const one = world.client()
  revoke(one, world, `peer ${2}`, world.now)
  meet(one, server, world)
  expect(one.peers).toEqual([server.peerId])
  expect(one.eventsOf('connected')[0]?.peer.certified).toBe(false)
})

for (const isCertified of [true, false]) {
  test(`[R-31] an old claim that comes by sync ${isCertified ? 'from a certified server goes' : 'from anybody else does not go'} before the one that is held`, () => {
    const world = new World()
    const serverOf = (key: string, before?: WorldNode): WorldNode => {
      const more = { sync: {}, ...(before && { store: before.store }) }
      return world.server(isCertified ? optionsOf(key, certificateOf({ key }), more) : { key, ...more })
    }
    /** Claims the name by itself, and is started again since: nothing waits to be sent. */
    const claimed = (key: string): WorldNode => {
      const before = serverOf(key)
      before.put('==name', `of ${key}`)
      world.run(10 * MINUTE)
      world.kill(before)
      return serverOf(key, before)
    }
    const [early, late] = [claimed('early'), claimed('late')]
    world.run(SECOND)
    late.connect(early)
    world.run(MINUTE)
    expect(late.peers).toEqual([early.peerId])
    expect(late.held('==name')).toBe(isCertified ? 'of early' : 'of late')
  })
}

test('[O-25] a server that is revoked, or whose certificate ends, has its announce taken back', () => {
  const world = new World()
  const bad = certifiedServer(world, 'bad')
  const late = certifiedServer(world, 'late', { until: START + MINUTE })
  revoke(bad, world, 'bad', world.now)
  expect(bad.told).toEqual([{ kind: 'announce', on: false }])
  revoke(bad, world, 'bad', world.now)
  expect(bad.told).toHaveLength(1)
  world.run(2 * MINUTE)
  expect(late.told).toEqual([{ kind: 'announce', on: false }])
})

test('[O-26] where a certificate is over, discovery is told that it may have a new one', () => {
  const world = new World()
  const late = certifiedServer(world, 'late', { until: START + MINUTE })
  world.run(2 * MINUTE)
  const one = client(world)
  one.input((machine) => machine.handleCandidate(world.now, late, 'proposed'))
  world.run(SECOND)
  expect(one.reports.at(-1)?.outcome).toEqual({ kind: 'refused', reason: 'CERTIFICATE_EXPIRED', isPassing: true })
  const liar = world.server(optionsOf('liar'))
  one.input((machine) => machine.handleCandidate(world.now, liar, 'proposed'))
  world.run(SECOND)
  expect(one.reports.at(-1)?.outcome).toEqual({ kind: 'refused', reason: 'not-certified' })
})
