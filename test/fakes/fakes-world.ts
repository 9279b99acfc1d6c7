/**
 * A topic on which a thousand peers are announced that are none, in virtual time: the topic's machine of discovery, the node of the
 * database that dials and has everybody prove himself, and what DHT nodes store and answer. Only the walk through the DHT is modelled: eight
 * nodes store, and each answers a look-up within some hundred milliseconds.
 */

import { createHash } from 'node:crypto'
import { formatEndpoint, fromLatin1, type Millis, parseIp, type RandomSource, seededRandom } from '@shoal/base'
import { readNodeId } from '../../packages/dht/src/core/id/node-id.ts'
import { limitsFor } from '../../packages/dht/src/core/limits.ts'
import { PeerStore } from '../../packages/dht/src/core/storage/peer-store.ts'
import { type SourceAbilities, TopicMachine, type TopicMember } from '../../packages/discovery/src/core/index.ts'
import { World, type WorldNode } from '../../packages/tool-db/test/node/world.ts'
import { OwnedFakes } from './owned-fakes.ts'

export interface FakesInit {
  readonly seed: number
  readonly fakes: number
  /** In how many /24 networks they are. */
  readonly networks: number
  /**
   * Whether the topic has an owner, who tells of the genuine server in the roster; of the nodes that are asked for that, three in
   * four are the fakes' own, with older and forged ones.
   */
  readonly isOwned?: boolean
}

export interface Outcome {
  /** From the start to the session with the genuine server. */
  readonly connectedAfter: Millis | undefined
  /** Endpoints that were reported as connected, the genuine one aside. */
  readonly fakesConnected: number
  readonly dialsMost: number
  readonly lookups: number
}

const INFO_HASH = readNodeId(createHash('sha1').update('topic').digest())
const STORING_NODES = 8
/** An answer to `get_peers` of 95 bytes or so may be six times as long; beside the nodes, so many peers fit. */
const PEERS_PER_ANSWER = 55
const ANSWER_MS = { least: 40, most: 700 }
/** The fakes' own nodes keep whoever reads the roster waiting for as long as they can. */
const ROSTER_ANSWER_MS = { least: 40, most: 4_000 }
/** Nobody is dialled on a topic with an owner before its roster was read, or this is over. */
const ROSTER_WITHIN_MS = 3_000
const PORT = 9_000
const GENUINE = '45.7.7.7'

export class FakesWorld {
  readonly #init: FakesInit
  readonly #world: World
  readonly #random: RandomSource
  readonly #genuine: WorldNode
  readonly #client: WorldNode
  readonly #mute: WorldNode
  readonly #foreign: WorldNode
  readonly #impostor: WorldNode
  /** Of a topic with an owner. */
  readonly #liars: readonly WorldNode[]
  readonly #stores: readonly PeerStore[]
  readonly #machine: TopicMachine
  readonly #member: TopicMember
  readonly #untried = new Set<string>()
  readonly #owned: OwnedFakes | undefined
  readonly #start: Millis
  #isRosterRead = false
  #told = 0
  #lookups = 0
  #dialsMost = 0

  constructor(init: FakesInit) {
    this.#init = init
    this.#world = new World(init.seed)
    this.#random = seededRandom(init.seed)
    this.#start = this.#world.now
    this.#owned = init.isOwned === true ? new OwnedFakes(this.#world.now, { host: GENUINE, port: PORT }) : undefined
    this.#genuine = this.#world.server({ host: GENUINE, ...this.#owned?.genuine })
    this.#client = this.#world.client(this.#owned?.client)
    this.#mute = this.#world.server({ host: '45.8.8.8' })
    this.#mute.isDown = true
    this.#foreign = this.#world.server({ host: '45.9.9.9', config: { topicPublicId: 'another topic' } })
    // Its signatures are another key's, whatever it copies of what the genuine one has said.
    const copied = this.#owned?.copied.config
    const config = { ...copied, peerAddress: this.#genuine.peerId }
    this.#impostor = this.#world.server({ host: '45.10.10.10', config })
    this.#world.places.delete('45.10.10.10:9000')
    this.#liars = this.#owned?.liars.map((options) => this.#world.server(options)) ?? []
    this.#stores = Array.from(
      { length: STORING_NODES },
      () => new PeerStore({ limits: limitsFor('mainline', {}), random: this.#random, peerBytes: 6 }),
    )
    this.#announceAll()
    const sources: SourceAbilities[] = [{ source: 'dht', looksUp: true, announces: true }]
    if (init.isOwned === true) sources.push({ source: 'roster', looksUp: true, announces: false })
    this.#machine = new TopicMachine({ now: this.#world.now, random: this.#random, sources })
    this.#member = this.#machine.join(this.#world.now, {})
  }

  /** Until the genuine server is connected, or the time is over. */
  run(most: Millis): Outcome {
    const start = this.#world.now
    let connectedAfter: Millis | undefined
    while (connectedAfter === undefined && this.#world.now - start < most) {
      this.#turn()
      this.#world.run(STEP_MS)
      if (this.#client.peers.includes(this.#genuine.peerId)) connectedAfter = this.#world.now - start
    }
    this.#turn()
    const connected = this.#client.reports.filter(({ outcome }) => outcome.kind === 'connected')
    return {
      connectedAfter,
      fakesConnected: connected.filter(({ endpoint }) => endpoint.host !== GENUINE).length,
      dialsMost: this.#dialsMost,
      lookups: this.#lookups,
    }
  }

  /** In any order, each at every node that stores: as after some minutes of it. */
  #announceAll(): void {
    const { fakes, networks } = this.#init
    const hosts = Array.from({ length: fakes }, (_, i) => this.#fake(i, networks))
    for (const store of this.#stores) {
      const order = [GENUINE, ...hosts].map((host) => ({ host, at: this.#random.uint32() }))
      order.sort((a, b) => a.at - b.at)
      for (const { host } of order) {
        store.announce(this.#world.now, INFO_HASH, { peer: compact(host), isSeed: false })
      }
    }
  }

  /** What is behind each address: nobody, silence, silence behind a handshake, a server of another topic, one who says that he is the genuine server. */
  #fake(index: number, networks: number): string {
    const network = index % networks
    const host = `${46 + (network >> 8)}.${network & 0xff}.9.${1 + Math.floor(index / networks)}`
    const place = `${host}:${PORT}`
    const liar = this.#liars[(index % (5 + this.#liars.length)) - 5]
    if (liar !== undefined) {
      this.#world.places.set(place, liar)
      return host
    }
    switch (index % 5) {
      case 0:
        return host
      case 1:
        this.#world.silent.add(host)
        return host
      case 2:
        this.#world.places.set(place, this.#mute)
        return host
      case 3:
        this.#world.places.set(place, this.#foreign)
        return host
      default:
        this.#world.places.set(place, this.#impostor)
        return host
    }
  }

  /** What lies between the machines: a look-up's answers, candidates to the node, its reports back. */
  #turn(): void {
    const { now } = this.#world
    for (const { endpoint, outcome } of this.#client.reports.slice(this.#told)) {
      this.#told++
      this.#untried.delete(formatEndpoint(endpoint))
      this.#machine.report(now, this.#member, endpoint, outcome)
    }
    for (let effect = this.#machine.pollEffect(now); effect; effect = this.#machine.pollEffect(now)) {
      if (effect.kind !== 'lookup') continue
      if (effect.source === 'roster') this.#readRoster(effect.task)
      else this.#lookUp(effect.task)
    }
    const mayDial = this.#owned === undefined || this.#isRosterRead || now - this.#start >= ROSTER_WITHIN_MS
    while (mayDial && this.#untried.size < DIALS_MAX + WAITING_MAX) {
      const candidate = this.#machine.pollCandidate(now, this.#member)
      if (candidate === undefined) break
      this.#untried.add(formatEndpoint(candidate))
      this.#client.input((machine) => machine.handleCandidate(now, candidate, 'proposed'))
    }
    const stats = this.#client.machine.stats()
    this.#dialsMost = Math.max(this.#dialsMost, stats['now.dials'] ?? 0)
  }

  /** The read ends when all have answered, and the newest that the owner has signed is what it gives. */
  #readRoster(task: number): void {
    const span = ROSTER_ANSWER_MS.most - ROSTER_ANSWER_MS.least
    this.#world.at(ROSTER_ANSWER_MS.least + (this.#random.uint32() % span), () => {
      for (const { endpoint } of this.#owned?.readRoster(STORING_NODES).servers ?? []) {
        this.#machine.handleSighting(this.#world.now, { ...endpoint, source: 'roster' })
      }
      this.#isRosterRead = true
      this.#machine.handleSearched(this.#world.now, task)
    })
  }

  #lookUp(task: number): void {
    this.#lookups++
    let last = 0
    for (const [i, store] of this.#stores.entries()) {
      const span = ANSWER_MS.most - ANSWER_MS.least
      const delay = ANSWER_MS.least + (this.#random.uint32() % span)
      last = Math.max(last, delay)
      this.#world.at(delay, () => {
        for (const peer of store.sample(this.#world.now, INFO_HASH, PEERS_PER_ANSWER)) {
          const host = [...fromLatin1(peer).subarray(0, 4)].join('.')
          const from = `31.${i}.1.1`
          this.#machine.handleSighting(this.#world.now, { host, port: PORT, source: 'dht', from })
        }
      })
    }
    this.#world.at(last, () => this.#machine.handleSearched(this.#world.now, task))
  }
}

const STEP_MS = 10
/** As the program has them. */
const DIALS_MAX = 64
const WAITING_MAX = 8

function compact(host: string): Uint8Array {
  return Uint8Array.of(...(parseIp(host) as Uint8Array), PORT >> 8, PORT & 0xff)
}
