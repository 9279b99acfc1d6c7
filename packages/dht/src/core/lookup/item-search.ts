/**
 * What a walk with `get` has found of an item (BEP 44). Nothing is believed unverified: a node that invents an item, or a
 * sequence number, is as good as one that has none. Over all answers the highest sequence number wins.
 */

import { isCanonical } from '../bencode/canonical.ts'
import {
  copyBytes,
  type Item,
  type ItemCrypto,
  isGenuine,
  PUBLIC_KEY_BYTES,
  SIGNATURE_BYTES,
  VALUE_MAX,
} from '../item/item.ts'
import { isSameItem, readSeq } from '../item/put-rules.ts'
import type { ResponseExtension } from '../krpc/message.ts'
import type { Candidate } from './frontier.ts'

export interface ItemSearchInit {
  readonly target: Uint8Array
  readonly salt: Uint8Array
  readonly crypto: ItemCrypto
  /** The first genuine item will do. */
  readonly takesFirst: boolean
}

export class ItemSearch {
  readonly #init: ItemSearchInit
  /** What nodes say that they hold. BOUNDED: by the queries of a lookup. */
  readonly #claimed = new Map<Candidate, bigint>()
  #best: Item | undefined
  #copies = 0

  constructor(init: ItemSearchInit) {
    this.#init = init
  }

  /** The newest genuine item so far. */
  get best(): Item | undefined {
    return this.#best
  }

  /** How many nodes sent exactly that. */
  get copies(): number {
    return this.#copies
  }

  /** Nothing better can come: the value of an immutable item is the only one there is. */
  get isOver(): boolean {
    if (this.#best === undefined) return false
    return this.#init.takesFirst || this.#best.signed === undefined
  }

  /** The sequence number that a node says it holds. */
  claimOf(candidate: Candidate): bigint | undefined {
    return this.#claimed.get(candidate)
  }

  /** One that we hold ourselves. It was verified when it came, but for whatever salt it has. */
  offer(item: Item): void {
    const { target, salt, crypto } = this.#init
    if (!isGenuine(target, item, { salt, crypto })) return
    this.#best = item
    this.#copies = 1
  }

  handleAnswer(candidate: Candidate, bytes: Uint8Array, extension: ResponseExtension): void {
    const { seqAt, seqLength } = extension
    if (seqAt >= 0) this.#claimed.set(candidate, readSeq(bytes, seqAt, seqLength))
    const item = readItem(bytes, extension)
    if (item === undefined) return
    const best = this.#best
    if (best !== undefined) {
      if (isSameItem(best, item)) {
        this.#copies++
        return
      }
      // Not newer than what is verified already, so not worth a verification.
      if ((item.signed?.seq ?? -1n) <= (best.signed?.seq ?? -1n)) return
    }
    const { target, salt, crypto } = this.#init
    if (!isGenuine(target, item, { salt, crypto })) return
    this.#best = item
    this.#copies = 1
  }
}

function readItem(bytes: Uint8Array, extension: ResponseExtension): Item | undefined {
  const { valueAt, valueLength, publicKeyAt, signatureAt, seqAt, seqLength } = extension
  if (valueAt < 0 || valueLength > VALUE_MAX) return undefined
  const value = copyBytes(bytes, valueAt, valueLength)
  if (!isCanonical(value)) return undefined
  if (publicKeyAt < 0) return { value, signed: undefined }
  if (signatureAt < 0 || seqAt < 0) return undefined
  const publicKey = copyBytes(bytes, publicKeyAt, PUBLIC_KEY_BYTES)
  const signature = copyBytes(bytes, signatureAt, SIGNATURE_BYTES)
  return { value, signed: { publicKey, signature, seq: readSeq(bytes, seqAt, seqLength) } }
}
