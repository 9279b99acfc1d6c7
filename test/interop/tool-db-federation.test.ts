/** A federation of both makers, with clients of both, and their users, each a process of its own. */
import { expect, test } from 'vitest'
import { freePort, type PeerProcess } from './peer-process.ts'
import { PlainPeer, plainRecord, putOf, Signer } from './plain-peer.ts'
import { holds, type Maker, startClient, startServer, type ToolDbServer } from './tool-db-peers.ts'

const MAKERS: readonly Maker[] = ['npm', 'shoal']
const KINDS = ['map', 'list', 'counter'] as const

interface Stored {
  readonly k: string
  readonly a: string
  readonly h: string
  readonly v: unknown
}

/** Two servers of ours and one of npm, each connected with both others. */
async function federation(): Promise<readonly [ToolDbServer, ToolDbServer, ToolDbServer]> {
  const servers = [await startServer('shoal'), await startServer('shoal'), await startServer('npm')] as const
  for (const [i, from] of servers.entries()) {
    for (const to of servers.slice(i + 1)) {
      const { peerId } = await to.peer.event('ready')
      await from.peer.call('connectTo', '127.0.0.1', to.port)
      await from.peer.event('peerConnect', {}, (line) => String(peerId).endsWith(String(line['peerId']).slice(-20)))
    }
  }
  return servers
}

async function stored(server: ToolDbServer, key: string): Promise<Stored> {
  return JSON.parse(await server.peer.call<string>('stored', key)) as Stored
}

test('[I-40] two servers of ours and one of npm, with clients of both on each, end in equal data', async () => {
  const servers = await federation()
  const clients: PeerProcess[] = []
  for (const server of servers) for (const maker of MAKERS) clients.push(await startClient(maker, server))
  const keys: string[] = []
  // Everybody writes in public, in a namespace of his own, and by turns under one key.
  for (const [i, client] of clients.entries()) {
    await client.call('put', `public-${i}`, { from: i, text: 'ü 日本語' })
    await client.call('put', 'mine', i, true)
    keys.push(`public-${i}`, `:${await client.call('address')}.mine`)
  }
  for (const [i, client] of clients.entries()) {
    await client.call('put', 'by-turns', `turn ${i}`)
    for (const server of servers) await holds(server, 'by-turns', `turn ${i}`)
  }
  const claim = await (clients[0] as PeerProcess).call<{ a: string }>('signUp', 'henry', 'correct horse')
  const other = await (clients.at(-1) as PeerProcess).call<{ a: string }>('signUp', 'irene', 'battery staple')
  keys.push('by-turns', '==henry', '==irene')
  for (const key of keys) {
    for (const server of servers) await holds(server, key)
    const [first, ...rest] = [
      await stored(servers[0], key),
      await stored(servers[1], key),
      await stored(servers[2], key),
    ]
    for (const record of rest) expect(record).toEqual(first)
  }
  expect((await stored(servers[2], '==henry')).a).toBe(claim.a)
  expect((await stored(servers[0], '==irene')).a).toBe(other.a)
  // And every client reads the same, whoever made it and whatever it is connected to.
  for (const client of clients) {
    expect([...(await client.call<string[]>('query', 'public-'))].sort()).toEqual(clients.map((_, i) => `public-${i}`))
    for (const i of clients.keys()) expect(await client.call('get', `public-${i}`)).toMatchObject({ from: i })
    // A client that wrote has its own value first, and with the next read what the servers have.
    await client.until((value) => value === `turn ${clients.length - 1}`, 'get', 'by-turns')
    expect(await client.call('callFunction', 'sum', [1, 2, 39])).toEqual({ return: 42, code: 'OK' })
  }
})

test('[I-40] documents that clients of both makers write by turns on every server end as one, wherever they are read', async () => {
  const servers = await federation()
  const clients: PeerProcess[] = []
  for (const server of servers) for (const maker of MAKERS) clients.push(await startClient(maker, server))
  const written = { map: {} as Record<string, number>, list: [] as string[], counter: 0 }
  const read = (client: PeerProcess, kind: keyof typeof written): Promise<unknown> =>
    client.until((value) => whole(value) === whole(written[kind]), 'crdtGet', kind, kind, false, 300)
  for (const [i, client] of clients.entries()) {
    // Whoever goes on with a document reads it first.
    for (const kind of KINDS) await read(client, kind)
    const map = [
      ['SET', `from-${i}`, i],
      ['SET', 'latest', i],
    ]
    await client.call('crdtPut', 'map', 'map', map)
    await client.call('crdtPut', 'list', 'list', [['PUSH', `item ${i}`]])
    await client.call('crdtPut', 'counter', 'counter', [['ADD', i]])
    Object.assign(written.map, { [`from-${i}`]: i, latest: i })
    written.list.push(`item ${i}`)
    written.counter += i
  }
  const lists: unknown[] = []
  for (const server of servers) {
    for (const maker of MAKERS) {
      const reader = await startClient(maker, server)
      for (const kind of KINDS) {
        const value = await read(reader, kind)
        if (kind === 'list') lists.push(value)
      }
    }
  }
  // By tool-db's rules the places hang on the authors' keys: they are the same for all.
  for (const list of lists) expect(list).toEqual(lists[0])
})

/** A document without the order of what is in it. */
function whole(value: unknown): string {
  if (Array.isArray(value)) return JSON.stringify([...value].sort())
  return JSON.stringify(typeof value === 'object' && value !== null ? Object.entries(value).sort() : value)
}

test('[I-41] subscribers of both makers hear of what is written on any server of a mixed federation', async () => {
  const servers = await federation()
  const [a, b, c] = servers
  const [npm, ours] = [await startClient('npm', a), await startClient('shoal', b)]
  await npm.call('subscribe', 'news')
  await ours.call('subscribe', 'news')
  const writers = [await startClient('npm', c), await startClient('shoal', c), await startClient('npm', b)]
  for (const [i, writer] of writers.entries()) {
    await writer.call('put', 'news', `item ${i}`)
    await npm.event('update', { value: `item ${i}` })
    await ours.event('update', { value: `item ${i}` })
  }
})

for (const [first, second] of [
  ['npm', 'shoal'],
  ['shoal', 'npm'],
] as const) {
  test(`[I-42] who signs up with ${first} signs in with ${second}, on a server of either, and writes as the same user`, async () => {
    for (const maker of [first, second]) {
      const server = await startServer(maker)
      const [newcomer, elsewhere] = [await startClient(first, server), await startClient(second, server)]
      const claim = await newcomer.call<{ a: string }>('signUp', 'alice', 'correct horse')
      await holds(server, '==alice')
      await expect(elsewhere.call('signIn', 'alice', 'wrong')).rejects.toThrow()
      await expect(elsewhere.call('signIn', 'nobody', 'x')).rejects.toThrow()
      expect(await elsewhere.call('address')).not.toBe(claim.a)
      await elsewhere.call('signIn', 'alice', 'correct horse')
      expect(await elsewhere.call('address')).toBe(claim.a)
      await elsewhere.call('put', 'mine', 'from elsewhere', true)
      await holds(server, `:${claim.a}.mine`, 'from elsewhere')
      await newcomer.call('signIn', 'alice', 'correct horse')
      await newcomer.call('put', 'mine', 'from home', true)
      await holds(server, `:${claim.a}.mine`, 'from home')
    }
  })
}

test('[I-43] damaged and absurd accounts under a name are refused with a code, and cost no more than a whole one', async () => {
  const server = await startServer('shoal', { port: await freePort() })
  const client = await startClient('shoal', server)
  const raw = await PlainPeer.connect(server.port)
  const whole = { name: 'x', keys: 'ab'.repeat(300), iv: 'AAAAAAAAAAAAAAAA' }
  const accounts: readonly (readonly [string, unknown, string])[] = [
    ['number', 7, 'SHOAL_BAD_ACCOUNT'],
    ['no-keys', { name: 'x', iv: 'AAAA' }, 'SHOAL_BAD_ACCOUNT'],
    ['long', { ...whole, keys: 'ab'.repeat(100_000) }, 'SHOAL_BAD_ACCOUNT'],
    ['iv', { ...whole, iv: 'A'.repeat(100_000) }, 'SHOAL_BAD_ACCOUNT'],
    ['changed', whole, 'SHOAL_WRONG_PASSWORD'],
    ['absurd', { ...whole, iterations: 1e15, kdfparams: { n: 2 ** 40 } }, 'SHOAL_WRONG_PASSWORD'],
  ]
  for (const [name, account, code] of accounts) {
    raw.send(putOf(plainRecord(new Signer(), `==${name}`, account)))
    await holds(server, `==${name}`)
    await expect(client.call('signIn', name, 'password')).rejects.toMatchObject({ code })
  }
  expect(await client.call('isConnected')).toBe(true)
})
