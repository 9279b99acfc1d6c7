/**
 * Serves BEP 44 (get, put), 51 (sample_infohashes) and the scrapes of BEP 33. What a stranger can make us do is bounded: a put
 * costs a token, so its sender is where he says, before anything is looked at, and sizes are checked before signatures; an
 * answer beyond six times its question takes from a small rate of its own, without which it goes out as short as any other.
 */

import { type Endpoint, latin1, type Millis } from '@shoal/base'
import { isCanonical } from '../bencode/canonical.ts'
import type { Counters } from '../counters.ts'
import { idKey, readNodeId } from '../id/node-id.ts'
import {
  copyBytes,
  type Item,
  type ItemCrypto,
  mutableTarget,
  PUBLIC_KEY_BYTES,
  SALT_MAX,
  SIGNATURE_BYTES,
  type Signed,
  signedMessage,
  VALUE_MAX,
} from '../item/item.ts'
import { isSameItem, type PutRefusal, readSeq, refusalOf } from '../item/put-rules.ts'
import { AMPLIFICATION_MAX, ANSWER_MAX, type Asker, writeError } from '../krpc/answer.ts'
import {
  EXTENDED_ANSWER_MAX,
  type ExtendedBody,
  essentialLength,
  wholeLength,
  writeExtendedAnswer,
} from '../krpc/extended-answer.ts'
import {
  ERROR_PROTOCOL,
  ERROR_SALT_TOO_BIG,
  ERROR_SERVER,
  ERROR_SIGNATURE,
  ERROR_VALUE_TOO_BIG,
  type GetPeersQuery,
  type GetQuery,
  type KrpcQuery,
  type PutQuery,
  type SampleInfohashesQuery,
} from '../krpc/message.ts'
import { type DhtLimits, RATED_ADDRESSES_MAX } from '../limits.ts'
import type { Self } from '../self.ts'
import type { InfoHashSampler } from '../storage/info-hash-sampler.ts'
import type { ItemStore } from '../storage/item-store.ts'
import type { PeerStore } from '../storage/peer-store.ts'
import type { TokenIssuer } from '../storage/token-issuer.ts'
import type { Outbox } from './outbox.ts'
import { type Rate, TokenBucket, TokenBuckets } from './token-bucket.ts'

export interface ExtensionStores {
  readonly items: ItemStore
  readonly peers: PeerStore
  readonly sampler: InfoHashSampler
  readonly crypto: ItemCrypto
}

export interface ExtensionResponderInit extends ExtensionStores {
  readonly self: Self
  readonly tokens: TokenIssuer
  readonly outbox: Outbox
  readonly counters: Counters
  readonly limits: DhtLimits
}

export type NodesBody = Pick<ExtendedBody, 'nodes' | 'nodes6'>

/** A question, who asked it, and the nodes that its answer is to name. */
export interface ExtensionQuestion<M extends KrpcQuery> {
  readonly asker: Asker
  readonly message: M
}

const NO_SALT = new Uint8Array(0)

export class ExtensionResponder {
  readonly #init: ExtensionResponderInit
  #rates: Rates

  constructor(init: ExtensionResponderInit, now: Millis) {
    this.#init = init
    this.#rates = ratesOf(init.limits, now)
  }

  /** Holds from now on; everybody begins anew. */
  setLimits(now: Millis, limits: DhtLimits): void {
    this.#rates = ratesOf(limits, now)
  }

  /** BEP 33: peers, and who they are as filters where there is anybody. */
  scrape(
    now: Millis,
    from: Endpoint,
    question: ExtensionQuestion<GetPeersQuery> & { readonly body: ExtendedBody },
  ): void {
    const { asker, message, body } = question
    const { peers, crypto } = this.#init
    const filters = peers.filters(now, readNodeId(asker.question, message.targetAt), crypto.sha1)
    this.#answer(now, from, { ...question, body: { ...body, filters }, without: body, lengthMax: EXTENDED_ANSWER_MAX })
  }

  get(now: Millis, from: Endpoint, question: ExtensionQuestion<GetQuery> & { readonly nodes: NodesBody }): void {
    const { asker, message, nodes } = question
    const { tokens, items } = this.#init
    const token = tokens.issue(now, asker.compact, asker.compactLength - 2)
    const item = items.get(now, idKey(asker.question, message.targetAt))
    const without = { ...nodes, token, seq: item?.signed?.seq }
    const isOld = item?.signed !== undefined && message.seqAt >= 0 && item.signed.seq <= askedSeq(asker, message)
    const body = item === undefined || isOld ? without : { ...nodes, token, item }
    this.#answer(now, from, { ...question, body, without, lengthMax: EXTENDED_ANSWER_MAX })
  }

  sample(
    now: Millis,
    from: Endpoint,
    question: ExtensionQuestion<SampleInfohashesQuery> & { readonly nodes: NodesBody },
  ): void {
    const sample = this.#init.sampler.sample(now)
    const without = { ...question.nodes, sample: { ...sample, samples: [] } }
    this.#answer(now, from, { ...question, body: { ...question.nodes, sample }, without, lengthMax: ANSWER_MAX })
  }

  /** `without`: the answer that is left where there is no rate for a long one and the whole does not fit into a short one. */
  #answer(
    now: Millis,
    from: Endpoint,
    answer: ExtensionQuestion<KrpcQuery> & { body: ExtendedBody; without: ExtendedBody; lengthMax: number },
  ): void {
    const { asker, message, without } = answer
    let { body, lengthMax } = answer
    const short = Math.min(ANSWER_MAX, asker.question.length * AMPLIFICATION_MAX)
    if (wholeLength(asker, message, body) > short && !this.#mayBeLarge(now, sourceOf(asker))) {
      this.#init.counters.shortened++
      lengthMax = short
      if (essentialLength(asker, message, body) > short) body = without
    }
    const { outbox, counters, self } = this.#init
    writeExtendedAnswer(outbox.begin(), asker, message, { ownId: self.nodeId, body, lengthMax })
    outbox.commit(from)
    counters.answers++
  }

  #mayBeLarge(now: Millis, source: string): boolean {
    const { largeByHost, large, largeRate } = this.#rates
    return largeByHost.of(source, now).take(largeByHost.rate, now) && large.take(largeRate, now)
  }

  put(now: Millis, from: Endpoint, question: ExtensionQuestion<PutQuery>): void {
    const { asker, message } = question
    const { tokens, items, counters, outbox, self } = this.#init
    const address = { bytes: asker.compact, length: asker.compactLength - 2 }
    const token = { bytes: asker.question, at: message.tokenAt, length: message.tokenLength }
    if (!tokens.isValid(now, address, token)) {
      this.#refuse(from, asker, { message, code: ERROR_PROTOCOL, text: 'bad token' })
      return
    }
    const checked = this.#check(now, asker.question, message)
    if ('code' in checked) {
      this.#refuse(from, asker, { message, ...checked })
      return
    }
    const { target, item } = checked
    const source = sourceOf(asker)
    items.put(now, { id: readNodeId(target), key: idKey(target, 0) }, { item, source, ownId: self.nodeId })
    writeExtendedAnswer(outbox.begin(), asker, message, { ownId: self.nodeId, body: {}, lengthMax: ANSWER_MAX })
    outbox.commit(from)
    counters.answers++
  }

  #check(now: Millis, bytes: Uint8Array, message: PutQuery): { target: Uint8Array; item: Item } | PutRefusal {
    const { valueAt, valueLength, saltAt, saltLength } = message
    const { items, crypto } = this.#init
    if (valueLength > VALUE_MAX) return { code: ERROR_VALUE_TOO_BIG, text: 'v is longer than 1000 bytes' }
    if (saltLength > SALT_MAX) return { code: ERROR_SALT_TOO_BIG, text: 'salt is longer than 64 bytes' }
    const value = copyBytes(bytes, valueAt, valueLength)
    if (!isCanonical(value)) return { code: ERROR_PROTOCOL, text: 'v is not canonical bencoding' }
    const signed = signedOf(bytes, message)
    if (signed === undefined) return { target: crypto.sha1(value), item: { value, signed } }
    const salt = saltAt < 0 ? NO_SALT : bytes.subarray(saltAt, saltAt + saltLength)
    const target = mutableTarget(signed.publicKey, salt, crypto.sha1)
    const item = { value, signed }
    const held = items.get(now, idKey(target, 0))
    // What we hold already has been verified.
    if (held === undefined || !isSameItem(held, item)) {
      const { verifications, verifyRate } = this.#rates
      if (!verifications.take(verifyRate, now)) {
        this.#init.counters.unverified++
        return { code: ERROR_SERVER, text: 'busy, try later' }
      }
      if (!crypto.verify(signed.publicKey, signedMessage(salt, signed.seq, value), signed.signature)) {
        return { code: ERROR_SIGNATURE, text: 'bad signature' }
      }
    }
    const cas = message.casAt < 0 ? undefined : readSeq(bytes, message.casAt, message.casLength)
    return refusalOf(held, item, cas) ?? { target, item }
  }

  #refuse(from: Endpoint, asker: Asker, error: { message: KrpcQuery; code: number; text: string }): void {
    const { outbox, counters } = this.#init
    writeError(outbox.begin(), asker, error.message, error)
    outbox.commit(from)
    counters.answers++
    counters.errors++
  }
}

/** An address of IPv6 is as good as its /64: whoever has one has them all. */
function sourceOf({ compact, compactLength }: Asker): string {
  return latin1(compact, 0, compactLength === 6 ? 4 : 8)
}

/** BOUNDED: the buckets of addresses by RATED_ADDRESSES_MAX. */
interface Rates {
  readonly largeRate: Rate
  readonly large: TokenBucket
  readonly largeByHost: TokenBuckets
  readonly verifyRate: Rate
  readonly verifications: TokenBucket
}

function ratesOf(limits: DhtLimits, now: Millis): Rates {
  const { largeAnswersPerSecond, largeAnswersPerSecondPerAddress, verificationsPerSecond } = limits
  const largeRate = { perSecond: largeAnswersPerSecond, burst: Math.max(largeAnswersPerSecond, 1) }
  const perHost = {
    perSecond: largeAnswersPerSecondPerAddress,
    burst: Math.max(4 * largeAnswersPerSecondPerAddress, 1),
  }
  const verifyRate = { perSecond: verificationsPerSecond, burst: Math.max(verificationsPerSecond, 1) }
  return {
    largeRate,
    large: new TokenBucket(largeRate, now),
    largeByHost: new TokenBuckets(perHost, RATED_ADDRESSES_MAX),
    verifyRate,
    verifications: new TokenBucket(verifyRate, now),
  }
}

function askedSeq({ question }: Asker, { seqAt, seqLength }: GetQuery): bigint {
  return readSeq(question, seqAt, seqLength)
}

function signedOf(bytes: Uint8Array, message: PutQuery): Signed | undefined {
  const { publicKeyAt, signatureAt, seqAt, seqLength } = message
  if (publicKeyAt < 0) return undefined
  return {
    publicKey: copyBytes(bytes, publicKeyAt, PUBLIC_KEY_BYTES),
    signature: copyBytes(bytes, signatureAt, SIGNATURE_BYTES),
    seq: readSeq(bytes, seqAt, seqLength),
  }
}
