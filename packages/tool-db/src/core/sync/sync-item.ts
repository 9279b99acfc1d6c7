/**
 * What is reconciled: items of a time and an id, ordered by both. An item is packed into 40 bytes, time first and
 * big-endian, so that the order of items is the order of their bytes.
 */

import { assert } from '@shoal/base'

export const ID_BYTES = 32
const TIME_BYTES = 8
export const ITEM_BYTES: number = TIME_BYTES + ID_BYTES

export interface SyncItem {
  /** Whole milliseconds since 1970. */
  readonly time: number
  /** SHA-256 over key, type and hash of a record. */
  readonly id: Uint8Array
}

/**
 * A place between items: everything before it is smaller. Packed as an item is, or `END`, behind all of them. A place need not be that
 * of an item: it may carry only as much of an id as sets two neighbours apart, the rest being zeros.
 */
export type Place = Uint8Array | typeof END

export const END = 'end'

/** From the first place (included) to the second (excluded). */
export interface PlaceRange {
  readonly from: Uint8Array
  readonly to: Place
}

/** Before all items. */
export const START: Uint8Array = new Uint8Array(ITEM_BYTES)

export function packItem({ time, id }: SyncItem): Uint8Array {
  assert(id.length === ID_BYTES, 'an id has 32 bytes')
  return packPlace(time, id)
}

/** The place of this time and the first bytes of an id. */
export function packPlace(time: number, idPrefix: Uint8Array): Uint8Array {
  const packed = new Uint8Array(ITEM_BYTES)
  writeTime(time, packed)
  packed.set(idPrefix, TIME_BYTES)
  return packed
}

/** The eight bytes in front of an id. */
export function writeTime(time: number, into: Uint8Array): void {
  assert(Number.isSafeInteger(time) && time >= 0, 'a time is a whole number of milliseconds')
  const [high, low] = [Math.floor(time / 2 ** 32), time >>> 0]
  for (let i = 0; i < 4; i++) {
    into[3 - i] = high >>> (8 * i)
    into[7 - i] = low >>> (8 * i)
  }
}

export function timeOf(packed: Uint8Array): number {
  const view = new DataView(packed.buffer, packed.byteOffset)
  return view.getUint32(0) * 2 ** 32 + view.getUint32(4)
}

export function idOf(packed: Uint8Array): Uint8Array {
  return packed.subarray(TIME_BYTES, ITEM_BYTES)
}

export function unpackItem(packed: Uint8Array): SyncItem {
  return { time: timeOf(packed), id: idOf(packed).slice() }
}

/** The shortest place that has `before` in front of it and `after` behind it; `before` is smaller. */
export function placeBetween(before: Uint8Array, after: Uint8Array): Uint8Array {
  const time = timeOf(after)
  if (timeOf(before) !== time) return packPlace(time, new Uint8Array(0))
  let shared = TIME_BYTES
  while (before[shared] === after[shared]) shared++
  return packPlace(time, after.subarray(TIME_BYTES, shared + 1))
}

/** How many bytes of the id a place carries: its zeros at the end need not be written. */
export function prefixLength(place: Uint8Array): number {
  let length = ID_BYTES
  while (length > 0 && place[TIME_BYTES + length - 1] === 0) length--
  return length
}

/** Compares the item that lies at `offset` in `bytes` with a place: negative where the item is smaller. */
export function compareAt(bytes: Uint8Array, offset: number, place: Uint8Array): number {
  for (let i = 0; i < ITEM_BYTES; i++) {
    const difference = (bytes[offset + i] as number) - (place[i] as number)
    if (difference !== 0) return difference
  }
  return 0
}

export function comparePlaces(a: Place, b: Place): number {
  if (a === END) return b === END ? 0 : 1
  if (b === END) return -1
  return compareAt(a, 0, b)
}
