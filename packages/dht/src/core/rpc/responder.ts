/** The serving half of a node (BEP 5): every query gets at most one answer, never larger than the limits of answer.ts. */

import { type Endpoint, latin1, type Millis } from '@shoal/base'
import type { Counters } from '../counters.ts'
import { writeCompact } from '../id/address.ts'
import { readNodeId } from '../id/node-id.ts'
import { type AnswerBody, type Asker, writeAnswer, writeError } from '../krpc/answer.ts'
import { WANT_IPV4, WANT_IPV6 } from '../krpc/fields.ts'
import {
  type AnnouncePeerQuery,
  ERROR_METHOD_UNKNOWN,
  ERROR_PROTOCOL,
  type FindNodeQuery,
  type GetPeersQuery,
  type GetQuery,
  type KrpcQuery,
  type SampleInfohashesQuery,
} from '../krpc/message.ts'
import { type DhtLimits, RATED_ADDRESSES_MAX } from '../limits.ts'
import { K, type RoutingTable } from '../routing/routing-table.ts'
import type { Self } from '../self.ts'
import type { PeerStore } from '../storage/peer-store.ts'
import type { TokenIssuer } from '../storage/token-issuer.ts'
import type { ExtensionResponder } from './extension-responder.ts'
import type { Outbox } from './outbox.ts'
import { type Rate, TokenBucket, TokenBuckets } from './token-bucket.ts'

/** As many as fit beside eight nodes into the answer to a common question. */
const VALUES_MAX = 40
const NOTHING: AnswerBody = {}
/** Whoever has one address of IPv6 has a whole /64 of them. */
const IPV6_PREFIX_BYTES = 8

type NodesQuery = FindNodeQuery | GetPeersQuery | GetQuery | SampleInfohashesQuery
type NodesBody = Pick<AnswerBody, 'nodes' | 'nodes6'>

export interface ResponderInit {
  readonly self: Self
  readonly table: RoutingTable
  readonly tokens: TokenIssuer
  readonly peers: PeerStore
  readonly extensions: ExtensionResponder
  readonly outbox: Outbox
  readonly counters: Counters
  readonly limits: DhtLimits
}

export class Responder {
  readonly #init: ResponderInit
  readonly #compact = new Uint8Array(18)
  /** The peer that is announced, compact. */
  readonly #peer = new Uint8Array(18)
  #rate: Rate
  #bucket: TokenBucket
  /** BOUNDED: RATED_ADDRESSES_MAX. */
  #byHost: TokenBuckets

  constructor(init: ResponderInit, now: Millis) {
    this.#init = init
    const { all, perHost } = ratesOf(init.limits)
    this.#rate = all
    this.#bucket = new TokenBucket(all, now)
    this.#byHost = new TokenBuckets(perHost, RATED_ADDRESSES_MAX)
  }

  /** Holds from now on; everybody begins anew. */
  setLimits(now: Millis, limits: DhtLimits): void {
    const { all, perHost } = ratesOf(limits)
    this.#rate = all
    this.#bucket = new TokenBucket(all, now)
    this.#byHost = new TokenBuckets(perHost, RATED_ADDRESSES_MAX)
    this.#init.extensions.setLimits(now, limits)
  }

  handleQuery(now: Millis, from: Endpoint, question: { bytes: Uint8Array; message: KrpcQuery }): void {
    const { bytes, message } = question
    const { counters, self } = this.#init
    const compactLength = writeCompact(from, self.family, this.#compact)
    if (compactLength === 0) return
    const name = compactLength === 6 ? from.host : latin1(this.#compact, 0, IPV6_PREFIX_BYTES)
    if (!this.#byHost.of(name, now).take(this.#byHost.rate, now)) {
      counters.rateLimitedPerAddress++
      return
    }
    if (!this.#bucket.take(this.#rate, now)) {
      counters.rateLimited++
      return
    }
    const asker: Asker = { compact: this.#compact, compactLength, question: bytes }
    switch (message.kind) {
      case 'ping':
        this.#answer(from, asker, { message, body: NOTHING })
        break
      case 'find_node':
        this.#answer(from, asker, { message, body: this.#nodesFor(from, bytes, message) })
        break
      case 'get_peers':
        if (message.isScrape) {
          const body = this.#peersFor(now, from, { asker, message })
          this.#init.extensions.scrape(now, from, { asker, message, body })
        } else this.#answer(from, asker, { message, body: this.#peersFor(now, from, { asker, message }) })
        break
      case 'announce_peer':
        this.#announce(now, from, { asker, message })
        break
      case 'get':
        this.#init.extensions.get(now, from, { asker, message, nodes: this.#nodesFor(from, bytes, message) })
        break
      case 'put':
        this.#init.extensions.put(now, from, { asker, message })
        break
      case 'sample_infohashes':
        this.#init.extensions.sample(now, from, { asker, message, nodes: this.#nodesFor(from, bytes, message) })
        break
      case 'unknown':
        this.#error(from, asker, { message, code: ERROR_METHOD_UNKNOWN, text: 'method unknown' })
        break
      case 'malformed':
        this.#error(from, asker, { message, code: ERROR_PROTOCOL, text: message.reason })
        break
    }
  }

  #peersFor(now: Millis, from: Endpoint, question: { asker: Asker; message: GetPeersQuery }): AnswerBody {
    const { asker, message } = question
    const { tokens, peers } = this.#init
    const { nodes, nodes6 } = this.#nodesFor(from, asker.question, message)
    const token = tokens.issue(now, asker.compact, asker.compactLength - 2)
    const infoHash = readNodeId(asker.question, message.targetAt)
    const values = peers.draw(now, infoHash, { count: VALUES_MAX, noSeed: message.noSeed })
    return { nodes, nodes6, token, values }
  }

  #announce(now: Millis, from: Endpoint, question: { asker: Asker; message: AnnouncePeerQuery }): void {
    const { asker, message } = question
    const { tokens, peers } = this.#init
    const { compact, compactLength } = asker
    const address = { bytes: compact, length: compactLength - 2 }
    const token = { bytes: asker.question, at: message.tokenAt, length: message.tokenLength }
    if (!tokens.isValid(now, address, token)) {
      this.#error(from, asker, { message, code: ERROR_PROTOCOL, text: 'bad token' })
      return
    }
    const port = message.port === 0 ? from.port : message.port
    const peer = this.#peer
    for (let i = 0; i < compactLength - 2; i++) peer[i] = compact[i] as number
    peer[compactLength - 2] = port >>> 8
    peer[compactLength - 1] = port
    peers.announce(now, readNodeId(asker.question, message.targetAt), { peer, isSeed: message.isSeed })
    this.#answer(from, asker, { message, body: NOTHING })
  }

  /** BEP 32: nodes of the asker's own family, unless it says what it wants. */
  #nodesFor(from: Endpoint, bytes: Uint8Array, { targetAt, want }: NodesQuery): NodesBody {
    const { table, self } = this.#init
    const isIpv4 = self.family === 'ipv4'
    const target = readNodeId(bytes, targetAt)
    const own = isIpv4 ? WANT_IPV4 : WANT_IPV6
    const nodes = want === 0 || (want & own) !== 0 ? table.closest(target, K, from) : undefined
    // A node of one family alone has none of the other to tell.
    const sister = (want & ~own) === 0 ? undefined : self.sister
    const others = sister === undefined ? undefined : sister.closest(target, K, from)
    return isIpv4 ? { nodes, nodes6: others } : { nodes: others, nodes6: nodes }
  }

  #answer(from: Endpoint, asker: Asker, { message, body }: { message: KrpcQuery; body: AnswerBody }): void {
    const { outbox, counters, self } = this.#init
    writeAnswer(outbox.begin(), asker, message, { ownId: self.nodeId, body })
    outbox.commit(from)
    counters.answers++
  }

  #error(from: Endpoint, asker: Asker, error: { message: KrpcQuery; code: number; text: string }): void {
    const { outbox, counters } = this.#init
    writeError(outbox.begin(), asker, error.message, error)
    outbox.commit(from)
    counters.answers++
    counters.errors++
  }
}

function ratesOf({ answersPerSecond, answersPerSecondPerAddress }: DhtLimits): { all: Rate; perHost: Rate } {
  return {
    all: { perSecond: answersPerSecond, burst: Math.max(answersPerSecond, 1) },
    perHost: { perSecond: answersPerSecondPerAddress, burst: Math.max(4 * answersPerSecondPerAddress, 1) },
  }
}
