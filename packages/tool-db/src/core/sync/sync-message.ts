/**
 * One step of a reconciliation, as bytes. A message tiles the whole order of items from its start with ranges; each says what its sender
 * has there: nothing to tell; a fingerprint; all of its items; those that the other side did not list; more of these than it lists.
 *
 * ```
 * message      version (0x02) range*
 * range        place kind body
 * place        0 for the end, else 1 + (time - time of the place before) as a varint; then one byte: length of the id's prefix, the prefix
 * kind         0 skip | 1 fingerprint, 8 bytes | 2 ids, items | 3 back, items | 4 many
 * items        number as a varint; each: (time - time of the one before) as a varint, id of 32 bytes; in order
 * want         version (0x02), then 0 items | 1 place place
 * varint       as in LEB128: seven bits a byte, lowest first, at most 7 bytes
 * ```
 *
 * The idea is range-based set reconciliation (Meyer, 2022) as the Negentropy v1 protocol does it; the bytes are our own.
 */

import {
  comparePlaces,
  END,
  ID_BYTES,
  type Place,
  type PlaceRange,
  packPlace,
  prefixLength,
  START,
  type SyncItem,
  timeOf,
} from './sync-item.ts'

export const FINGERPRINT_BYTES = 8
/** What one message may have us look up, whatever its length. */
const RANGES_MAX = 4_096
const VERSION = 2
/** Seven bytes of seven bits: 49 bits, more than any time of 13 digits needs. */
const VARINT_BYTES_MAX = 7
/** A later time is none that a record has, and would not fit when it is written again. */
const TIME_MAX = 9_999_999_999_999

export type RangeContent =
  | { readonly kind: 'skip' }
  | { readonly kind: 'fingerprint'; readonly fingerprint: Uint8Array }
  /** All items of the range. */
  | { readonly kind: 'ids'; readonly items: readonly SyncItem[] }
  /** Those of the range that the other side has not listed. */
  | { readonly kind: 'back'; readonly items: readonly SyncItem[] }
  /** More of these than are listed. */
  | { readonly kind: 'many' }

/** From the end of the range before it (or the start) to `to`. */
export interface SyncRange {
  readonly to: Place
  readonly content: RangeContent
}

export type SyncMessage = readonly SyncRange[]

export type ParsedSync =
  | { readonly ok: true; readonly message: SyncMessage }
  | { readonly ok: false; readonly reason: string }

/** What is asked for: items by name, or all there is in a range. */
export type SyncWant =
  | { readonly kind: 'items'; readonly items: readonly SyncItem[] }
  | { readonly kind: 'range'; readonly range: PlaceRange }

/** The bytes of a range with that content at most, its place included. */
export function rangeBytes(content: RangeContent): number {
  const place = VARINT_BYTES_MAX + 1 + ID_BYTES
  switch (content.kind) {
    case 'skip':
    case 'many':
      return place + 1
    case 'fingerprint':
      return place + 1 + FINGERPRINT_BYTES
    case 'ids':
    case 'back':
      return place + 1 + itemsBytes(content.items)
  }
}

function itemsBytes(items: readonly SyncItem[]): number {
  return VARINT_BYTES_MAX + items.length * (VARINT_BYTES_MAX + ID_BYTES)
}

export function serialiseSync(message: SyncMessage): Uint8Array {
  let size = 1
  for (const { content } of message) size += rangeBytes(content)
  const writer = new Writer(size)
  writer.byte(VERSION)
  let from: Place = START
  for (const { to, content } of message) {
    writer.place(to, from)
    from = to
    switch (content.kind) {
      case 'skip':
        writer.byte(0)
        break
      case 'fingerprint':
        writer.byte(1)
        writer.bytes(content.fingerprint)
        break
      case 'ids':
        writer.byte(2)
        writer.items(content.items)
        break
      case 'back':
        writer.byte(3)
        writer.items(content.items)
        break
      case 'many':
        writer.byte(4)
        break
    }
  }
  return writer.written()
}

export function serialiseWant(want: SyncWant): Uint8Array {
  const places = 2 * (VARINT_BYTES_MAX + 1 + ID_BYTES)
  const writer = new Writer(2 + (want.kind === 'items' ? itemsBytes(want.items) : places))
  writer.byte(VERSION)
  if (want.kind === 'items') {
    writer.byte(0)
    writer.items(want.items)
  } else {
    writer.byte(1)
    writer.place(want.range.from, START)
    writer.place(want.range.to, want.range.from)
  }
  return writer.written()
}

/** Foreign bytes: whatever is wrong with them is the reason of a rejection. The memory it takes is of the order of the bytes. */
export function parseSync(bytes: Uint8Array): ParsedSync {
  const reader = new Reader(bytes)
  if (reader.byte() !== VERSION) return { ok: false, reason: 'version' }
  const message: SyncRange[] = []
  let last: Place = START
  while (!reader.atEnd) {
    if (last === END) return { ok: false, reason: 'range behind the end' }
    if (message.length === RANGES_MAX) return { ok: false, reason: 'too many ranges' }
    const to = readPlace(reader, timeOf(last))
    if (to === undefined) return { ok: false, reason: 'place' }
    if (comparePlaces(last, to) >= 0) return { ok: false, reason: 'order' }
    const content = readContent(reader)
    if (content === undefined) return { ok: false, reason: 'content' }
    message.push({ to, content })
    last = to
  }
  return { ok: true, message }
}

/** `undefined` for whatever `serialiseWant` never gives, but for the number of items. */
export function parseWant(bytes: Uint8Array): SyncWant | undefined {
  const reader = new Reader(bytes)
  if (reader.byte() !== VERSION) return undefined
  switch (reader.byte()) {
    case 0: {
      const items = readItems(reader)
      return items === undefined || !reader.atEnd ? undefined : { kind: 'items', items }
    }
    case 1: {
      const from = readPlace(reader, 0)
      if (from === undefined || from === END) return undefined
      const to = readPlace(reader, timeOf(from))
      if (to === undefined || comparePlaces(from, to) >= 0 || !reader.atEnd) return undefined
      return { kind: 'range', range: { from, to } }
    }
    default:
      return undefined
  }
}

function readPlace(reader: Reader, timeBefore: number): Place | undefined {
  const delta = reader.varint()
  if (delta === undefined) return undefined
  if (delta === 0) return END
  const time = timeBefore + delta - 1
  const length = reader.byte()
  if (length === undefined || length > ID_BYTES || time > TIME_MAX) return undefined
  const prefix = reader.bytes(length)
  return prefix && packPlace(time, prefix)
}

function readContent(reader: Reader): RangeContent | undefined {
  switch (reader.byte()) {
    case 0:
      return { kind: 'skip' }
    case 1: {
      const fingerprint = reader.bytes(FINGERPRINT_BYTES)
      return fingerprint && { kind: 'fingerprint', fingerprint }
    }
    case 2: {
      const items = readItems(reader)
      return items && { kind: 'ids', items }
    }
    case 3: {
      const items = readItems(reader)
      return items && { kind: 'back', items }
    }
    case 4:
      return { kind: 'many' }
    default:
      return undefined
  }
}

function readItems(reader: Reader): readonly SyncItem[] | undefined {
  const count = reader.varint()
  if (count === undefined || count * (1 + ID_BYTES) > reader.left) return undefined
  const items: SyncItem[] = []
  let time = 0
  for (let i = 0; i < count; i++) {
    const delta = reader.varint()
    const id = reader.bytes(ID_BYTES)
    if (delta === undefined || id === undefined || time + delta > TIME_MAX) return undefined
    time += delta
    items.push({ time, id })
  }
  return items
}

class Writer {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(size: number) {
    this.#bytes = new Uint8Array(size)
  }

  byte(value: number): void {
    this.#bytes[this.#at++] = value
  }

  bytes(value: Uint8Array): void {
    this.#bytes.set(value, this.#at)
    this.#at += value.length
  }

  varint(value: number): void {
    let left = value
    while (left >= 0x80) {
      this.byte((left % 0x80) | 0x80)
      left = Math.floor(left / 0x80)
    }
    this.byte(left)
  }

  place(place: Place, before: Place): void {
    if (place === END) {
      this.varint(0)
      return
    }
    this.varint(1 + timeOf(place) - (before === END ? 0 : timeOf(before)))
    const length = prefixLength(place)
    this.byte(length)
    this.bytes(place.subarray(place.length - ID_BYTES, place.length - ID_BYTES + length))
  }

  items(items: readonly SyncItem[]): void {
    this.varint(items.length)
    let last = 0
    for (const { time, id } of items) {
      this.varint(time - last)
      last = time
      this.bytes(id)
    }
  }

  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#at)
  }
}

class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  get atEnd(): boolean {
    return this.left === 0
  }

  byte(): number | undefined {
    return this.#bytes[this.#at++]
  }

  bytes(length: number): Uint8Array | undefined {
    if (length > this.left) return undefined
    const value = this.#bytes.slice(this.#at, this.#at + length)
    this.#at += length
    return value
  }

  varint(): number | undefined {
    let value = 0
    for (let i = 0; i < VARINT_BYTES_MAX; i++) {
      const byte = this.byte()
      if (byte === undefined) return undefined
      value += (byte & 0x7f) * 2 ** (7 * i)
      if (byte < 0x80) return value
    }
    return undefined
  }
}
