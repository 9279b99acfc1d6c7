/** What the caller of `put` can act on. */

import { ShoalError } from '@shoal/base'
import { SALT_MAX, VALUE_MAX } from './core/item/item.ts'

/** The encoded value is longer than others store (BEP 44). */
export class ValueTooBigError extends ShoalError {
  constructor(length: number) {
    const sentence = `the value has ${length} bytes when bencoded, and ${VALUE_MAX} are the most that nodes store: put less, or a reference`
    super('SHOAL_VALUE_TOO_BIG', sentence)
  }
}

/** The salt is longer than others take (BEP 44). */
export class SaltTooBigError extends ShoalError {
  constructor(length: number) {
    super('SHOAL_SALT_TOO_BIG', `the salt has ${length} bytes, and ${SALT_MAX} are the most: take a hash of it`)
  }
}

/** Somebody has put another item than the one that `cas` names: get it, and decide again. */
export class CasMismatchError extends ShoalError {
  /** The sequence number that is there now, where it is known. */
  readonly seq: number | bigint | undefined

  constructor(cas: number | bigint, seq: number | bigint | undefined) {
    const what = seq === undefined ? 'another one is there now' : `${seq} is there now`
    super('SHOAL_CAS_MISMATCH', `cas is ${cas}, but ${what}: get the item again, and put on top of that`)
    this.seq = seq
  }
}

/** An item with this sequence number or a higher one is there already. */
export class SeqTooOldError extends ShoalError {
  /** The sequence number that is there now, where it is known. */
  readonly heldSeq: number | bigint | undefined

  constructor(seq: number | bigint, heldSeq: number | bigint | undefined) {
    const what = heldSeq === undefined ? 'a newer item' : `an item with seq ${heldSeq}`
    super('SHOAL_SEQ_TOO_OLD', `seq ${seq} is too old, since ${what} is there: leave seq out, or give a higher one`)
    this.heldSeq = heldSeq
  }
}

/** No node took the item. */
export class NotStoredError extends ShoalError {
  constructor() {
    super('SHOAL_NOT_STORED', 'no DHT node stored the item: check the network, and try again')
  }
}
