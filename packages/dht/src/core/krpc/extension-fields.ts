/**
 * What the parser has found of the keys that BEP 33 (scrape), 44 (items) and 51 (samples) add. They are rare, so they are
 * cleared only where a datagram had any. Of an item's fields a wrong one is not a missing one: without its key, a mutable
 * item would be taken for an immutable one.
 */

import type { BencodeCursor } from '../bencode/cursor.ts'
import { FILTER_BYTES } from '../storage/bloom-filter.ts'
import { isText } from './is-text.ts'
import { ID_LENGTH, type ResponseExtension } from './message.ts'

const PUBLIC_KEY_BYTES = 32
const SIGNATURE_BYTES = 64
const INT64_MAX = '9223372036854775807'

const V = 0x76
const K = 0x6b
const S = 0x73
const C = 0x63
const N = 0x6e
const B = 0x42
const I = 0x69

export class ExtensionFields {
  isUsed = false
  /** What is wrong in the fields of an item. */
  itemFault: string | undefined = undefined
  valueAt = -1
  valueLength = 0
  publicKeyAt = -1
  signatureAt = -1
  saltAt = -1
  saltLength = 0
  /** The digits of a number from 0 to 2^63 - 1. */
  seqAt = -1
  seqLength = 0
  casAt = -1
  casLength = 0
  isSeed = false
  noSeed = false
  isScrape = false
  seedFilterAt = -1
  peerFilterAt = -1
  samplesAt = -1
  samplesLength = 0
  num = 0
  interval = 0

  clear(): void {
    if (!this.isUsed) return
    this.isUsed = false
    this.itemFault = undefined
    this.valueAt = -1
    this.valueLength = 0
    this.publicKeyAt = -1
    this.signatureAt = -1
    this.saltAt = -1
    this.saltLength = 0
    this.seqAt = -1
    this.seqLength = 0
    this.casAt = -1
    this.casLength = 0
    this.isSeed = false
    this.noSeed = false
    this.isScrape = false
    this.seedFilterAt = -1
    this.peerFilterAt = -1
    this.samplesAt = -1
    this.samplesLength = 0
    this.num = 0
    this.interval = 0
  }

  /** Whether the key at `keyAt` is one of ours; `read` then reads its value. */
  has({ bytes }: BencodeCursor, keyAt: number, keyLength: number): boolean {
    const letter = bytes[keyAt]
    switch (keyLength) {
      case 1:
        return letter === V || letter === K
      case 3:
        if (letter === S) return isText(bytes, keyAt, 'seq') || isText(bytes, keyAt, 'sig')
        return letter === C ? isText(bytes, keyAt, 'cas') : letter === N && isText(bytes, keyAt, 'num')
      case 4:
        if (letter === S) return isText(bytes, keyAt, 'seed') || isText(bytes, keyAt, 'salt')
        return letter === B && (isText(bytes, keyAt, 'BFsd') || isText(bytes, keyAt, 'BFpe'))
      case 6:
        return letter === S ? isText(bytes, keyAt, 'scrape') : letter === N && isText(bytes, keyAt, 'noseed')
      case 7:
        return letter === S && isText(bytes, keyAt, 'samples')
      case 8:
        return letter === I && isText(bytes, keyAt, 'interval')
      default:
        return false
    }
  }

  /** Reads the value behind the key at `keyAt`, which `has` holds for. */
  read(cursor: BencodeCursor, keyAt: number, keyLength: number): boolean {
    this.isUsed = true
    const { bytes } = cursor
    switch (keyLength) {
      case 1:
        return bytes[keyAt] === V ? this.#readValue(cursor) : this.#readPublicKey(cursor)
      case 3:
        if (bytes[keyAt] === C) return this.#readNumber(cursor, 'cas')
        if (bytes[keyAt] === N) return this.#readNumber(cursor, 'num')
        return bytes[keyAt + 1] === 0x65 ? this.#readNumber(cursor, 'seq') : this.#readSignature(cursor)
      case 4:
        if (bytes[keyAt] === B) return this.#readFilter(cursor, bytes[keyAt + 2] === S)
        return bytes[keyAt + 1] === 0x65 ? this.#readFlag(cursor, 'isSeed') : this.#readSalt(cursor)
      case 6:
        return this.#readFlag(cursor, bytes[keyAt] === S ? 'isScrape' : 'noSeed')
      case 7:
        return this.#readSamples(cursor)
      default:
        return this.#readNumber(cursor, 'interval')
    }
  }

  #readValue(cursor: BencodeCursor): boolean {
    const { at } = cursor
    if (!cursor.skip()) return false
    if (this.valueAt < 0) {
      this.valueAt = at
      this.valueLength = cursor.at - at
    }
    return true
  }

  #readPublicKey(cursor: BencodeCursor): boolean {
    if (!cursor.isString()) return this.#spoil(cursor, 'k is not 32 bytes')
    if (!cursor.readString()) return false
    if (cursor.stringLength !== PUBLIC_KEY_BYTES) this.itemFault ??= 'k is not 32 bytes'
    else if (this.publicKeyAt < 0) this.publicKeyAt = cursor.stringAt
    return true
  }

  #readSignature(cursor: BencodeCursor): boolean {
    if (!cursor.isString()) return this.#spoil(cursor, 'sig is not 64 bytes')
    if (!cursor.readString()) return false
    if (cursor.stringLength !== SIGNATURE_BYTES) this.itemFault ??= 'sig is not 64 bytes'
    else if (this.signatureAt < 0) this.signatureAt = cursor.stringAt
    return true
  }

  #readSalt(cursor: BencodeCursor): boolean {
    if (!cursor.isString()) return this.#spoil(cursor, 'salt is not a string')
    if (!cursor.readString()) return false
    if (this.saltAt < 0) {
      this.saltAt = cursor.stringAt
      this.saltLength = cursor.stringLength
    }
    return true
  }

  #readNumber(cursor: BencodeCursor, name: 'seq' | 'cas' | 'num' | 'interval'): boolean {
    const firstAt = cursor.at + 1
    if (!cursor.isInteger()) return this.#spoil(cursor, `${name} is not a number`)
    if (!cursor.readInteger()) return false
    if (name === 'num' || name === 'interval') {
      if (cursor.integer >= 0) this[name] = cursor.integer
      return true
    }
    const length = cursor.at - 1 - firstAt
    if (!isInt64(cursor.bytes, firstAt, length)) this.itemFault ??= `${name} is not 0 to 2^63 - 1`
    else if (name === 'seq' && this.seqAt < 0) {
      this.seqAt = firstAt
      this.seqLength = length
    } else if (name === 'cas' && this.casAt < 0) {
      this.casAt = firstAt
      this.casLength = length
    }
    return true
  }

  #readFlag(cursor: BencodeCursor, name: 'isSeed' | 'noSeed' | 'isScrape'): boolean {
    if (!cursor.isInteger()) return cursor.skip()
    if (!cursor.readInteger()) return false
    if (cursor.integer === 1) this[name] = true
    return true
  }

  #readFilter(cursor: BencodeCursor, isOfSeeds: boolean): boolean {
    if (!cursor.isString()) return cursor.skip()
    if (!cursor.readString()) return false
    if (cursor.stringLength !== FILTER_BYTES) return true
    if (isOfSeeds) this.seedFilterAt = cursor.stringAt
    else this.peerFilterAt = cursor.stringAt
    return true
  }

  #readSamples(cursor: BencodeCursor): boolean {
    if (!cursor.isString()) return cursor.skip()
    if (!cursor.readString()) return false
    if (this.samplesAt < 0 && cursor.stringLength % ID_LENGTH === 0) {
      this.samplesAt = cursor.stringAt
      this.samplesLength = cursor.stringLength
    }
    return true
  }

  #spoil(cursor: BencodeCursor, fault: string): boolean {
    this.itemFault ??= fault
    return cursor.skip()
  }

  /** What a response has of these; `undefined` where it has none. An item that is wrong in any field is none. */
  ofResponse(): ResponseExtension | undefined {
    if (!this.isUsed) return undefined
    const isItem = this.itemFault === undefined
    return {
      valueAt: isItem ? this.valueAt : -1,
      valueLength: this.valueLength,
      publicKeyAt: this.publicKeyAt,
      signatureAt: this.signatureAt,
      seqAt: isItem ? this.seqAt : -1,
      seqLength: this.seqLength,
      seedFilterAt: this.seedFilterAt,
      peerFilterAt: this.peerFilterAt,
      samplesAt: this.samplesAt,
      samplesLength: this.samplesLength,
      num: this.num,
      interval: this.interval,
    }
  }
}

/** Whether the digits (a minus sign is none) are a number from 0 to 2^63 - 1. The cursor has seen that no zero leads. */
function isInt64(bytes: Uint8Array, at: number, length: number): boolean {
  if (length > INT64_MAX.length || bytes[at] === 0x2d) return false
  if (length < INT64_MAX.length) return true
  for (let i = 0; i < length; i++) {
    const difference = (bytes[at + i] as number) - INT64_MAX.charCodeAt(i)
    if (difference !== 0) return difference < 0
  }
  return true
}
