/** A server of ours as a process of its own, and senders that mean harm; what each did to npm tool-db is in the rule. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type RandomSource, randomBelow, seededRandom } from '@shoal/base'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { malformedFrames } from './malformed.ts'
import { startPeer } from './peer-process.ts'
import { type Message, PlainPeer, plainRecord, putOf, randomId, Signer } from './plain-peer.ts'
import { heldNow, holds, startClient, startServer } from './tool-db-peers.ts'

/** More repeats of one malformed message than any sender may need to be dropped. */
const FEW = 20

/** A server that holds one record, and a peer in good standing that can ask for it at any time. */
async function servedOthers(): Promise<{
  port: number
  server: Awaited<ReturnType<typeof startServer>>
  good: PlainPeer
}> {
  const server = await startServer('shoal')
  const good = await PlainPeer.connect(server.port, { from: '127.0.0.1' })
  good.send(putOf(plainRecord(good.signer, 'known', 'still here')))
  await server.peer.event('put')
  return { port: server.port, server, good }
}

test('[I-22] a malformed message, before or after the handshake, ends nothing but its sender: the others are served', async () => {
  const { port, server, good } = await servedOthers()
  let host = 1
  for (const [name, frame] of malformedFrames(plainRecord(new Signer(), 'bad', 'value'))) {
    host += 1
    const from = `127.1.0.${host}`
    const stranger = await PlainPeer.open(port, { from })
    stranger.send(frame)
    const guest = await PlainPeer.connect(port, { from: `127.2.0.${host}` })
    guest.send(frame)
    // The answer to a get comes after the guest's frame was handled: one connection's messages keep their order.
    await guest.ask({ type: 'get', id: randomId(), to: [], key: 'known' })
    expect((await good.get('known'))?.v, name).toBe('still here')
  }
  expect(await heldNow(server, 'bad')).toBeNull()
  expect(good.isOpen).toBe(true)
})

test('[I-23] the sender of a few malformed messages is dropped, and its address stays out for a while', async () => {
  const { port, good } = await servedOthers()
  const frames = malformedFrames(plainRecord(new Signer(), 'bad', 'value'))
  for (const [index, name] of ['the 14 bytes', 'no JSON', 'time NaN', 'data null', 'an array'].entries()) {
    const from = `127.3.0.${index + 1}`
    const peer = await PlainPeer.connect(port, { from })
    for (let i = 0; i < FEW; i++) peer.send(frames.get(name) ?? '')
    await peer.closed
    const again = await PlainPeer.open(port, { from })
    expect(await again.ask(again.ping()), name).toBeUndefined()
    expect((await good.get('known'))?.v).toBe('still here')
  }
  // WebSocket itself forbids it (RFC 6455 section 8.1): the first one ends the connection.
  const garbled = await PlainPeer.connect(port, { from: '127.3.0.100' })
  garbled.send(frames.get('broken UTF-8') ?? '')
  expect(await garbled.closed).toBe(1007)
})

test('[I-24] a frame of 100 MB closes its connection without being held in memory', async () => {
  const { port, server, good } = await servedOthers()
  const before = await server.peer.call<number>('memory')
  for (const asText of [true, false]) {
    const peer = await PlainPeer.connect(port, { from: `127.4.0.${asText ? 1 : 2}` })
    peer.send(Buffer.alloc(100_000_000, 0x61), asText)
    await peer.closed
    expect((await good.get('known'))?.v).toBe('still here')
  }
  expect((await server.peer.call<number>('memory')) - before).toBeLessThan(80_000_000)
})

test('[I-25] the reason: npm tool-db’s server ends when a peer says {"type":"put"}', async () => {
  const server = await startServer('npm')
  const peer = await PlainPeer.connect(server.port)
  peer.send('{"type":"put"}')
  expect(await server.peer.exit).not.toBe(0)
})

test('[I-26] another value under a signed hash is refused, where npm tool-db takes and relays it', async () => {
  for (const maker of ['npm', 'shoal'] as const) {
    const server = await startServer(maker)
    const peer = await PlainPeer.connect(server.port)
    const victim = new Signer()
    const key = `:${victim.address}.profile`
    const record = plainRecord(victim, key, { name: 'honest' })
    peer.send(putOf(record))
    await holds(server, key)
    peer.send(putOf({ ...record, t: record.t + 1, v: { name: 'forged' } }))
    peer.send(putOf(plainRecord(peer.signer, 'after', 1)))
    await holds(server, 'after')
    expect(await heldNow(server, key)).toEqual({ name: maker === 'npm' ? 'forged' : 'honest' })
  }
})

test('[I-27] a forged server is not told to others, where npm tool-db tells it', async () => {
  for (const maker of ['npm', 'shoal'] as const) {
    const server = await startServer(maker)
    const liar = await PlainPeer.open(server.port, { isServer: true, from: '127.0.0.2' })
    const ping = liar.ping()
    const forged = { ...(ping['peer'] as object), host: '198.51.100.66' }
    const heard = liar.ask({ ...ping, peer: forged })
    if (maker === 'npm') await heard
    const newcomer = await PlainPeer.open(server.port, { from: '127.0.0.3' })
    const pong = await newcomer.ask(newcomer.ping())
    const hosts = ((pong?.['servers'] ?? []) as { host: string }[]).map(({ host }) => host)
    expect(hosts.includes('198.51.100.66')).toBe(maker === 'npm')
  }
})

test('[I-28] a record that our client wrote is refused under another key, with other digits, or as another CRDT type', async () => {
  const server = await startServer('shoal')
  const client = await startClient('shoal', server)
  const record = await client.call<{ k: string; t: number; n: string }>('put', 'here', 'bound')
  const thief = await PlainPeer.connect(server.port, { from: '127.0.0.2' })
  thief.send(putOf({ ...record, k: 'elsewhere' }))
  thief.send(putOf({ ...record, k: 'elsewhere', c: 'MAP' }))
  const plain = plainRecord(thief.signer, 'digits', 1, { nonce: 77 })
  thief.send(putOf({ ...plain, t: plain.t * 10 + 7, n: 7 }))
  thief.send(putOf({ ...plain, t: Math.floor(plain.t / 10), n: Number(`${plain.t % 10}77`) }))
  const probe = await PlainPeer.connect(server.port, { from: '127.0.0.3' })
  probe.send(putOf(plainRecord(probe.signer, 'after', 1)))
  await holds(server, 'after')
  expect(await heldNow(server, 'elsewhere')).toBeNull()
  expect(await heldNow(server, 'digits')).toBeNull()
  expect(await heldNow(server, 'here')).toBe('bound')
})

test('[I-29] a name that is held does not go to a claim dated earlier, where npm tool-db gives it away', async () => {
  for (const maker of ['npm', 'shoal'] as const) {
    const server = await startServer(maker)
    const owner = await PlainPeer.connect(server.port, { from: '127.0.0.2' })
    const thief = await PlainPeer.connect(server.port, { from: '127.0.0.3' })
    owner.send(putOf(plainRecord(owner.signer, '==name', 'owner')))
    await holds(server, '==name')
    thief.send(putOf(plainRecord(thief.signer, '==name', 'thief', { time: 1_000_000_000_000 })))
    thief.send(putOf(plainRecord(thief.signer, 'after', 1)))
    await holds(server, 'after')
    expect(await heldNow(server, '==name')).toBe(maker === 'npm' ? 'thief' : 'owner')
  }
})

test('[I-30] a hash that matches is not enough: a wrong signature is refused whatever the work is', async () => {
  const server = await startServer('shoal')
  const peer = await PlainPeer.connect(server.port, { from: '127.0.0.2' })
  const record = plainRecord(new Signer(), 'unsigned', 'x')
  peer.send(putOf({ ...record, s: new Signer().sign(record.h) }))
  const probe = await PlainPeer.connect(server.port, { from: '127.0.0.3' })
  probe.send(putOf(plainRecord(probe.signer, 'after', 1)))
  await holds(server, 'after')
  expect(await heldNow(server, 'unsigned')).toBeNull()
})

test('[I-32] a connection that drops is dialled again, and what was put meanwhile arrives, where npm tool-db stays away', async () => {
  for (const maker of ['npm', 'shoal'] as const) {
    const first = await startServer('shoal')
    const client = await startClient(maker, first)
    first.peer.kill()
    await client.event('peerDisconnect')
    await client.call('put', 'meanwhile', 'kept')
    const second = await startServer('shoal', { port: first.port })
    // npm's client would have come by the time that another, started now, has come and gone.
    if (maker === 'npm') await (await startClient('npm', second)).stop()
    else await holds(second, 'meanwhile', 'kept')
    expect(await heldNow(second, 'meanwhile')).toBe(maker === 'npm' ? null : 'kept')
  }
})

test('[I-33] of many records of one key that arrive at once, in any order, the one that comes last by (time, hash) stays', async () => {
  const server = await startServer('shoal')
  const author = new Signer()
  const now = Date.now()
  // Pairs of one time, so that the hash decides too.
  const records = Array.from({ length: 100 }, (_, i) =>
    plainRecord(author, 'raced', i, { time: now - 5_000 + (i >> 1) }),
  )
  const order = (a: (typeof records)[0], b: (typeof records)[0]): number => a.t - b.t || (a.h < b.h ? -1 : 1)
  const winner = [...records].sort(order).at(-1)
  const random = seededRandom(7)
  const peers = await Promise.all(
    ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'].map((from) => PlainPeer.connect(server.port, { from })),
  )
  const shuffled = records.map((record) => ({ record, at: random.uint32() })).sort((a, b) => a.at - b.at)
  for (const [i, { record }] of shuffled.entries()) peers[i % peers.length]?.send(putOf(record))
  for (const [i, peer] of peers.entries()) {
    peer.send(putOf(plainRecord(author, `after-${i}`, i)))
    await holds(server, `after-${i}`)
  }
  expect((await peers[0]?.get('raced'))?.h).toBe(winner?.h)
})

test('[I-36] who replays the ping of a client that can prove itself loses the place to that client', async () => {
  const server = await startServer('shoal')
  const trap = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => trap.close())
  const trapped = once(trap, 'connection').then(async ([socket]) => {
    const [data] = await once(socket, 'message')
    socket.terminate()
    return JSON.parse(String(data)) as Message
  })
  const client = startPeer('tool-db', { from: 'shoal', db: { topic: 'interop' } })
  await client.event('ready')
  await client.call('connectTo', '127.0.0.1', (trap.address() as AddressInfo).port)

  // As a plain peer's: without the part that a proof would have to follow.
  const { shoal, ...ping } = await trapped
  expect(shoal).toBeDefined()
  const thief = await PlainPeer.open(server.port, { from: '127.0.0.2' })
  expect((await thief.ask({ ...ping, type: 'ping', id: randomId() }))?.type).toBe('pong')

  await client.call('connectTo', '127.0.0.1', server.port)
  await thief.closed
  await client.call('put', 'own', 'written by the client')
  expect(await holds(server, 'own')).toBe('written by the client')
})

test('[I-34] two thousand damaged messages from five hundred senders leave the server as it was', async () => {
  const { port, server, good } = await servedOthers()
  const random = seededRandom(20_26)
  let dropped = 0
  for (let sender = 0; sender < 500; sender++) {
    const peer = await PlainPeer.connect(port, { from: `127.5.${sender >> 7}.${1 + (sender & 127)}` })
    const valid = validFrames(peer)
    for (let i = 0; i < 4; i++) {
      const frame = valid[randomBelow(random, valid.length)] as Buffer
      peer.send(damaged(frame, random), randomBelow(random, 4) !== 0)
    }
    const answer = await peer.ask({ type: 'get', id: randomId(), to: [], key: 'known' })
    if (answer === undefined) dropped++
    peer.end()
  }
  // Broken UTF-8 in a text frame ends a connection at once; fewer faults than five of any other kind do not.
  expect(dropped).toBeGreaterThan(50)
  expect(dropped).toBeLessThan(450)
  expect((await good.get('known'))?.v).toBe('still here')
  expect(server.peer.stderr).toBe('')
})

test('[I-50] a storm, ten thousand subscriptions and ten peers that never read: the server’s memory is bounded, the others are served', async () => {
  const { port, server, good } = await servedOthers()
  good.send(putOf(plainRecord(good.signer, 'large', 'x'.repeat(200_000))))
  await holds(server, 'large')
  const before = await server.peer.call<number>('memory')
  const deaf = await Promise.all(
    Array.from({ length: 10 }, (_, i) => PlainPeer.connect(port, { from: `127.6.0.${i + 1}` })),
  )
  for (const peer of deaf) {
    peer.stopReading()
    for (let i = 0; i < 200; i++) peer.send({ type: 'get', id: `g${i}`, to: [], key: 'large' })
  }
  const reader = await PlainPeer.connect(port, { from: '127.6.1.1' })
  for (let i = 0; i < 9_000; i++) reader.send({ type: 'subscribe', id: `s${i}`, to: [], key: `k${i}` })
  const storm = await PlainPeer.connect(port, { from: '127.6.2.1' })
  for (let i = 0; i < 30_000; i++) storm.send({ type: 'get', id: `g${i}`, to: [], key: 'k' })
  await storm.closed
  expect((await good.get('known'))?.v).toBe('still here')
  await server.peer.until((stats) => ((stats as Record<string, number>)['dropped.not-reading'] ?? 0) === 10, 'stats')
  const stats = await server.peer.call<Record<string, number>>('stats')
  expect(stats).toMatchObject({ bans: 1, 'refused.subscriptions': 8_000 })
  expect((await server.peer.call<number>('memory')) - before).toBeLessThan(300_000_000)
  expect(reader.isOpen).toBe(true)
  expect(server.peer.stderr).toBe('')
})

test('[I-51] npm tool-db reads what is deleted as null, and verifies and relays what has a ttl, which ours forgets', async () => {
  const [theirs, ours] = [await startServer('npm'), await startServer('shoal')]
  const writer = await startClient('shoal', ours)
  const reader = await startClient('npm', ours)
  await writer.call('put', 'gone', 'here')
  await holds(ours, 'gone', 'here')
  await writer.call('remove', 'gone')
  expect(await reader.call('get', 'gone', false, 1_000)).toBeNull()
  const record = await writer.call<{ n: string }>('putFor', 'soon', 'a while', 1_500)
  expect(await reader.call('get', 'soon', false, 1_000)).toBe('a while')
  const peer = await PlainPeer.connect(theirs.port)
  peer.send(putOf(record))
  expect(await holds(theirs, 'soon')).toBe('a while')
  await ours.peer.until((held) => held === null, 'get', 'soon', false, 100)
  expect(await heldNow(theirs, 'soon')).toBe('a while')
})

function validFrames(peer: PlainPeer): Buffer[] {
  const record = plainRecord(peer.signer, 'fuzzed', { list: [1, 'two', null] })
  return [
    putOf(record),
    peer.ping(),
    { type: 'get', id: 'g', to: [], key: 'known' },
    { type: 'query', id: 'q', to: ['x'], key: 'k' },
    { type: 'subscribe', id: 's', to: [], key: 'known' },
    { type: 'function', id: 'f', to: [], function: 'sum', args: [1, 2] },
    { type: 'pong', id: 'p', to: [], clientId: 'x', isServer: true, servers: [peer.ping()['peer']] },
  ].map((message) => Buffer.from(JSON.stringify(message)))
}

/** One to three cuts, overwritten bytes or repeated parts. */
function damaged(message: Buffer, random: RandomSource): Buffer {
  let bytes = Buffer.from(message)
  for (let i = 1 + randomBelow(random, 3); i > 0; i--) {
    const at = randomBelow(random, bytes.length)
    const length = 1 + randomBelow(random, 12)
    const kind = randomBelow(random, 3)
    const [before, part, after] = [bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at + length)]
    if (kind === 0) bytes = Buffer.concat([before, after])
    else if (kind === 1) bytes = Buffer.concat([before, random.bytes(part.length), after])
    else bytes = Buffer.concat([before, part, part, after])
    if (bytes.length === 0) return message
  }
  return bytes
}
