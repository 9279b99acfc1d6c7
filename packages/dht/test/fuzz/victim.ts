/**
 * The engine under fuzz: fed datagrams at its entry, drained after each, and held to what no input may break. An answer has one
 * receiver and a size, what is kept has bounds, and nothing throws.
 */

import { type Endpoint, formatEndpoint, type Millis, type RandomSource, randomBelow } from '@shoal/base'
import { DhtEngine } from '../../src/core/engine.ts'
import { nodeIdBytes, randomNodeId } from '../../src/core/id/node-id.ts'
import { AMPLIFICATION_MAX, ANSWER_MAX } from '../../src/core/krpc/answer.ts'
import type { KrpcMessage, KrpcRejection } from '../../src/core/krpc/message.ts'
import { KrpcParser } from '../../src/core/krpc/parse.ts'
import { nodeItemCrypto } from '../../src/node/ed25519.ts'
import { decode, dig } from '../bencode.ts'

/** Items (BEP 44), filters (BEP 33) and samples (BEP 51), which are behind a rate of their own. */
const LARGE_ANSWER_MAX = 1_280
const LIMITS = {
  answersPerSecond: 1e9,
  answersPerSecondPerAddress: 1e9,
  largeAnswersPerSecond: 1e9,
  largeAnswersPerSecondPerAddress: 1e9,
  verificationsPerSecond: 1e9,
  infoHashesMax: 100,
  peersMax: 400,
  peersPerInfoHashMax: 50,
  itemsMax: 20,
  itemBytesMax: 12_000,
  itemsPerAddressMax: 6,
  queriesInFlightMax: 64,
}
const EVENTS_MAX = 400
const CONTACTS_MAX = 160 * 8
/** Tokens remembered by address, and our own queries that wait for a forged answer. */
const TOKENS_MAX = 500
const QUERIES_MAX = 64
const HOSTS = 300

export interface Asked {
  readonly to: Endpoint
  readonly transaction: string
}

/** What came of a datagram: its kind, why it was refused, and what was answered. Two of a kind have one signature. */
export type Signature = string

export class Victim {
  readonly engine: DhtEngine
  readonly #random: RandomSource
  readonly #parser = new KrpcParser()
  /** BOUNDED: TOKENS_MAX, oldest out. */
  readonly #tokens = new Map<string, string>()
  /** BOUNDED: QUERIES_MAX, oldest out. */
  readonly #asked: Asked[] = []
  #now: Millis = 1_000
  largestAnswer = 0
  answers = 0
  mostContacts = 0

  constructor(random: RandomSource, network: 'mainline' | 'private') {
    this.#random = random
    const nodeId = randomNodeId(random)
    const crypto = nodeItemCrypto
    this.engine = new DhtEngine({
      family: 'ipv4',
      nodeId,
      random,
      crypto,
      mode: 'server',
      network,
      limits: LIMITS,
      now: this.#now,
    })
    this.engine.setBound({ host: '45.1.1.1', port: 6_881 })
  }

  /** A sender: few enough that the same ones come back. */
  sender(): Endpoint {
    const n = randomBelow(this.#random, HOSTS)
    return { host: `45.${2 + (n >> 6)}.${n & 63}.9`, port: 6_881 + (n % 3) }
  }

  /** The token that this sender was given, or one that does not hold. */
  tokenOf(sender: Endpoint): string {
    return this.#tokens.get(sender.host) ?? 'no token'
  }

  /** One of our queries that is still open, if there is any. */
  openQuery(): Asked | undefined {
    return this.#asked[randomBelow(this.#random, this.#asked.length + 1)]
  }

  /** Has lookups and announcements of its own under way, so that answers have a place to go. */
  work(): void {
    if (this.engine.sizes.lookups >= 4) return
    const target = randomNodeId(this.#random)
    const { engine } = this
    switch (randomBelow(this.#random, 4)) {
      case 0:
        engine.lookup(this.#now, target)
        break
      case 1:
        engine.lookup(this.#now, target, { port: 4_001, isPortImplied: false })
        break
      case 2:
        engine.scrape(this.#now, target)
        break
      default:
        engine.items.find(this.#now, nodeIdBytes(target), { salt: new Uint8Array(0), takesFirst: false })
    }
    engine.bootstrap(this.#now, [this.sender(), this.sender(), this.sender()])
    this.#drain(undefined, undefined)
  }

  feed(from: Endpoint, bytes: Uint8Array): Signature {
    this.#now += randomBelow(this.#random, 20)
    const parsed = this.#parser.parse(bytes)
    const kind = kindOf(parsed)
    this.engine.handleDatagram(this.#now, from, bytes)
    const answer = this.#drain(from, { kind, length: bytes.length })
    const wakeAt = this.engine.pollTimeout()
    if (wakeAt !== undefined && wakeAt <= this.#now) {
      this.engine.handleTimeout(this.#now)
      this.#drain(undefined, undefined)
    }
    return `${kind}: ${answer}`
  }

  /** What is kept stays within its bounds. */
  checkSizes(): void {
    const { contacts, buckets, infoHashes, peers, items, itemBytes, inFlight, lookups } = this.engine.sizes
    this.mostContacts = Math.max(this.mostContacts, contacts)
    within(contacts, CONTACTS_MAX, 'contacts')
    within(buckets, 160, 'buckets')
    within(infoHashes, LIMITS.infoHashesMax, 'info hashes')
    within(peers, LIMITS.peersMax, 'peers')
    within(items, LIMITS.itemsMax, 'items')
    within(itemBytes, LIMITS.itemBytesMax, 'bytes of items')
    within(inFlight, LIMITS.queriesInFlightMax, 'queries in flight')
    within(lookups, 8, 'lookups')
  }

  #drain(from: Endpoint | undefined, question: { kind: string; length: number } | undefined): string {
    let answer = 'nothing'
    let sent = 0
    for (let t = this.engine.pollTransmit(); t !== undefined; t = this.engine.pollTransmit()) {
      if (++sent > LIMITS.queriesInFlightMax + 1) throw new Error('more datagrams than one input may cause')
      const message = decode(t.bytes)
      const type = dig(message, 'y')
      if (type === 'q') {
        this.#asked.push({ to: t.to, transaction: String(dig(message, 't')) })
        if (this.#asked.length > QUERIES_MAX) this.#asked.shift()
        continue
      }
      if (from === undefined || question === undefined || formatEndpoint(t.to) !== formatEndpoint(from)) {
        throw new Error(`an answer to ${formatEndpoint(t.to)}, who has not asked`)
      }
      if (answer !== 'nothing') throw new Error('two answers to one question')
      answer = type === 'e' ? `error ${dig(message, 'e', 0)}` : 'answered'
      this.#checkAnswer(t.bytes.length, question)
      const token = dig(message, 'r', 'token')
      if (typeof token === 'string') this.#remember(from, token)
    }
    let events = 0
    while (this.engine.pollEvent() !== undefined) {
      if (++events > EVENTS_MAX) throw new Error('more events than one input may cause')
    }
    return answer
  }

  #checkAnswer(length: number, { kind, length: asked }: { kind: string; length: number }): void {
    this.answers++
    this.largestAnswer = Math.max(this.largestAnswer, length)
    const isShort = kind === 'find_node' || kind === 'get_peers'
    within(length, isShort ? Math.min(ANSWER_MAX, AMPLIFICATION_MAX * asked) : LARGE_ANSWER_MAX, `an answer to ${kind}`)
  }

  #remember(sender: Endpoint, token: string): void {
    this.#tokens.delete(sender.host)
    this.#tokens.set(sender.host, token)
    if (this.#tokens.size <= TOKENS_MAX) return
    for (const oldest of this.#tokens.keys()) {
      this.#tokens.delete(oldest)
      break
    }
  }
}

function kindOf(parsed: KrpcMessage | KrpcRejection): string {
  if (parsed.kind === 'rejected' || parsed.kind === 'malformed') return `${parsed.kind} ${parsed.reason}`
  return parsed.kind === 'get_peers' && parsed.isScrape ? 'scrape' : parsed.kind
}

function within(value: number, most: number, what: string): void {
  if (!(value <= most)) throw new Error(`${what}: ${value} is more than ${most}`)
}
