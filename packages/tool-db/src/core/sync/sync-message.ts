/**
 * One step of a reconciliation, as bytes. A message tiles the whole order of items from its start with ranges; each says what its sender
 * has there: nothing to tell, a fingerprint, or the ids.
 *
 * ```
 * message      version (0x01) range*
 * range        place kind body
 * place        0 for the end, else 1 + (time - time of the place before) as a varint; then one byte: length of the id's prefix, the prefix
 * kind         0 skip | 1 fingerprint, 32 bytes | 2 ids: number as a varint, 32 bytes each
 * varint       as in LEB128: seven bits a byte, lowest first, at most 7 bytes
 * ```
 *
 * The idea is range-based set reconciliation (Meyer, 2022) as the Negentropy v1 protocol does it; the bytes are our own.
 */

import { comparePlaces, END, ID_BYTES, type Place, packPlace, prefixLength, START, timeOf } from './sync-item.ts'

export const FINGERPRINT_BYTES = 32
const VERSION = 1
/** Seven bytes of seven bits: 49 bits, more than any time of 13 digits needs. */
const VARINT_BYTES_MAX = 7

export type RangeContent =
  | { readonly kind: 'skip' }
  | { readonly kind: 'fingerprint'; readonly fingerprint: Uint8Array }
  | { readonly kind: 'ids'; readonly ids: readonly Uint8Array[] }

/** From the end of the range before it (or the start) to `to`. */
export interface SyncRange {
  readonly to: Place
  readonly content: RangeContent
}

export type SyncMessage = readonly SyncRange[]

export type ParsedSync =
  | { readonly ok: true; readonly message: SyncMessage }
  | { readonly ok: false; readonly reason: string }

/** The bytes of a range with that content at most, its place included. */
export function rangeBytes(content: RangeContent): number {
  const place = VARINT_BYTES_MAX + 1 + ID_BYTES
  switch (content.kind) {
    case 'skip':
      return place + 1
    case 'fingerprint':
      return place + 1 + FINGERPRINT_BYTES
    case 'ids':
      return place + 1 + VARINT_BYTES_MAX + content.ids.length * ID_BYTES
  }
}

export function serialiseSync(message: SyncMessage): Uint8Array {
  let size = 1
  for (const { content } of message) size += rangeBytes(content)
  const writer = new Writer(size)
  writer.byte(VERSION)
  let time = 0
  for (const { to, content } of message) {
    if (to === END) writer.varint(0)
    else {
      writer.varint(1 + timeOf(to) - time)
      time = timeOf(to)
      const length = prefixLength(to)
      writer.byte(length)
      writer.bytes(to.subarray(to.length - ID_BYTES, to.length - ID_BYTES + length))
    }
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
        writer.varint(content.ids.length)
        for (const id of content.ids) writer.bytes(id)
        break
    }
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

function readPlace(reader: Reader, timeBefore: number): Place | undefined {
  const delta = reader.varint()
  if (delta === undefined) return undefined
  if (delta === 0) return END
  const time = timeBefore + delta - 1
  const length = reader.byte()
  if (length === undefined || length > ID_BYTES || !Number.isSafeInteger(time)) return undefined
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
      const count = reader.varint()
      if (count === undefined || count * ID_BYTES > reader.left) return undefined
      const ids: Uint8Array[] = []
      for (let i = 0; i < count; i++) ids.push(reader.bytes(ID_BYTES) as Uint8Array)
      return { kind: 'ids', ids }
    }
    default:
      return undefined
  }
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
