/** Values that callers put into the DHT and get from it (BEP 44): from JavaScript to canonical bencoding and back. */

import { compareBytes, concatBytes, latin1, UsageError, utf8, utf8Text } from '@shoal/base'
import { BencodeCursor, DEPTH_MAX } from './cursor.ts'

/** What can be put: texts become UTF-8, keys of objects too. A property that is undefined is left out. */
export type BencodeInput =
  | Uint8Array
  | string
  | number
  | bigint
  | readonly BencodeInput[]
  | { readonly [key: string]: BencodeInput | undefined }

/**
 * What comes back: bencoded strings as bytes, integers as numbers (as a bigint beyond 2^53), dictionaries as objects without a
 * prototype. Keys are read as UTF-8; in a dictionary with a key that is not, all keys have one character a byte.
 */
export type BencodeValue = Uint8Array | number | bigint | BencodeValue[] | { [key: string]: BencodeValue }

/** The canonical encoding. Throws UsageError where the value has none. */
export function encodeValue(value: BencodeInput): Uint8Array {
  const parts: Uint8Array[] = []
  write(value, parts, 0)
  return concatBytes(...parts)
}

function write(value: BencodeInput | undefined, parts: Uint8Array[], depth: number): void {
  if (depth > DEPTH_MAX)
    throw new UsageError(`a value to put may nest ${DEPTH_MAX} levels deep, and this one is deeper`)
  if (value instanceof Uint8Array) writeString(value, parts)
  else if (typeof value === 'string') writeString(encodeText(value), parts)
  else if (typeof value === 'bigint' || Number.isSafeInteger(value)) parts.push(utf8(`i${BigInt(value as number)}e`))
  else if (Array.isArray(value)) {
    parts.push(utf8('l'))
    for (const entry of value as readonly BencodeInput[]) write(entry, parts, depth + 1)
    parts.push(utf8('e'))
  } else if (isRecord(value)) writeRecord(value, parts, depth)
  else {
    const what = typeof value === 'number' ? String(value) : value === null ? 'null' : typeof value
    throw new UsageError(
      `a value to put is made of bytes, texts, whole numbers, arrays and plain objects, not of ${what}`,
    )
  }
}

function writeRecord(value: Record<string, BencodeInput | undefined>, parts: Uint8Array[], depth: number): void {
  const entries: { key: Uint8Array; entry: BencodeInput }[] = []
  for (const [key, entry] of Object.entries(value))
    if (entry !== undefined) entries.push({ key: encodeText(key), entry })
  entries.sort((a, b) => compareBytes(a.key, b.key))
  parts.push(utf8('d'))
  for (const { key, entry } of entries) {
    writeString(key, parts)
    write(entry, parts, depth + 1)
  }
  parts.push(utf8('e'))
}

function writeString(bytes: Uint8Array, parts: Uint8Array[]): void {
  parts.push(utf8(`${bytes.length}:`), bytes)
}

function encodeText(text: string): Uint8Array {
  const bytes = utf8(text)
  // Half of a surrogate pair would silently become another character.
  if (utf8Text(bytes) !== text) throw new UsageError('a text to put must be well-formed Unicode: give bytes instead')
  return bytes
}

function isRecord(value: unknown): value is Record<string, BencodeInput | undefined> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

/** The value of bytes that `isCanonical` holds for. */
export function decodeValue(bytes: Uint8Array): BencodeValue {
  const cursor = new BencodeCursor()
  cursor.reset(bytes)
  return read(cursor)
}

function read(cursor: BencodeCursor): BencodeValue {
  if (cursor.isString()) {
    cursor.readString()
    return cursor.bytes.slice(cursor.stringAt, cursor.stringAt + cursor.stringLength)
  }
  if (cursor.isInteger()) {
    const firstAt = cursor.at + 1
    cursor.readInteger()
    const number = cursor.integer
    if (!Number.isNaN(number)) return number
    const exact = BigInt(latin1(cursor.bytes, firstAt, cursor.at - 1))
    return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact
  }
  if (cursor.enterList()) {
    const list: BencodeValue[] = []
    while (!cursor.leave()) list.push(read(cursor))
    return list
  }
  cursor.enterDictionary()
  return readDictionary(cursor)
}

function readDictionary(cursor: BencodeCursor): BencodeValue {
  const keys: Uint8Array[] = []
  const values: BencodeValue[] = []
  while (!cursor.leave()) {
    cursor.readString()
    keys.push(cursor.bytes.subarray(cursor.stringAt, cursor.stringAt + cursor.stringLength))
    values.push(read(cursor))
  }
  const texts = keys.map((key) => utf8Text(key))
  const isText = texts.every((text) => text !== undefined)
  const dictionary = Object.create(null) as { [key: string]: BencodeValue }
  for (const [i, key] of keys.entries())
    dictionary[isText ? (texts[i] as string) : latin1(key)] = values[i] as BencodeValue
  return dictionary
}
