/**
 * The item of a record: its time, and the SHA-256 of key, type and hash. A signature can be made anew over the same hash, and a hash
 * alone covers no key, so neither of them could name a record.
 */

import { type Hash, hashHex } from '@shoal/base'
import { changeSetOf, isCrdtRecord } from '../crdt/change-set.ts'
import type { WireRecord } from '../records/record.ts'
import { ID_BYTES, ITEM_BYTES, writeTime } from './sync-item.ts'

/** An item as rows and maps name it. */
export interface NamedItem {
  readonly time: number
  /** Hex. */
  readonly id: string
}

export type ItemSource = Pick<WireRecord, 'k' | 't' | 'h' | 'c' | 'v' | 'a'>

/** Of one set of changes there is one row, whatever type it was labelled with: its kind stands for it. */
export function itemOf(record: ItemSource, sha256: Hash): NamedItem {
  const type = isCrdtRecord(record) ? (changeSetOf(record)?.kind ?? record.c) : record.c
  return namedItem({ key: record.k, type, hash: record.h, time: record.t }, sha256)
}

export function namedItem(
  { key, type, hash, time }: { key: string; type: string | null; hash: string; time: number },
  sha256: Hash,
): NamedItem {
  // 64 digits, then a type without a line feed, which ends it: no two records have one text.
  return { time, id: hashHex(sha256, `${hash}${type ?? ''}\n${key}`) }
}

/** As the tree has it: eight bytes of time, then the id. Good until the next call. */
export function packedOf({ time, id }: NamedItem): Uint8Array {
  writeTime(time, PACKED)
  for (let i = 0; i < ID_BYTES; i++) {
    PACKED[ID_START + i] = (digitAt(id, 2 * i) << 4) | digitAt(id, 2 * i + 1)
  }
  return PACKED
}

const PACKED = new Uint8Array(ITEM_BYTES)
const ID_START = ITEM_BYTES - ID_BYTES

/** By the unit of a lower-case hex digit, as a hash has them: a table is quicker than arithmetic here. */
const DIGITS = new Uint8Array(128)
for (let i = 0; i < 16; i++) DIGITS[i.toString(16).charCodeAt(0)] = i

function digitAt(hex: string, index: number): number {
  return DIGITS[hex.charCodeAt(index)] as number
}
