/** A server of ours as a process of its own, and senders that mean harm; what each did to npm tool-db is in the rule. */
import { expect, test } from 'vitest'
import { malformedFrames } from './malformed.ts'
import { PlainPeer, plainRecord, putOf, randomId, Signer } from './plain-peer.ts'
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
