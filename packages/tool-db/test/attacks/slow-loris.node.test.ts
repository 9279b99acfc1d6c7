/** Slow-loris: connections that begin something and never come to its end. */

import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { connected, placeOf, server, started, until } from '../face/world.ts'
import { PlainSocket } from './plain-socket.ts'

const UPGRADE = [
  'GET / HTTP/1.1',
  'Host: localhost',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  '\r\n',
].join('\r\n')

/** A socket that says the text, and then a byte at a time. */
async function trickle(
  port: number,
  text: string,
  byte: string | Buffer,
): Promise<{ socket: Socket; closed: Promise<void> }> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.on('error', () => undefined)
  socket.resume()
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  await new Promise((resolve) => socket.once('connect', resolve))
  socket.write(text)
  const timer = setInterval(() => socket.write(byte), 20)
  onTestFinished(() => {
    clearInterval(timer)
    socket.destroy()
  })
  return { socket, closed }
}

test('[T-107] headers that trickle in are cut in time, however many there are, and an honest client comes through', async () => {
  const db = await server({ limits: { openingTimeout: 400, openingMax: 16 } })
  const { port } = placeOf(db)
  const lorises = await Promise.all(
    Array.from({ length: 40 }, () => trickle(port, 'GET / HTTP/1.1\r\nHost: x\r\n', 'X')),
  )
  const client = await started({ peers: [placeOf(db)] })
  await connected(client)
  await client.putData('k', 1, false, { confirm: 1 })
  await Promise.all(lorises.map(({ closed }) => closed))
  const stats = db.stats()
  expect((stats['sockets.pushed-out'] ?? 0) + (stats['sockets.opening-timed-out'] ?? 0)).toBeGreaterThanOrEqual(40)
  expect(stats['now.sessions']).toBe(1)
})

test('[T-107] a WebSocket that never says who it is, or says it a byte at a time, is closed in time', async () => {
  const db = await server({ limits: { handshakeTimeout: 300 } })
  const { port } = placeOf(db)
  const silent = await PlainSocket.open(port)
  // A text frame of a thousand masked bytes, of which one comes now and then.
  const header = Buffer.from([0x81, 0xfe, 0x03, 0xe8, 0, 0, 0, 0])
  const slow = await trickle(port, UPGRADE, header)
  await Promise.all([silent.closed, slow.closed])
  expect(db.stats()).toMatchObject({ 'handshake.timed-out': 2, 'now.sessions': 0 })
})

test('[T-107] a peer that is in, and then never ends its message, is silent: it is asked, and given up', async () => {
  const db = await server({ limits: { keepAlive: 200, keepAliveTimeout: 200 } })
  const { port } = placeOf(db)
  const peer = await PlainSocket.greet(port)
  const { _socket } = peer.socket as unknown as { _socket: Socket }
  _socket.write(Buffer.from([0x81, 0xfe, 0x03, 0xe8, 0, 0, 0, 0]))
  const timer = setInterval(() => _socket.write('x'), 20)
  onTestFinished(() => clearInterval(timer))
  await peer.closed
  expect(db.stats()).toMatchObject({ 'dropped.silent': 1, 'now.peers': 0 })
})

test('[T-107] a message beyond the limit closes its connection, and is counted', async () => {
  const db = await server({ limits: { messageSizeMax: 100_000 } })
  const peer = await PlainSocket.greet(placeOf(db).port)
  peer.send({ type: 'get', id: 'g', to: [], key: 'k'.repeat(200_000) })
  await peer.closed
  await until(() => db.stats()['sockets.message-too-large'] === 1)
})
