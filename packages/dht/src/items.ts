/** The face of BEP 44, 33 and 51: what callers ask, over the engines of all address families. */

import { bytesEqual, type Endpoint, type Family, fromHex, toHex, UsageError, utf8 } from '@shoal/base'
import { type BencodeInput, type BencodeValue, decodeValue, encodeValue } from './core/bencode/value.ts'
import type { DhtEngine } from './core/engine.ts'
import type { OperationEvent, OperationId } from './core/engine-event.ts'
import { type NodeId, nodeIdBytes } from './core/id/node-id.ts'
import {
  type Item,
  immutableTarget,
  mutableTarget,
  PUBLIC_KEY_BYTES,
  SALT_MAX,
  SEQ_MAX,
  signedMessage,
  VALUE_MAX,
} from './core/item/item.ts'
import type { ItemOrder } from './core/item/own-items.ts'
import { ScrapeTally } from './core/lookup/scrape-tally.ts'
import { BusyError, NoAnswerError, RefusedError } from './errors.ts'
import { CasMismatchError, NotStoredError, SaltTooBigError, SeqTooOldError, ValueTooBigError } from './item-errors.ts'
import { type ItemKey, type ItemSigner, nodeItemCrypto, signerOf } from './node/ed25519.ts'
import type { Operations } from './operations.ts'
import type { OperationOptions } from './options.ts'

/** One engine, and who waits for what it is asked. */
export interface Seat {
  readonly engine: DhtEngine
  readonly operations: Operations
  run<T>(input: (now: number) => T): T
}

export interface PutOptions extends OperationOptions {
  /** Bytes (put as a bencoded string), or anything that can be bencoded; at most 1,000 bytes then. */
  readonly value: BencodeInput
  /** Makes the item mutable: whoever has the key can put another under the same target. */
  readonly key?: ItemKey
  /** Of the item that this one replaces, and one more; or 1 where there is none yet. */
  readonly seq?: number | bigint
  /** Sets several items of one key apart; at most 64 bytes. Texts are taken as UTF-8. */
  readonly salt?: Uint8Array | string
  /** Put only over the item with this sequence number, else CasMismatchError. */
  readonly cas?: number | bigint
  /** Whether it is put again about every hour for as long as the node runs; true without it. */
  readonly republish?: boolean
}

export interface PutResult {
  /** What to get it by: 40 hex digits. */
  readonly target: string
  /** How many nodes hold it, ourselves included. */
  readonly nodes: number
  /** Of a mutable item. A bigint where it is beyond 2^53. */
  readonly seq: number | bigint | undefined
}

export interface GetOptions extends OperationOptions {
  /** The salt that a mutable item was put with. */
  readonly salt?: Uint8Array | string
  /** Who must have signed it: 32 bytes or 64 hex digits. The target says so too, so this only checks it. */
  readonly publicKey?: Uint8Array | string
  /** Takes the first genuine item that comes, rather than the newest. */
  readonly first?: boolean
  /**
   * For a target that is asked about often: a few of the nodes that answered the last time are asked, in turn, rather than walked to. A
   * whole walk is made the first time, when the last one was ten minutes ago, and after half of them did not answer.
   */
  readonly again?: boolean
}

/** An item, verified. The last three are undefined where it is immutable. */
export interface GetResult {
  readonly value: BencodeValue
  readonly seq: number | bigint | undefined
  readonly publicKey: Uint8Array | undefined
  readonly signature: Uint8Array | undefined
}

export interface ScrapeResult {
  /** Estimates. */
  readonly seeds: number
  readonly peers: number
}

export interface SampleResult {
  /** Of 40 hex digits. */
  readonly samples: readonly string[]
  /** How many info hashes the node has in all. */
  readonly num: number
  /** Seconds until it has others to show. */
  readonly interval: number
  /** Nodes close to the target. */
  readonly nodes: readonly {
    readonly id: string
    readonly host: string
    readonly port: number
    readonly family: Family
  }[]
}

/** A put that has been checked. */
export interface PutPlan {
  readonly target: Uint8Array
  readonly salt: Uint8Array
  readonly value: Uint8Array
  readonly signer: ItemSigner | undefined
  readonly seq: bigint | undefined
  readonly cas: bigint | undefined
  readonly isKept: boolean
  readonly signal: AbortSignal | undefined
}

const { sha1 } = nodeItemCrypto

/** Throws where the arguments are wrong. */
export function planPut(options: PutOptions): PutPlan {
  const { value, key, seq, cas, signal, republish = true } = options
  const encoded = encodeValue(value)
  if (encoded.length > VALUE_MAX) throw new ValueTooBigError(encoded.length)
  const salt = parseSalt(options.salt)
  if (key === undefined) {
    for (const name of ['seq', 'salt', 'cas'] as const) {
      if (options[name] !== undefined) throw new UsageError(`${name} goes with key: without one the item is immutable`)
    }
  }
  const signer = key === undefined ? undefined : signerOf(key)
  const target = signer === undefined ? immutableTarget(encoded, sha1) : mutableTarget(signer.publicKey, salt, sha1)
  return {
    target,
    salt,
    value: encoded,
    signer,
    seq: parseSeq(seq, 'seq'),
    cas: parseSeq(cas, 'cas'),
    isKept: republish,
    signal,
  }
}

/** Finds what is there, signs what comes over it, and stores that at the closest nodes. A signer of the caller's is waited for in `patiently`. */
export async function putItem(
  seats: readonly Seat[],
  plan: PutPlan,
  patiently: <T>(work: Promise<T>) => Promise<T>,
): Promise<PutResult> {
  const { target, salt, signal } = plan
  const walks = seats.map((seat) => {
    const id = seat.run((now) => seat.engine.items.beginPut(now, target, salt))
    return { seat, id, found: end(seat, id, signal) }
  })
  try {
    const found = await Promise.all(walks.map((walk) => walk.found))
    const item = await patiently(makeItem(plan, newest(found)))
    const order: ItemOrder = { target, salt, item, cas: plan.cas }
    const results = await Promise.all(
      walks.map(({ seat, id }) => {
        seat.run((now) => seat.engine.storeItem(now, id, order))
        return end(seat, id, signal)
      }),
    )
    const nodes = judge(plan, item, results)
    if (plan.isKept) for (const seat of seats) seat.run((now) => seat.engine.items.keep(now, order))
    return { target: toHex(target), nodes, seq: shownSeq(item.signed?.seq) }
  } catch (error) {
    for (const { seat, id } of walks) seat.run((now) => seat.engine.cancel(now, id))
    throw error
  }
}

/** Stops putting an item again; false where it was not. */
export function forgetItem(seats: readonly Seat[], target: NodeId): boolean {
  const bytes = nodeIdBytes(target)
  return seats.map(({ engine }) => engine.items.drop(bytes)).includes(true)
}

async function makeItem({ signer, value, salt, seq, cas }: PutPlan, held: Item | undefined): Promise<Item> {
  if (signer === undefined) return { value, signed: undefined }
  const heldSeq = held?.signed?.seq
  // Where there is no item any more, there is nothing to compare with (BEP 44).
  if (cas !== undefined && heldSeq !== undefined && heldSeq !== cas) {
    throw new CasMismatchError(exact(cas), shownSeq(heldSeq))
  }
  const next = seq ?? (heldSeq === undefined ? 1n : heldSeq + 1n)
  const isTaken =
    heldSeq !== undefined && (next < heldSeq || (next === heldSeq && !bytesEqual(value, (held as Item).value)))
  if (isTaken || next > SEQ_MAX) throw new SeqTooOldError(exact(next), shownSeq(heldSeq))
  const signature = await signer.sign(signedMessage(salt, next, value))
  return { value, signed: { publicKey: signer.publicKey, signature, seq: next } }
}

/**
 * How many nodes took it. Of two who write at once each may win at some nodes: only the one that more nodes took than
 * refused has written, and a single node that refuses without reason hinders nobody.
 */
function judge({ cas }: PutPlan, item: Item, results: readonly OperationEvent[]): number {
  const counts = { nodes: 0, cas: 0, seq: 0 }
  for (const result of results) {
    if (result.kind !== 'item-stored') continue
    counts.nodes += result.nodes
    counts.cas += result.cas
    counts.seq += result.seq
  }
  if (counts.cas > 0 && counts.cas >= counts.nodes) throw new CasMismatchError(exact(cas ?? 0n), undefined)
  if (counts.seq > 0 && counts.seq >= counts.nodes) throw new SeqTooOldError(exact(item.signed?.seq ?? 0n), undefined)
  if (counts.nodes === 0) throw new NotStoredError()
  return counts.nodes
}

/** Throws where the arguments are wrong. */
export function planGet(target: NodeId, options: GetOptions): { target: Uint8Array; salt: Uint8Array } {
  const bytes = nodeIdBytes(target)
  const salt = parseSalt(options.salt)
  if (options.publicKey !== undefined) {
    const key = typeof options.publicKey === 'string' ? fromHex(options.publicKey) : options.publicKey
    if (!(key instanceof Uint8Array) || key.length !== PUBLIC_KEY_BYTES) {
      throw new UsageError('publicKey must be 32 bytes or 64 hex digits')
    }
    if (!bytesEqual(mutableTarget(key, salt, sha1), bytes)) {
      throw new UsageError('target is not that of publicKey and salt: check which of the three is wrong')
    }
  }
  return { target: bytes, salt }
}

export async function getItem(
  seats: readonly Seat[],
  plan: { target: Uint8Array; salt: Uint8Array },
  { first = false, again = false, signal }: GetOptions,
): Promise<GetResult | undefined> {
  const walks = seats.map((seat) => {
    const id = seat.run((now) =>
      seat.engine.items.find(now, plan.target, { salt: plan.salt, takesFirst: first, isAgain: again }),
    )
    return { seat, id, found: end(seat, id, signal) }
  })
  const last = Promise.all(walks.map(({ found }) => found)).then(newest)
  const early = walks.map(({ found }) => found.then((event) => enough(event, first)))
  const item = (await Promise.any([...early, last.then(orFail)]).catch(() => undefined)) ?? (await last)
  // Those still under way are not waited for any more.
  for (const { seat, id, found } of walks) {
    found.catch(() => {})
    seat.operations.abort(id)
  }
  return item === undefined ? undefined : resultOf(item)
}

/** Rejects, to let the others go on, where a better item may still come. */
function enough(event: OperationEvent, first: boolean): Item {
  if (event.kind === 'item-found' && event.item !== undefined) {
    if (first || event.item.signed === undefined) return event.item
  }
  throw new NotStoredError()
}

function orFail(item: Item | undefined): Item {
  if (item === undefined) throw new NotStoredError()
  return item
}

function newest(events: readonly OperationEvent[]): Item | undefined {
  let best: Item | undefined
  for (const event of events) {
    if (event.kind !== 'item-found' || event.item === undefined) continue
    if (best === undefined || (event.item.signed?.seq ?? 0n) > (best.signed?.seq ?? 0n)) best = event.item
  }
  return best
}

function resultOf({ value, signed }: Item): GetResult {
  const { seq, publicKey, signature } = signed ?? {}
  return { value: decodeValue(value), seq: shownSeq(seq), publicKey, signature }
}

export async function scrapeHash(
  seats: readonly Seat[],
  infoHash: NodeId,
  signal: AbortSignal | undefined,
): Promise<ScrapeResult> {
  const ends = await Promise.all(
    seats.map((seat) =>
      end(
        seat,
        seat.run((now) => seat.engine.scrape(now, infoHash)),
        signal,
      ),
    ),
  )
  // A filter holds addresses of both families, so nobody is counted twice.
  const tally = new ScrapeTally(sha1)
  for (const event of ends) if (event.kind === 'scraped') tally.merge(event.tally)
  return tally.count()
}

export async function sampleNode(
  seat: Seat,
  node: Endpoint,
  { target, signal }: { target: NodeId; signal: AbortSignal | undefined },
): Promise<SampleResult> {
  const id = seat.run((now) => seat.engine.sample(now, node, target))
  const event = await end(seat, id, signal)
  if (event.kind === 'no-pong') {
    if (event.why === 'refused') throw new RefusedError(node, event.code)
    throw event.why === 'busy' ? new BusyError(node) : new NoAnswerError(node)
  }
  if (event.kind !== 'sampled') throw new NoAnswerError(node)
  const { samples, num, interval, nodes } = event
  const { family } = seat.engine
  return {
    samples: samples.map((sample) => toHex(nodeIdBytes(sample))),
    num,
    interval,
    nodes: nodes.map((told) => {
      return { id: toHex(nodeIdBytes(told.id)), host: told.address.host, port: told.address.port, family }
    }),
  }
}

function end(seat: Seat, id: OperationId, signal: AbortSignal | undefined): Promise<OperationEvent> {
  return new Promise((settle, fail) => seat.operations.add(id, { kind: 'end', settle, fail }, signal))
}

function parseSalt(salt: Uint8Array | string | undefined): Uint8Array {
  if (salt === undefined) return new Uint8Array(0)
  const bytes = typeof salt === 'string' ? utf8(salt) : salt
  if (!(bytes instanceof Uint8Array)) throw new UsageError('salt must be bytes or a text')
  if (bytes.length > SALT_MAX) throw new SaltTooBigError(bytes.length)
  return bytes
}

function parseSeq(seq: number | bigint | undefined, name: string): bigint | undefined {
  if (seq === undefined) return undefined
  if (typeof seq === 'bigint' || Number.isSafeInteger(seq)) {
    const whole = BigInt(seq)
    if (whole >= 0n && whole <= SEQ_MAX) return whole
  }
  throw new UsageError(`${name} must be a whole number from 0 to 2^63 - 1, not ${String(seq)}`)
}

function shownSeq(seq: bigint | undefined): number | bigint | undefined {
  return seq === undefined ? undefined : exact(seq)
}

/** A number where that is exact. */
function exact(seq: bigint): number | bigint {
  const number = Number(seq)
  return Number.isSafeInteger(number) ? number : seq
}
