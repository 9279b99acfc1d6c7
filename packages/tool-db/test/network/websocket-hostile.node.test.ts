import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import {
  atEnd,
  closeCodeOf,
  closedOf,
  frameHeader,
  isServed,
  openWebSocket,
  rawSocket,
  rawWebSocket,
  serve,
  UPGRADE_REQUEST,
} from './websocket-world.ts'

test('[N-10] a message of 100 MB closes its channel alone, and none of it is kept', async () => {
  const served = await serve()
  const hostile = await rawWebSocket(served.port)
  const bystander = await openWebSocket(served.port)
  const before = process.memoryUsage().arrayBuffers
  hostile.write(frameHeader(1, 100_000_000))
  const chunk = Buffer.alloc(65_536, 'x')
  const closed = closedOf(hostile)
  let open = true
  void closed.then(() => {
    open = false
  })
  for (let sent = 0; open && sent < 100_000_000; sent += chunk.length) {
    await new Promise<void>((resolve) => {
      hostile.write(chunk, () => resolve())
    })
  }
  await closed
  await served.witness.until(() => served.witness.closings.length === 1)
  expect(served.witness.closings[0]).toBe('Max payload size exceeded')
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000)
  expect(bystander.readyState).toBe(bystander.OPEN)
  await isServed(served, 'still here')
})

test('[N-10] many fragments that come to too much, or are too many, close the channel', async () => {
  const served = await serve({ limits: { messageBytesMax: 100_000 } })
  const large = await openWebSocket(served.port)
  for (let i = 0; i < 11; i++) large.send(Buffer.alloc(10_000), { fin: false })
  expect(await closeCodeOf(large)).toBe(1009)
  const many = await openWebSocket(served.port)
  for (let i = 0; i < 1_000; i++) many.send(Buffer.alloc(1), { fin: false })
  expect(await closeCodeOf(many)).toBe(1008)
  expect(served.witness.messages).toEqual([])
})

test('[N-11] broken UTF-8 closes the channel with 1007, frames against the protocol with 1002', async () => {
  const served = await serve()
  const broken = await openWebSocket(served.port)
  broken.send(Buffer.from([0x7b, 0xc3, 0x28, 0x7d]), { binary: false })
  expect(await closeCodeOf(broken)).toBe(1007)
  for (const bytes of ['c10000000000', '8b8000000000', '8100']) {
    const socket = await rawWebSocket(served.port)
    const answer = new Promise<Buffer>((resolve) => socket.once('data', resolve))
    socket.write(Buffer.from(bytes, 'hex'))
    expect((await answer).readUInt16BE(2)).toBe(1002)
  }
  expect(served.witness.messages).toEqual([])
  await isServed(served, 'still here')
})

test('[N-12] a peer that never reads costs no more than its buffer, and is cut', async () => {
  const limits = { bufferedBytesMax: 500_000, stalledMax: 100 }
  const served = await serve({ limits })
  const deaf = await rawWebSocket(served.port)
  deaf.pause()
  const [channel] = served.witness.channels
  if (channel === undefined) return expect.unreachable()
  const message = 'x'.repeat(100_000)
  let taken = 0
  // The operating system takes some megabytes of its own before anything waits here.
  while (channel.send(message) && taken < 10_000) {
    taken++
    if (taken % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  expect(taken).toBeLessThan(10_000)
  expect(channel.buffered).toBeLessThan(limits.bufferedBytesMax + message.length + 100)
  const drained = channel.drained()
  await served.witness.until(() => served.witness.closings.length === 1)
  await drained
  expect(served.witness.closings).toEqual(['it does not read what it is sent'])
  expect(channel.send('x')).toBe(false)
})

test('[N-12] a peer that reads late is waited for: drained() resolves, and sending goes on', async () => {
  const served = await serve({ limits: { bufferedBytesMax: 500_000 } })
  const late = await openWebSocket(served.port)
  late.pause()
  let received = 0
  late.on('message', () => received++)
  const [channel] = served.witness.channels
  if (channel === undefined) return expect.unreachable()
  let taken = 0
  while (channel.send('x'.repeat(100_000))) {
    taken++
    if (taken % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  late.resume()
  await channel.drained()
  expect(channel.buffered).toBeLessThanOrEqual(250_000)
  expect(channel.send('last')).toBe(true)
  await new Promise<void>((resolve) => {
    late.on('message', () => received === taken + 1 && resolve())
  })
  expect(served.witness.closings).toEqual([])
})

test('[N-13] 200 half-open connections are cut in time, and others get in meanwhile', async () => {
  const served = await serve({ limits: { handshakeMax: 400 } })
  const sockets = await Promise.all(Array.from({ length: 200 }, () => rawSocket(served.port)))
  await isServed(served, 'among them')
  await Promise.all(sockets.map(closedOf))
  await isServed(served, 'after them')
})

test('[N-13] of too many handshakes the oldest is ended for the newest', async () => {
  const served = await serve({ limits: { handshakesMax: 10 } })
  const first = await rawSocket(served.port)
  const rest: Socket[] = []
  for (let i = 0; i < 10; i++) rest.push(await rawSocket(served.port))
  await closedOf(first)
  expect(rest.every((socket) => !socket.closed)).toBe(true)
  await isServed(served, 'still here')
})

test('[N-14] headers without end are refused, and those that trickle in are cut in time', async () => {
  const served = await serve({ limits: { handshakeMax: 400 } })
  const flood = await rawSocket(served.port)
  const answer = new Promise<Buffer>((resolve) => flood.once('data', resolve))
  flood.write(`${UPGRADE_REQUEST.trimEnd()}\r\nX-Flood: ${'x'.repeat(20_000)}`)
  expect((await answer).toString()).toMatch(/^HTTP\/1\.1 431 /)
  await closedOf(flood)

  const loris = await rawSocket(served.port)
  const trickle = setInterval(() => loris.write('X-More: 1\r\n'), 50)
  atEnd(() => clearInterval(trickle))
  loris.write('GET / HTTP/1.1\r\nHost: localhost\r\n')
  await closedOf(loris)
  await isServed(served, 'still here')
})

test('[N-14] what is no WebSocket gets an answer in HTTP and is closed', async () => {
  const served = await serve()
  for (const [request, status] of [
    ['GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', 426],
    ['POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nx', 426],
    [UPGRADE_REQUEST.replace('Version: 13', 'Version: 1'), 400],
    [UPGRADE_REQUEST.replace('AAAA==', ''), 400],
    ['\x16\x03\x01\x00\xa5\x01\x00\x00', 400],
  ] as const) {
    const socket = await rawSocket(served.port)
    const answer = new Promise<Buffer>((resolve) => socket.once('data', resolve))
    socket.write(request)
    expect((await answer).toString()).toContain(`HTTP/1.1 ${status} `)
    await closedOf(socket)
  }
  expect(served.witness.channels).toEqual([])
})

test('[N-15] a peer that gives no sign of life is cut; one that answers pings stays', async () => {
  const served = await serve({ limits: { keepAlive: 60 } })
  const alive = await openWebSocket(served.port)
  let pings = 0
  const asked = new Promise<void>((resolve) => {
    alive.on('ping', () => ++pings === 4 && resolve())
  })
  await openWebSocket(served.port, { autoPong: false })
  await served.witness.until(() => served.witness.closings.length === 1)
  expect(served.witness.closings).toEqual(['no sign of life'])
  await asked
  expect(served.witness.closings).toHaveLength(1)
})

test('[N-16] beyond the number of connections strangers are turned away; a place that is left is free again', async () => {
  const served = await serve({ limits: { connectionsMax: 2 } })
  const first = await openWebSocket(served.port)
  await openWebSocket(served.port)
  await expect(openWebSocket(served.port)).rejects.toThrow()
  first.close()
  await served.witness.until(() => served.witness.closings.length === 1)
  // The place is given back with the socket, which is closed by then or in the next moment.
  await expect
    .poll(
      () =>
        openWebSocket(served.port).then(
          () => true,
          () => false,
        ),
      { timeout: 5_000 },
    )
    .toBe(true)
})
