/** Fakes on real sockets: who replays, forges or forwards what the genuine server says is not taken for it, also while that is flooded. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HOUR } from '@shoal/base'
import { infoHashesAt, requireTopic, rosterPeer, rosterSalt, type Topic } from '@shoal/peer'
import { createTestnet, Dht, type JoinedOptions, type PeerInfo, type Testnet, ToolDb } from 'shoal'
import { expect, onTestFinished, test, vi } from 'vitest'
import { TestOwner } from '../../packages/peer/test/test-owner.ts'
import {
  answeringPlace,
  deadPlace,
  Flood,
  forge,
  forwardingPlace,
  type Heard,
  type Place,
  Recorder,
  replay,
  silentPlace,
} from './socket-fakes.ts'

/** As many as are wanted, or few enough for every day. */
const FAKES = Number(process.env['SHOAL_FAKES_SOCKETS'] ?? 200)
/** Only keeps a run from hanging. */
vi.setConfig({ testTimeout: 60_000 + 100 * FAKES })
/** Where others see the genuine server, and where it is. */
const SEEN = '127.0.0.30'
const BOUND = '127.0.0.1'
const ATTACKER = '127.0.0.66'
/** Fakes of one address. */
const PER_ADDRESS = 50
const FLOODERS = 8

interface World {
  readonly testnet: Testnet
  readonly topic: Topic
  readonly genuine: ToolDb
  readonly place: Place
  /** Of honest clients, in the clear and sealed. */
  readonly sessions: readonly (readonly Heard[])[]
}

function start(options: Partial<JoinedOptions>): ToolDb {
  const db = new ToolDb({ bind: BOUND, ...options })
  onTestFinished(() => db.close())
  return db
}

function connected(db: ToolDb): Promise<PeerInfo> {
  return new Promise((resolve) => db.once('connected', resolve))
}

/** The genuine server behind the recorder, and what was said to it by two clients. */
async function world(topic: Topic, owner?: TestOwner): Promise<World> {
  const testnet = await createTestnet(8)
  onTestFinished(() => testnet.close())
  const server = { topic, server: true, host: SEEN, port: 0, storageName: scratch() }
  // A server has to be there once before it can be certified.
  const first = start(server)
  await first.ready
  const peerId = first.peerAccount.getAddress() as string
  await first.close()
  const certificate = owner?.certificate({ peerId, from: Date.now() - HOUR, until: Date.now() + HOUR })
  const genuine = start({ ...server, ...(certificate === undefined ? {} : { certificate }) })
  await genuine.ready
  const { port } = genuine.address as Place
  const place = { host: SEEN, port }
  const recorder = new Recorder(place, { host: BOUND, port })
  for (const encryption of [false, true]) {
    const client = start({ topic, store: 'memory', encryption, peers: [place] })
    await connected(client)
    await client.putData('recorded', encryption, false, { confirm: 1 })
    await client.close()
  }
  return { testnet, topic, genuine, place, sessions: [...recorder.sessions] }
}

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-fakes-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'store')
}

/** Of all kinds equally many, and announced from the addresses that they are at. */
async function announceFakes({ testnet, topic, genuine, place, sessions }: World): Promise<void> {
  const foreign = start({ topic: 'another topic', server: true, host: BOUND, port: 0, store: 'memory' })
  await foreign.ready
  const [clear, sealed] = sessions as [readonly Heard[], readonly Heard[]]
  const at = (db: ToolDb): Place => ({ host: BOUND, port: (db.address as Place).port })
  const kinds: readonly ((host: string) => Promise<Place>)[] = [
    deadPlace,
    silentPlace,
    (host) => forwardingPlace(host, at(foreign)),
    (host) => forwardingPlace(host, at(genuine)),
    (host) => answeringPlace(host, replay(clear)),
    (host) => answeringPlace(host, replay(sealed)),
    (host) => answeringPlace(host, forge(clear)),
  ]
  const [infoHash] = infoHashesAt(topic, Date.now()) as [Uint8Array]
  for (let made = 0; made < FAKES; ) {
    const host = `127.0.1.${1 + made / PER_ADDRESS}`
    const dht = new Dht({ host, mode: 'client', bootstrap: testnet.bootstrap })
    await dht.ready
    for (let i = 0; i < PER_ADDRESS && made < FAKES; i++, made++) {
      const fake = await (kinds[made % kinds.length] as (host: string) => Promise<Place>)(host)
      await dht.announce(infoHash, { port: fake.port })
    }
    await dht.close()
  }
  const dht = new Dht({ host: place.host, mode: 'client', bootstrap: testnet.bootstrap })
  await dht.ready
  await dht.announce(infoHash, { port: place.port })
  await dht.close()
}

/** A client that knows the topic and the DHT: whom it takes for servers, the genuine one first or last. */
async function seek(world: World, encryption: boolean): Promise<{ met: PeerInfo[]; ms: number }> {
  const began = performance.now()
  const { topic, testnet, genuine } = world
  const discovery = { sources: { dht: { bootstrap: testnet.bootstrap }, lan: false } }
  const client = start({ topic, store: 'memory', encryption, discovery })
  const met: PeerInfo[] = []
  let most = 0
  const genuineMet = new Promise<number>((resolve) => {
    client.on('connected', (peer: PeerInfo) => {
      met.push(peer)
      if (peer.peerId === genuine.peerAccount.getAddress()) resolve(performance.now() - began)
    })
  })
  client.swarm?.on('candidate', () => {
    most = Math.max(most, client.stats()['now.dials'] ?? 0)
  })
  const ms = await genuineMet
  await client.putData(`by ${String(encryption)}`, 'through all of it', false, { confirm: 1 })
  expect(most).toBeLessThanOrEqual(64)
  // All of them have had their turn, or nearly: what does not count by now is not slow, but refused.
  await vi.waitUntil(() => (client.stats()['dials'] ?? 0) >= Math.min(FAKES, 200), { timeout: 30_000 })
  await client.close()
  return { met, ms }
}

async function judge(name: string, world: World): Promise<void> {
  await announceFakes(world)
  const { genuine, place } = world
  const flood = new Flood({ host: BOUND, port: place.port }, { from: ATTACKER, sessions: world.sessions })
  const guests: PeerInfo[] = []
  genuine.on('connected', (peer: PeerInfo) => guests.push(peer))
  flood.start(FLOODERS)
  const times: number[] = []
  for (const encryption of [true, false]) {
    const { met, ms } = await seek(world, encryption)
    times.push(ms)
    for (const peer of met) expect(peer).toMatchObject({ ...place, proven: true, server: true })
    expect(new Set(met.map(({ peerId }) => peerId)).size).toBe(1)
  }
  flood.stop()
  process.stdout.write(
    `${JSON.stringify({ name, fakes: FAKES, sessionsFlooded: flood.count, ms: Math.max(...times) })}\n`,
  )
  expect(flood.count).toBeGreaterThan(0)
  // Nobody but those two clients has got in.
  expect(new Set(guests.map(({ peerId }) => peerId)).size).toBe(2)
}

test('[S-113] on real sockets, flooded: proofs that are replayed, forged or made for another place never count', async () => {
  await judge('sockets', await world(requireTopic('fakes on sockets')))
})

test('[O-18] so on a topic with an owner, whose roster leads to the genuine server', async () => {
  const owner = new TestOwner(3, 'fakes on sockets')
  const made = await world(owner.topic, owner)
  const peer = rosterPeer(made.genuine.peerAccount.getAddress() as string)
  const { seq, value, signature } = owner.item(1, { servers: [{ peer, endpoint: made.place }] })
  const dht = new Dht({ host: SEEN, mode: 'client', bootstrap: made.testnet.bootstrap })
  await dht.ready
  const publicKey = Uint8Array.from(Buffer.from(owner.topic.owner, 'hex'))
  const key = { publicKey, sign: () => signature }
  await dht.put({ value, seq, key, salt: rosterSalt(owner.topic), republish: false })
  await dht.close()
  await judge('owned, sockets', made)
})
