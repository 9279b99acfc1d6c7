import { once } from 'node:events'
import type { Candidate, Swarm } from '@shoal/peer'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createTestnet, Dht, Discovery, type JoinedOptions, type PeerInfo, type Testnet, ToolDb } from '../src/index.ts'
import { JoinedSwarm } from '../src/joined-swarm.ts'

let testnet: Testnet
beforeAll(async () => {
  testnet = await createTestnet(6)
})
afterAll(() => testnet.close())

let topics = 0
function freshTopic(): string {
  return `joined-${process.pid}-${topics++}`
}

function start(options: Partial<JoinedOptions>): ToolDb {
  const db = new ToolDb({ store: 'memory', port: 0, discovery: inTestnet(), ...options })
  onTestFinished(() => db.close())
  return db
}

function inTestnet(): { sources: { dht: { bootstrap: string[] } } } {
  return { sources: { dht: { bootstrap: testnet.bootstrap } } }
}

function connected(db: ToolDb): Promise<PeerInfo> {
  return new Promise((resolve) => db.once('connected', resolve))
}

test('[C-61] with nothing but a topic a server announces itself and a client finds it, writes and reads', async () => {
  const topic = freshTopic()
  const server = start({ topic, server: true })
  await server.ready
  const [nodes] = (await once(server.swarm as never, 'announced')) as [number]
  expect(nodes).toBeGreaterThan(0)
  const client = start({ topic })
  const peer = await connected(client)
  expect(peer).toMatchObject({ server: true, proven: true, host: '127.0.0.1', port: server.address?.port })
  await client.putData('hello', { from: 'a topic' }, false, { confirm: 1 })
  expect(await server.getData('hello')).toEqual({ from: 'a topic' })
})

test('[C-61] two servers find each other, and each learns where the other can be reached', async () => {
  const topic = freshTopic()
  const [a, b] = [start({ topic, server: true }), start({ topic, server: true })]
  const [metByA, metByB] = await Promise.all([connected(a), connected(b)])
  // Whoever was dialled knows it from the signed endpoint.
  expect(metByA).toMatchObject({ host: '127.0.0.1', port: b.address?.port, server: true })
  expect(metByB).toMatchObject({ host: '127.0.0.1', port: a.address?.port, server: true })
})

test('[C-30] a client announces nothing, and its DHT node serves nobody', async () => {
  const topic = freshTopic()
  const server = start({ topic, server: true })
  const client = start({ topic })
  await connected(client)
  const found: number[] = []
  const dht = new Dht({ bootstrap: testnet.bootstrap, mode: 'client' })
  onTestFinished(() => dht.close())
  await dht.ready
  const { createHash } = await import('node:crypto')
  for await (const { port } of dht.lookup(createHash('sha1').update(topic).digest())) found.push(port)
  expect(new Set(found)).toEqual(new Set([server.address?.port]))
  const clientPort = (await client.swarm?.listening)?.ipv4?.port ?? 0
  await expect(dht.ping({ host: '127.0.0.1', port: clientPort })).rejects.toThrow()
  const serverPort = (await server.swarm?.listening)?.ipv4?.port ?? 0
  await expect(dht.ping({ host: '127.0.0.1', port: serverPort })).resolves.toBeDefined()
})

test('[C-24] the host that is signed is the one given, else the address towards the bootstrap', async () => {
  const given = start({ topic: freshTopic(), server: true, host: 'server.example' })
  await given.ready
  expect(given.address?.host).toBe('server.example')
  const found = start({ topic: freshTopic(), server: true })
  await found.ready
  expect(found.address?.host).toBe('127.0.0.1')
  const bound = start({ topic: freshTopic(), server: true, bind: '127.0.0.1' })
  await bound.ready
  expect(bound.address?.host).toBe('127.0.0.1')
  expect((await bound.swarm?.listening)?.ipv4?.address).toBe('127.0.0.1')
})

test('[C-62] without discovery there is no DHT node; a discovery that was given is used and stays open', async () => {
  const alone = start({ topic: freshTopic(), discovery: false })
  await alone.ready
  expect(alone.swarm).toBeUndefined()

  const topic = freshTopic()
  const shared = new Discovery(inTestnet())
  onTestFinished(() => shared.close())
  const server = start({ topic, server: true, discovery: shared })
  await server.ready
  expect(server.swarm).toBeUndefined()
  const client = start({ topic })
  await connected(client)
  await server.close()
  // Still open: it can be joined again.
  await shared.join(freshTopic()).leave()
})

test('[C-62] any object that proposes candidates will do', async () => {
  const topic = freshTopic()
  const server = start({ topic, server: true, discovery: false })
  await server.ready
  const place = { host: '127.0.0.1', port: server.address?.port ?? 0 }
  const candidate: Candidate = { ...place, family: 'ipv4', source: 'static', firstSeen: 0 }
  const swarm: Swarm = {
    join: () => ({
      report: () => {},
      leave: async () => {},
      async *[Symbol.asyncIterator]() {
        yield candidate
      },
    }),
    externalHosts: () => [],
  }
  const client = start({ topic, discovery: swarm })
  expect(await connected(client)).toMatchObject({ port: place.port, proven: true })
})

test('[C-63] a DHT port that is taken is why `ready` rejects, and wrong options leave nothing running', async () => {
  const taken = (await testnet.nodes[0]?.listening)?.ipv4?.port ?? 0
  const dht = { bootstrap: testnet.bootstrap, host: '127.0.0.1', port: taken }
  const db = start({ topic: freshTopic(), discovery: { sources: { dht } } })
  await expect(db.ready).rejects.toMatchObject({ code: 'SHOAL_PORT_TAKEN' })
  expect(() => new ToolDb({ topic: '', discovery: inTestnet() })).toThrow(/topic/)
  expect(() => new ToolDb({ discovery: { bootstrap: ['127.0.0.1:1'] } as never })).toThrow(/"bootstrap".*sources/)
  expect(() => new ToolDb({ discovery: null as never })).toThrow(/discovery takes an object/)
  expect(() => new ToolDb({ discovery: { sources: { dht: { bootstrap: ['nonsense'] } } } })).toThrow(/host:port/)
})

test('[O-25] a server that is not to be found any more is announced no more, until it is to be again', async () => {
  const discovery = inTestnet()
  const init = { isServer: true, bind: '127.0.0.1', isHostGiven: true, invite: undefined, mapping: false }
  const swarm = new JoinedSwarm({ discovery, ...init })
  onTestFinished(() => swarm.close())
  const session = swarm.join(freshTopic(), { port: 9_000 })
  await once(swarm as never, 'announced')
  session.announce?.(false)
  // Whoever is announced already would be silent now, for 45 seconds.
  session.announce?.(true)
  await once(swarm as never, 'announced')
})
