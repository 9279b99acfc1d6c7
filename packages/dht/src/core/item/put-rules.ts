/** Whether a put that is genuine replaces what is held (BEP 44): compare and swap, then the sequence number. */

import { bytesEqual, latin1 } from '@shoal/base'
import { ERROR_CAS_MISMATCH, ERROR_SEQ_TOO_OLD } from '../krpc/message.ts'
import type { Item } from './item.ts'

/** A KRPC error. */
export interface PutRefusal {
  readonly code: number
  readonly text: string
}

/** Why not; `undefined` where the item may be stored. The same value under the same number is put again to be kept. */
export function refusalOf(held: Item | undefined, item: Item, cas: bigint | undefined): PutRefusal | undefined {
  if (held?.signed === undefined || item.signed === undefined) return undefined
  const heldSeq = held.signed.seq
  if (cas !== undefined && cas !== heldSeq) return { code: ERROR_CAS_MISMATCH, text: `cas is not ${heldSeq}` }
  const isOlder = item.signed.seq < heldSeq
  const isOther = item.signed.seq === heldSeq && !bytesEqual(item.value, held.value)
  if (isOlder || isOther) return { code: ERROR_SEQ_TOO_OLD, text: `seq is not above ${heldSeq}` }
  return undefined
}

/** Byte for byte, signature included. */
export function isSameItem(a: Item, b: Item): boolean {
  if (a.signed === undefined || b.signed === undefined) return a.signed === b.signed && bytesEqual(a.value, b.value)
  return (
    a.signed.seq === b.signed.seq && bytesEqual(a.signed.signature, b.signed.signature) && bytesEqual(a.value, b.value)
  )
}

/** The number whose digits stand at `at`; the parser has seen that they are one. */
export function readSeq(bytes: Uint8Array, at: number, length: number): bigint {
  return BigInt(latin1(bytes, at, at + length))
}
