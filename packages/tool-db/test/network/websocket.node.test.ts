import { createServer, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { LOCALHOST_CERTIFICATE, LOCALHOST_KEY } from './localhost-certificate.ts'
import {
  atEnd,
  isServed,
  NEVER,
  network,
  openWebSocket,
  rawSocket,
  rawWebSocket,
  serve,
  Witness,
} from './websocket-world.ts'

/** A server of the test's own; at the end every connection to it is cut. */
async function listening(server: Server | ReturnType<typeof createTcpServer>): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => undefined)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  atEnd(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

function dialFailure(port: number, host = '127.0.0.1', limits = {}): Promise<unknown> {
  const witness = new Witness()
  return network({ limits })
    .dial({ host, port }, witness.onChannel, NEVER)
    .then(
      () => 'connected',
      (error) => {
        expect(witness.channels).toEqual([])
        return error
      },
    )
}

test('[N-17] listening on all addresses, an IPv4 client is seen under its IPv4 address', async () => {
  const everywhere = network({ listen: { port: 0 } })
  const witness = new Witness()
  const port = (await everywhere.listen(witness.onChannel)) as number
  await isServed({ network: everywhere, witness, port }, 'over IPv4')
  expect(witness.channels[0]?.remote.host).toBe('127.0.0.1')
})

test('[N-18] behind a proxy that is trusted the client is who the header says, and is counted so', async () => {
  const trusting = await serve({ trustProxy: true, limits: { connectionsPerPrefixMax: 1 } })
  const headers = { 'X-Forwarded-For': '192.0.2.66, 198.51.100.7' }
  await openWebSocket(trusting.port, { headers })
  expect(trusting.witness.channels[0]?.remote.host).toBe('198.51.100.7')
  await expect(openWebSocket(trusting.port, { headers })).rejects.toThrow('503')
  await openWebSocket(trusting.port, { headers: { 'X-Forwarded-For': '203.0.113.9' } })
  await openWebSocket(trusting.port)
  expect(trusting.witness.channels.at(-1)?.remote.host).toBe('127.0.0.1')

  const wary = await serve()
  await openWebSocket(wary.port, { headers })
  expect(wary.witness.channels[0]?.remote.host).toBe('127.0.0.1')
})

test('[N-19] a port that is taken, or an address that is not ours, is one sentence that says what to do', async () => {
  const served = await serve()
  const second = network({ listen: { port: served.port, host: '127.0.0.1' } })
  await expect(second.listen(new Witness().onChannel)).rejects.toMatchObject({
    code: 'SHOAL_PORT_TAKEN',
    message: `port ${served.port} is taken: choose another with --port, or 0 for any free one`,
  })
  await second.close()
  const elsewhere = network({ listen: { port: 0, host: '192.0.2.1' } })
  await expect(elsewhere.listen(new Witness().onChannel)).rejects.toMatchObject({
    code: 'SHOAL_LISTEN_FAILED',
    message: '192.0.2.1 is no address of this machine: choose another with --bind, or leave it out for all',
  })
  await isServed(served, 'still here')
  await expect(served.network.listen(new Witness().onChannel)).rejects.toMatchObject({ code: 'SHOAL_USAGE' })
})

test("[N-20] it attaches to a web server that was given, which stays its owner's", async () => {
  const server = createServer((_request, response) => response.end('a page'))
  const port = await listening(server)
  const attached = network({ listen: { server } })
  const witness = new Witness()
  expect(await attached.listen(witness.onChannel)).toBe(port)
  await isServed({ network: attached, witness, port }, 'over a given server')
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('a page')
  await attached.close()
  expect(server.listening).toBe(true)
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('a page')
})

test('[N-20] a given server may be opened later, and its connections count too', async () => {
  const server = createServer()
  const attached = network({ listen: { server }, limits: { connectionsMax: 1 } })
  const witness = new Witness()
  expect(await attached.listen(witness.onChannel)).toBeUndefined()
  const port = await listening(server)
  await openWebSocket(port)
  expect(witness.channels).toHaveLength(1)
  await expect(openWebSocket(port)).rejects.toThrow('503')
})

test('[N-21] wss: with TLS on any port where told so, and only for a certificate that is trusted', async () => {
  const server = createSecureServer({ cert: LOCALHOST_CERTIFICATE, key: LOCALHOST_KEY })
  const port = await listening(server)
  const witness = new Witness()
  await network({ listen: { server } }).listen(witness.onChannel)
  const trusting = network({ ssl: true, ca: LOCALHOST_CERTIFICATE })
  for (const host of ['localhost', '127.0.0.1']) {
    const channel = await trusting.dial({ host, port }, new Witness().onChannel, NEVER)
    expect(channel.remote).toEqual({ host: '127.0.0.1', port })
    channel.send(`as ${host}`)
  }
  await witness.until(() => witness.messages.length === 2)
  expect([...witness.messages].sort()).toEqual(['as 127.0.0.1', 'as localhost'])
  const wary = network({ ssl: true }).dial({ host: 'localhost', port }, new Witness().onChannel, NEVER)
  await expect(wary).rejects.toMatchObject({ code: 'SHOAL_DIAL_FAILED', message: /self-signed certificate/ })
})

test('[N-22] a dial rejects in time: nobody there, silence, a trickle, something else, a redirect', async () => {
  const free = await listening(createTcpServer())
  expect(await dialFailure(free, '127.0.0.1', { handshakeMax: 200 })).toMatchObject({ message: /no answer in time/ })

  const answering = (answer: string, every?: number): ReturnType<typeof createTcpServer> =>
    createTcpServer((socket) => {
      socket.write(answer)
      if (every === undefined) return
      const timer = setInterval(() => socket.write('X-More: 1\r\n'), every)
      socket.once('close', () => clearInterval(timer))
    })
  const trickling = await listening(answering('HTTP/1.1 101 Switching Protocols\r\n', 50))
  expect(await dialFailure(trickling, '127.0.0.1', { handshakeMax: 200 })).toMatchObject({
    message: /no answer in time/,
  })
  const flooding = await listening(answering(`HTTP/1.1 101 Switching Protocols\r\nX: ${'x'.repeat(20_000)}`))
  expect(await dialFailure(flooding)).toMatchObject({ code: 'SHOAL_DIAL_FAILED', message: /Header overflow/ })
  const page = await listening(answering('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'))
  expect(await dialFailure(page)).toMatchObject({ message: /Unexpected server response: 200/ })
  const other = await listening(answering('SSH-2.0-OpenSSH\r\n'))
  expect(await dialFailure(other)).toMatchObject({ code: 'SHOAL_DIAL_FAILED' })

  const target = await serve()
  const redirect = `HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:${target.port}/\r\nContent-Length: 0\r\n\r\n`
  expect(await dialFailure(await listening(answering(redirect)))).toMatchObject({
    message: /Unexpected server response: 302/,
  })
  expect(target.witness.channels).toEqual([])
})

test('[N-22] nobody on the port is said at once, with the endpoint', async () => {
  const server = createTcpServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  expect(await dialFailure(port)).toMatchObject({
    code: 'SHOAL_DIAL_FAILED',
    message: `could not connect to 127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}`,
  })
})

test('[N-23] what is no host and port is never dialled, whatever it would mean inside a URL', async () => {
  const served = await serve()
  const hosts = [
    '',
    'a b',
    'user@127.0.0.1',
    '127.0.0.1/x',
    '127.0.0.1?x',
    '127.0.0.1#',
    '[::1]',
    '::1%lo',
    ':',
    '1.2.3.999',
    'x'.repeat(300),
  ]
  for (const host of hosts) expect(await dialFailure(served.port, host)).toMatchObject({ code: 'SHOAL_DIAL_FAILED' })
  for (const port of [0, -1, 65_536, 1.5, Number.NaN]) {
    expect(await dialFailure(port)).toMatchObject({ code: 'SHOAL_DIAL_FAILED' })
  }
  expect(served.witness.channels).toEqual([])
})

test('[N-24] close leaves nothing open: not half-open sockets, not peers that do not answer, not a dial', async () => {
  const served = await serve()
  const halfOpen = await rawSocket(served.port)
  const silent = await rawWebSocket(served.port)
  silent.pause()
  const polite = await openWebSocket(served.port)
  const goodbye = new Promise((resolve) => polite.once('close', (code, reason) => resolve([code, reason.toString()])))
  const dialling = network({ limits: { handshakeMax: 60_000 } })
  const mute = await listening(createTcpServer())
  const dial = dialling.dial({ host: '127.0.0.1', port: mute }, new Witness().onChannel, NEVER)
  const failed = expect(dial).rejects.toMatchObject({ code: 'SHOAL_DIAL_FAILED' })
  await Promise.all([served.network.close(), dialling.close(), failed])
  expect(await goodbye).toEqual([1001, 'going away'])
  expect(served.witness.closings).toEqual(['going away', 'going away'])
  for (const socket of [halfOpen, silent]) {
    socket.resume()
    if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
  }
  await expect(rawSocketRefused(served.port)).resolves.toBe('ECONNREFUSED')
})

function rawSocketRefused(port: number): Promise<unknown> {
  return fetch(`http://localhost:${port}/`).then(
    () => 'connected',
    (error) => error.cause.code,
  )
}

test('[N-24] close during listen leaves no port open', async () => {
  const closing = network({ listen: { port: 0, host: 'localhost' } })
  const port = closing.listen(new Witness().onChannel)
  await closing.close()
  await expect(rawSocketRefused((await port) as number)).resolves.toBe('ECONNREFUSED')
})

test('[N-25] a close code that may not be sent goes as 1000, and a long reason is cut between characters', async () => {
  const served = await serve()
  for (const code of [1006, 1005, 0, 5_000, Number.NaN]) {
    const client = await openWebSocket(served.port)
    const closed = new Promise((resolve) =>
      client.once('close', (given, reason) => resolve([given, reason.toString()])),
    )
    served.witness.channels.at(-1)?.close(code, '😀'.repeat(50))
    expect(await closed).toEqual([1000, '😀'.repeat(30)])
  }
  const client = await openWebSocket(served.port)
  client.close(4_321, 'a "reason"')
  await served.witness.until(() => served.witness.closings.length === 6)
  expect(served.witness.closings.at(-1)).toBe(String.raw`closed by the other side (4321 "a \"reason\"")`)
  const broken = await openWebSocket(served.port)
  broken.terminate()
  await served.witness.until(() => served.witness.closings.length === 7)
  expect(served.witness.closings.at(-1)).toBe('the connection broke')
})
