/** npm tool-db 2.6.6 (with its LevelDB store and ECDSA users) and ours: each as client of the other's server. */
import { describe, expect, test } from 'vitest'
import { type PeerProcess, startShoal } from './peer-process.ts'
import { holds, type Maker, startClient, startServer, type ToolDbServer } from './tool-db-peers.ts'

interface Result {
  readonly return: unknown
  readonly code: string
}

/** A second client, so that what it reads came over the wire and from the server's store. */
async function pairOn(server: ToolDbServer, makers: readonly [Maker, Maker]): Promise<[PeerProcess, PeerProcess]> {
  return [await startClient(makers[0], server), await startClient(makers[1], server)]
}

for (const [clientMaker, serverMaker] of [
  ['npm', 'shoal'],
  ['shoal', 'npm'],
] as const) {
  describe(`a client of ${clientMaker} on a server of ${serverMaker}`, () => {
    test('[I-7] put and get, and a newer value replaces the older', async () => {
      const server = await startServer(serverMaker)
      const [writer, reader] = await pairOn(server, [clientMaker, clientMaker])
      const value = { text: 'ü 日本語 \u{1f41f}', list: [1, -0.5, 1e21, null, true], nested: { empty: {} } }
      await writer.call('put', 'greeting', value)
      await holds(server, 'greeting')
      expect(await reader.call('get', 'greeting')).toEqual(value)
      await writer.call('put', 'greeting', 'second')
      await holds(server, 'greeting', 'second')
      const fresh = await startClient(clientMaker, server)
      expect(await fresh.call('get', 'greeting')).toBe('second')
    })

    test('[I-8] a key of one’s own namespace is stored, and read by others under its full key', async () => {
      const server = await startServer(serverMaker)
      const [writer, reader] = await pairOn(server, [clientMaker, clientMaker])
      await writer.call('put', 'profile', { name: 'mine' }, true)
      const key = `:${await writer.call('address')}.profile`
      await holds(server, key)
      expect(await reader.call('get', key)).toEqual({ name: 'mine' })
    })

    test('[I-9] a subscription brings each change, and the value there is', async () => {
      const server = await startServer(serverMaker)
      const [writer, reader] = await pairOn(server, [clientMaker, clientMaker])
      await writer.call('put', 'news', 'before')
      await holds(server, 'news', 'before')
      await reader.call('subscribe', 'news')
      await reader.event('update', { value: 'before' })
      for (const value of ['one', 'two', 'three']) {
        await writer.call('put', 'news', value)
        await reader.event('update', { value })
      }
    })

    test('[I-10] a query gives the keys with a prefix', async () => {
      const server = await startServer(serverMaker)
      const [writer, reader] = await pairOn(server, [clientMaker, clientMaker])
      for (const key of ['chat-1', 'chat-2', 'other']) await writer.call('put', key, key)
      await holds(server, 'other')
      const keys = await reader.call<string[]>('query', 'chat-')
      expect([...keys].sort()).toEqual(['chat-1', 'chat-2'])
    })

    test('[I-11] sign up, then sign in from another client, with the same address', async () => {
      const server = await startServer(serverMaker)
      const [writer, reader] = await pairOn(server, [clientMaker, clientMaker])
      const claim = await writer.call<{ a: string }>('signUp', 'alice', 'correct horse')
      await holds(server, '==alice')
      await expect(reader.call('signIn', 'alice', 'wrong')).rejects.toThrow()
      await reader.call('signIn', 'alice', 'correct horse')
      expect(await reader.call('address')).toBe(claim.a)
      await reader.call('put', 'mine', 'written as alice', true)
      await holds(server, `:${claim.a}.mine`, 'written as alice')
    })

    test('[I-12] a server function answers, says when it failed, and when there is none', async () => {
      const server = await startServer(serverMaker)
      const client = await startClient(clientMaker, server)
      expect(await client.call<Result>('callFunction', 'sum', [1, 2, 39])).toEqual({ return: 42, code: 'OK' })
      expect((await client.call<Result>('callFunction', 'fail', [])).code).toBe('ERR')
      expect((await client.call<Result>('callFunction', 'missing', [])).code).toBe('NOT_FOUND')
    })

    test('[I-13] with proof of work on, each takes what the other worked for', async () => {
      const server = await startServer(serverMaker, { pow: 2 })
      const client = await startClient(clientMaker, server, { pow: 2 })
      const record = await client.call<{ h: string }>('put', 'worked', { work: true })
      expect(record.h.startsWith('00')).toBe(true)
      expect(await holds(server, 'worked')).toEqual({ work: true })
    })
  })
}

// On our server only: npm's own sends every push of a subscription under one id, and npm's client drops repeats of an id.
test('[I-14] clients of both makers on our server see each other’s writes, one after the other', async () => {
  const server = await startServer('shoal')
  const [npm, ours] = await pairOn(server, ['npm', 'shoal'])
  await npm.call('subscribe', 'shared')
  await ours.call('subscribe', 'shared')
  for (const round of ['first', 'second']) {
    await npm.call('put', 'shared', `${round} from npm`)
    await ours.event('update', { value: `${round} from npm` })
    await ours.call('put', 'shared', `${round} from ours`)
    await npm.event('update', { value: `${round} from ours` })
  }
})

for (const dialler of ['npm', 'shoal'] as const) {
  test(`[I-15] a federation of both makers relays both ways, dialled by ${dialler}`, async () => {
    const npm = await startServer('npm')
    const ours = await startServer('shoal')
    const [from, to] = dialler === 'npm' ? [npm, ours] : [ours, npm]
    await from.peer.call('connectTo', '127.0.0.1', to.port)
    await from.peer.event('connect')
    await to.peer.event('connect')
    const npmClient = await startClient('npm', npm)
    const ourClient = await startClient('shoal', ours)

    await ourClient.call('subscribe', 'relayed')
    // Not the key that it writes itself: npm's server sends every push of a subscription under one id, of which npm's client takes the first.
    await npmClient.call('subscribe', 'back')
    await npmClient.call('put', 'relayed', 'from the npm side')
    await ourClient.event('update', { value: 'from the npm side' })
    await ourClient.call('put', 'back', 'to the npm side')
    await npmClient.event('update', { value: 'to the npm side' })
    await ourClient.call('put', 'relayed', 'from our side')
    expect(await holds(npm, 'relayed', 'from our side')).toBe('from our side')
  })
}

test('[I-35] two servers of npm and one of ours, each connected with both others, pass a write on and come to rest', async () => {
  const [a, b, c] = [await startServer('npm'), await startServer('npm'), await startServer('shoal')]
  for (const [from, to] of [
    [a, b],
    [a, c],
    [c, b],
  ] as const) {
    const { peerId } = await to.peer.event('ready')
    await from.peer.call('connectTo', '127.0.0.1', to.port)
    await from.peer.event('peerConnect', {}, (line) => String(peerId).endsWith(String(line['peerId']).slice(-20)))
  }
  const writers = [await startClient('npm', a), await startClient('npm', b), await startClient('shoal', c)]
  for (const [i, writer] of writers.entries()) {
    await writer.call('put', 'circled', `write ${i}`)
    for (const server of [a, b, c]) await holds(server, 'circled', `write ${i}`)
  }
  // A query goes round as a write does; once it is answered, echoes of the writes would have come.
  for (const writer of writers) await writer.call('query', 'circled')
  for (const { peer } of [a, b, c]) {
    expect(peer.lines.filter(({ event }) => event === 'put').length).toBeLessThanOrEqual(4 * writers.length)
  }
})

test('[I-16] the real LevelDB store and ECDSA user classes work when passed to our ToolDb', async () => {
  const server = await startServer('shoal', { adapters: 'npm-store-and-user' })
  const writer = await startClient('shoal', server, { adapters: 'npm-store-and-user' })
  const reader = await startClient('npm', server)
  await writer.call('put', 'adapted', { value: 1 })
  expect(await holds(server, 'adapted')).toEqual({ value: 1 })
  expect(await reader.call('get', 'adapted')).toEqual({ value: 1 })
  const claim = await writer.call<{ a: string }>('signUp', 'carol', 'pass word')
  await holds(server, '==carol')
  await reader.call('signIn', 'carol', 'pass word')
  expect(await reader.call('address')).toBe(claim.a)
  expect(await reader.call<string[]>('query', 'adap')).toEqual(['adapted'])
  // Records lie in the store as tool-db writes them.
  expect(JSON.parse(await server.peer.call<string>('stored', 'adapted'))).toMatchObject({
    k: 'adapted',
    v: { value: 1 },
  })
})

test('[I-38] against a server of npm alone the command puts, counts it as sent and not as confirmed, and finds nobody proven', async () => {
  const server = await startServer('npm')
  const there = ['--peer', `127.0.0.1:${server.port}`, '--no-dht']
  const put = startShoal('put', 'k', '1', '--topic', 'interop', ...there)
  await put.event('result', { key: 'k', sent: 1, confirmed: 0 })
  expect(await put.exit).toBe(0)
  expect(await holds(server, 'k')).toBe(1)
  const find = startShoal('find', 'interop', '--timeout', '1500', ...there)
  await find.event('done', { found: 0 })
  expect(await find.exit).toBe(3)
})
