import { fork } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { ClosedError, type Endpoint, UsageError } from '@shoal/base'
import { afterEach, describe, expect, test } from 'vitest'
import { createTestnet, Dht, type DhtOptions, type DhtPeer, NoAnswerError, PortTakenError } from '../src/index.ts'
import { type Bencoded, decode, dig, packet } from './bencode.ts'

const HASH = '0123456789abcdef0123456789abcdef01234567'
const closing: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

function dht(options: DhtOptions): Dht {
  const node = new Dht({ host: '127.0.0.1', ...options })
  closing.push(() => node.close())
  return node
}

async function testnet(count: number): Promise<Awaited<ReturnType<typeof createTestnet>>> {
  const net = await createTestnet(count)
  closing.push(() => net.close())
  return net
}

async function rawSocket(): Promise<{ socket: Socket; endpoint: string; received: Bencoded[] }> {
  const socket = createSocket('udp4')
  const received: Bencoded[] = []
  socket.on('message', (bytes) => received.push(decode(bytes)))
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  closing.push(() => socket.close())
  return { socket, endpoint: `127.0.0.1:${socket.address().port}`, received }
}

async function portOf(node: Dht): Promise<number> {
  const { ipv4 } = await node.listening
  if (ipv4 === undefined) throw new Error('not listening')
  return ipv4.port
}

async function all(peers: AsyncIterable<DhtPeer>): Promise<DhtPeer[]> {
  const found: DhtPeer[] = []
  for await (const peer of peers) found.push(peer)
  return found
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}

describe('a node on loopback', () => {
  test('[D-80] listens, is ready, announces, is found, and says what it did', async () => {
    const net = await testnet(20)
    const server = dht({ bootstrap: net.bootstrap })
    const client = dht({ bootstrap: net.bootstrap, mode: 'client' })
    expect((await server.listening).ipv4).toEqual({ address: '127.0.0.1', port: await portOf(server) })
    await Promise.all([server.ready, client.ready])
    expect(client.contacts().length).toBeGreaterThan(0)
    expect(await server.announce(HASH, { port: 4_444 })).toEqual({ nodes: 8, failed: 0 })
    const lookup = client.lookup(Buffer.from(HASH, 'hex'))
    const peers = await all(lookup)
    expect(peers).toMatchObject([{ host: '127.0.0.1', port: 4_444, family: 'ipv4', from: { host: '127.0.0.1' } }])
    expect(await lookup.summary).toMatchObject({ peers: 1, timedOut: 0 })
    expect(server.externalAddress).toEqual({ host: '127.0.0.1', port: await portOf(server) })
    const stats = server.stats()
    expect(stats).toMatchObject({ mode: 'server', network: 'private', nodeId: server.nodeId })
    expect(stats.asked.announce_peer).toBe(8)
    expect(client.stats().queries.ping).toBe(0)
  })

  test('[D-15] an announcement without a port means the DHT port itself', async () => {
    const net = await testnet(9)
    const server = dht({ bootstrap: net.bootstrap })
    await server.announce(HASH)
    const client = dht({ bootstrap: net.bootstrap, mode: 'client' })
    expect(await all(client.lookup(HASH))).toMatchObject([{ host: '127.0.0.1', port: await portOf(server) }])
  })

  test('[D-80] pings a node by host:port, endpoint or name', async () => {
    const server = dht({ bootstrap: [], nodeId: HASH })
    const client = dht({ bootstrap: [] })
    await Promise.all([server.ready, client.ready])
    const port = await portOf(server)
    for (const node of [`127.0.0.1:${port}`, { host: '127.0.0.1', port }, `localhost:${port}`]) {
      expect((await client.ping(node)).id).toBe(HASH)
    }
    expect(client.contacts()).toEqual([{ id: HASH, host: '127.0.0.1', port, family: 'ipv4' }])
  })

  test('[D-80] a node that is not there is said to be silent', async () => {
    const { endpoint } = await rawSocket()
    const error = await dht({ bootstrap: [] })
      .ping(endpoint)
      .catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(NoAnswerError)
    expect(error).toMatchObject({ code: 'SHOAL_NO_ANSWER' })
  })

  test('[D-80] addNode makes a contact of a node that answers, and nothing of one that does not', async () => {
    const server = dht({ bootstrap: [] })
    const client = dht({ bootstrap: [] })
    client.addNode(`127.0.0.1:${await portOf(server)}`)
    client.addNode('127.0.0.1:1')
    await until(() => client.contacts().length > 0)
    expect(client.contacts()).toHaveLength(1)
  })

  test('[D-81] a port that is taken is one sentence and a code, and no crash', async () => {
    const port = await portOf(dht({ bootstrap: [] }))
    const late = dht({ bootstrap: [], port })
    const error = await late.listening.catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(PortTakenError)
    expect(error).toMatchObject({ code: 'SHOAL_PORT_TAKEN' })
    expect(String(error)).toContain(`UDP port ${port} on 127.0.0.1 is taken: choose another port`)
    await expect(late.ready).rejects.toBe(error)
    await expect(late.lookup(HASH).summary).rejects.toBe(error)
    await expect(late.announce(HASH, { port: 1 })).rejects.toBe(error)
    await late.close()
  })

  test('[D-81] an address that is not ours is refused with a sentence', async () => {
    const node = dht({ bootstrap: [], host: '203.0.113.1' })
    await expect(node.listening).rejects.toMatchObject({ code: 'SHOAL_BIND_FAILED' })
  })

  test.each<[string, () => unknown]>([
    ['a short info hash', () => dht({ bootstrap: [] }).lookup('abcd')],
    ['39 digits', () => dht({ bootstrap: [] }).lookup(HASH.slice(1))],
    ['no hex digits', () => dht({ bootstrap: [] }).lookup('x'.repeat(40))],
    ['19 bytes', () => dht({ bootstrap: [] }).lookup(new Uint8Array(19))],
    ['a number', () => dht({ bootstrap: [] }).lookup(5 as unknown as string)],
    ['a bootstrap node without port', () => dht({ bootstrap: ['127.0.0.1'] })],
    ['a bootstrap port of 0', () => dht({ bootstrap: ['127.0.0.1:0'] })],
    ['a port out of range', () => dht({ bootstrap: [], port: 65_536 })],
    ['an unknown mode', () => dht({ bootstrap: [], mode: 'guest' as 'client' })],
    ['an unknown network', () => dht({ bootstrap: [], network: 'lan' as 'private' })],
    ['a limit of nothing', () => dht({ bootstrap: [], limits: { answersPerSecond: 0 } })],
    ['a node id of 2 bytes', () => dht({ bootstrap: [], nodeId: 'abcd' })],
  ])('[D-83] wrong use is told at once: %s', (_, use) => {
    expect(use).toThrow(UsageError)
  })

  test('[D-83] a port that cannot be announced is refused', async () => {
    for (const port of [0, -1, 65_536, 1.5, '80' as unknown as number]) {
      await expect(dht({ bootstrap: [] }).announce(HASH, { port })).rejects.toBeInstanceOf(UsageError)
    }
  })

  test('[D-84] loopback makes a private network, nothing given makes Mainline, and the option decides', async () => {
    const port = await portOf(dht({ bootstrap: [] }))
    const cases: [DhtOptions, string][] = [
      [{ bootstrap: [`127.0.0.1:${port}`], host: '0.0.0.0' }, 'private'],
      [{ bootstrap: [`localhost:${port}`], host: '0.0.0.0' }, 'private'],
      [{ bootstrap: [], host: '127.0.0.1' }, 'private'],
      [{ host: '127.0.0.1' }, 'private'],
      [{ bootstrap: [], host: '0.0.0.0' }, 'mainline'],
      [{ bootstrap: [], host: '127.0.0.1', network: 'mainline' }, 'mainline'],
    ]
    for (const [options, network] of cases) {
      const node = dht(options)
      await node.ready
      expect(node.network).toBe(network)
    }
  })

  test('[D-86] a bootstrap node that comes up later is still found', async () => {
    const port = await portOf(dht({ bootstrap: [] }))
    await closing.pop()?.()
    const early = dht({ bootstrap: [`127.0.0.1:${port}`] })
    expect(await early.lookup(HASH).summary).toMatchObject({ answered: 0, peers: 0 })
    dht({ bootstrap: [], port })
    await early.ready
    expect(early.contacts()).toHaveLength(1)
  })

  test('[D-86] a name that cannot be resolved is no failure, only nobody yet', async () => {
    const node = dht({ bootstrap: ['no-such-host.invalid:6881'], mode: 'client' })
    expect(await node.announce(HASH, { port: 1 })).toEqual({ nodes: 0, failed: 0 })
    expect(await all(node.lookup(HASH))).toEqual([])
  })
})

describe('ending', () => {
  test('[D-82] close ends what is under way and frees the port', async () => {
    const { endpoint } = await rawSocket()
    const node = dht({ bootstrap: [endpoint] })
    const port = await portOf(node)
    const lookup = node.lookup(HASH)
    const peers = all(lookup)
    const pending = [node.announce(HASH, { port: 1 }), node.ping(endpoint), node.ready]
    const settled = Promise.allSettled(pending)
    await node.close()
    for (const result of await settled) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'SHOAL_CLOSED' } })
    }
    expect(await peers).toEqual([])
    expect(await lookup.summary).toMatchObject({ peers: 0 })
    await expect(node.ping(endpoint)).rejects.toBeInstanceOf(ClosedError)
    await node.close()
    expect(await portOf(dht({ bootstrap: [], port }))).toBe(port)
  })

  test('[D-82] close at once, or by a signal, before the socket is bound', async () => {
    const node = dht({ bootstrap: [] })
    await node.close()
    await expect(node.listening).rejects.toBeInstanceOf(ClosedError)
    const aborted = dht({ bootstrap: [], signal: AbortSignal.abort() })
    await expect(aborted.ready).rejects.toBeInstanceOf(ClosedError)
    const controller = new AbortController()
    const later = dht({ bootstrap: [], signal: controller.signal })
    await later.listening
    controller.abort()
    await expect(later.lookup(HASH).summary).resolves.toMatchObject({ peers: 0 })
  })

  test('[D-85] an operation ends with its signal, and the iteration with it', async () => {
    const { endpoint } = await rawSocket()
    const node = dht({ bootstrap: [endpoint] })
    const controller = new AbortController()
    const { signal } = controller
    const lookup = node.lookup(HASH, { signal })
    const ended = Promise.allSettled([
      all(lookup),
      lookup.summary,
      node.announce(HASH, { port: 1, signal }),
      node.ping(endpoint, { signal }),
    ])
    await node.listening
    controller.abort(new Error('enough'))
    for (const result of await ended) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'SHOAL_CLOSED' } })
    }
  })

  test('[D-85] leaving the iteration stops the lookup', async () => {
    const net = await testnet(20)
    await (net.nodes[3] as Dht).announce(HASH, { port: 1 })
    await (net.nodes[4] as Dht).announce(HASH, { port: 2 })
    const lookup = (net.nodes[15] as Dht).lookup(HASH)
    for await (const peer of lookup) {
      expect(peer.host).toBe('127.0.0.1')
      break
    }
    expect((await lookup.summary).peers).toBeGreaterThan(0)
    expect((net.nodes[15] as Dht).stats().lookups).toBe(0)
  })

  test('[D-82] a process that has closed its nodes exits by itself', async () => {
    const child = fork(fileURLToPath(new URL('./exit.child.mjs', import.meta.url)), {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    let errors = ''
    child.stderr?.on('data', (text) => {
      errors += text
    })
    // Without an IPC reader in the child, only what the nodes left behind could keep it alive.
    const [code] = await once(child, 'exit')
    expect([code, errors]).toEqual([0, ''])
  })
})

describe('on the wire', () => {
  test('[D-37] a client never announces nor serves unless asked, and says ro: 1 in every query', async () => {
    const { socket, endpoint, received } = await rawSocket()
    const replies = (message: Bencoded): void => {
      const r = { id: 'n'.repeat(20), nodes: '', token: 'tok' }
      const bytes = packet({ r, t: dig(message, 't') as string, y: 'r' })
      socket.send(bytes, port)
    }
    socket.on('message', (bytes) => replies(decode(bytes)))
    const client = dht({ bootstrap: [endpoint], mode: 'client' })
    const port = await portOf(client)
    await client.ready
    await all(client.lookup(HASH))
    const query = packet({ a: { id: 'q'.repeat(20) }, q: 'ping', t: 'zz', y: 'q' })
    socket.send(query, port)
    await client.ping(endpoint)
    expect(received.map((message) => dig(message, 'q'))).toEqual(['find_node', 'get_peers', 'ping'])
    for (const message of received) expect(message).toMatchObject({ y: 'q', ro: 1 })
    expect(client.stats().ignoredAsClient).toBe(1)

    expect(await client.announce(HASH, { port: 4_444 })).toEqual({ nodes: 1, failed: 0 })
    expect(received.at(-1)).toMatchObject({ q: 'announce_peer', ro: 1, a: { port: 4_444, token: 'tok' } })
    expect(received.some((message) => dig(message, 'y') === 'r')).toBe(false)
  })

  test('[D-88] a flood of garbage does not stop the answers', async () => {
    const node = dht({ bootstrap: [] })
    const port = await portOf(node)
    const { socket } = await rawSocket()
    const asker = dht({ bootstrap: [] })
    await asker.listening
    const garbage = Array.from({ length: 64 }, (_, i) => Buffer.alloc(20 + i, i % 2 === 0 ? 'd1:' : i))
    for (let round = 0; round < 40; round++) {
      for (const bytes of garbage) socket.send(bytes, port)
      expect((await asker.ping(`127.0.0.1:${port}`)).id).toBe(node.nodeId)
    }
    const { rejected } = node.stats()
    expect(Object.values(rejected).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(1_000)
  })

  test('[D-89] a destination that the system refuses does not disturb the node', async () => {
    const node = dht({ bootstrap: [] })
    const other = dht({ bootstrap: [] })
    const refused = ['255.255.255.255:9', '203.0.113.9:9'].map((to) => node.ping(to))
    for (const result of await Promise.allSettled(refused)) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'SHOAL_NO_ANSWER' } })
    }
    expect((await node.ping(`127.0.0.1:${await portOf(other)}`)).id).toBe(other.nodeId)
  })
})

describe('a process that was paused', () => {
  test('[D-52] answers that arrived meanwhile count, though their time is over', async () => {
    const server = dht({ bootstrap: [] })
    const client = dht({ bootstrap: [] })
    const port = await portOf(server)
    await client.listening
    const relay = await rawSocket()
    // The answer is sent by another socket before the pause, and lies in the client's buffer when it ends.
    relay.socket.removeAllListeners('message')
    relay.socket.once('message', (bytes, from) => {
      const t = dig(decode(bytes), 't') as string
      relay.socket.send(packet({ r: { id: 'n'.repeat(20) }, t, y: 'r' }), from.port, '127.0.0.1', () => {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_000)
      })
    })
    expect((await client.ping(relay.endpoint)).id).toBe('6e'.repeat(20))
    expect((await client.ping(`127.0.0.1:${port}`)).id).toBe(server.nodeId)
  })
})

describe('testnet', () => {
  test('[D-87] twenty nodes know each other well', async () => {
    const net = await testnet(20)
    expect(net.nodes).toHaveLength(20)
    expect(net.bootstrap.length).toBeGreaterThan(0)
    for (const node of net.nodes) expect(node.contacts().length).toBeGreaterThanOrEqual(8)
  })

  test('[D-87] any node finds what any other announced, among a hundred', async () => {
    const net = await testnet(100)
    for (let i = 0; i < 20; i++) {
      const hash = Buffer.alloc(20, i + 1)
      expect((await (net.nodes[(7 * i) % 100] as Dht).announce(hash, { port: 1_000 + i })).nodes).toBe(8)
      const peers = await all((net.nodes[(13 * i + 50) % 100] as Dht).lookup(hash))
      expect(peers.map(({ port }: Endpoint) => port)).toEqual([1_000 + i])
    }
  })

  test('[D-87] one node is a testnet too, none is not', async () => {
    const net = await testnet(1)
    const client = dht({ bootstrap: net.bootstrap, mode: 'client' })
    await client.ready
    await expect(createTestnet(0)).rejects.toBeInstanceOf(UsageError)
  })
})
