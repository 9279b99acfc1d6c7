/**
 * The item of a record: its time, and the SHA-256 of key, type and hash. A signature can be made anew over the same hash, and a hash
 * alone covers no key, so neither of them could name a record.
 */

import { type Hash, hashHex } from '@shoal/base'
import { changeSetOf, isCrdtRecord } from '../crdt/change-set.ts'
import type { WireRecord } from '../records/record.ts'
import { ID_BYTES, packPlace } from './sync-item.ts'

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

/** As the tree has it: eight bytes of time, then the id. */
export function packedOf({ time, id }: NamedItem): Uint8Array {
  const packed = packPlace(time, NO_ID)
  const start = packed.length - ID_BYTES
  for (let i = 0; i < ID_BYTES; i++) {
    packed[start + i] = (hexDigit(id.charCodeAt(2 * i)) << 4) | hexDigit(id.charCodeAt(2 * i + 1))
  }
  return packed
}

const NO_ID = new Uint8Array(0)

/** Of 0 to 9 and a to f, as a hash has them. */
function hexDigit(unit: number): number {
  return (unit & 15) + (unit > 0x39 ? 9 : 0)
}
