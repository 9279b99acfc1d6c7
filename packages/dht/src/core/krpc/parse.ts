/**
 * One datagram to one typed message, in a single pass. Decisions where BEP 5 is silent: the order of keys does
 * not matter; keys we do not know are stepped over; of a repeated key the first value of the right type counts; a
 * known key of a wrong type counts as missing; bytes behind the message are ignored. Nothing throws.
 */

import { utf8 } from '@shoal/base'
import { BencodeCursor } from '../bencode/cursor.ts'
import { KrpcFields, NO_OFFSETS, WANT_IPV4, WANT_IPV6 } from './fields.ts'
import { isText, wordAt } from './is-text.ts'
import {
  ID_LENGTH,
  type KrpcMessage,
  type KrpcRejection,
  type RejectionReason,
  TOKEN_MAX,
  TRANSACTION_ID_MAX,
} from './message.ts'
import { errorOf, queryOf, responseOf } from './typed-message.ts'

/** Longer datagrams are nobody's KRPC: BEP 44 items and BEP 33 filters stay below. */
export const DATAGRAM_MAX = 2_048
/** As many 6-byte peers as fit into the longest datagram. */
const VALUES_MAX = 256
const COMPACT_IPV4_NODE = 26
const COMPACT_IPV6_NODE = 38
const COMPACT_IPV4 = 6
const COMPACT_IPV6 = 18
/** With its length before it. */
const PEER_IN_LIST = 2 + COMPACT_IPV4
const SIX = 0x36
const COLON = 0x3a

const T = 0x74
const Y = 0x79
const Q = 0x71
const A = 0x61
const R = 0x72
const E = 0x65
const I = 0x69
const P = 0x70
const O = 0x6f
const D = 0x64
const N = 0x6e
const S = 0x73
const H = 0x68

const TOKE = wordAt(utf8('toke'), 0)
const NODE = wordAt(utf8('node'), 0)
const VALU = wordAt(utf8('valu'), 0)
const INFO = wordAt(utf8('info'), 0)
const HAS = wordAt(utf8('_has'), 0)

const REJECTIONS: { readonly [reason in RejectionReason]: KrpcRejection } = {
  truncated: { kind: 'rejected', reason: 'truncated' },
  syntax: { kind: 'rejected', reason: 'syntax' },
  'too-deep': { kind: 'rejected', reason: 'too-deep' },
  'too-long': { kind: 'rejected', reason: 'too-long' },
  'not-a-dictionary': { kind: 'rejected', reason: 'not-a-dictionary' },
  'no-transaction-id': { kind: 'rejected', reason: 'no-transaction-id' },
  'no-type': { kind: 'rejected', reason: 'no-type' },
  'response-without-id': { kind: 'rejected', reason: 'response-without-id' },
}

/** Reusable: holds the offsets of the datagram being parsed, so that a parse allocates nothing but its result. */
export class KrpcParser {
  readonly #cursor = new BencodeCursor()
  readonly #fields = new KrpcFields()

  parse(bytes: Uint8Array): KrpcMessage | KrpcRejection {
    if (bytes.length > DATAGRAM_MAX) return REJECTIONS['too-long']
    const cursor = this.#cursor
    cursor.reset(bytes)
    const fields = this.#fields
    fields.clear()
    if (!cursor.enterDictionary()) return REJECTIONS['not-a-dictionary']
    while (!cursor.leave()) {
      if (!cursor.readString() || !this.#readTop(bytes)) return REJECTIONS[cursor.fault]
    }
    if (fields.transactionAt < 0) return REJECTIONS['no-transaction-id']
    switch (fields.type) {
      case Q:
        return queryOf(fields, bytes)
      case R:
        if (!fields.hasResponse || fields.idAt < 0) return REJECTIONS['response-without-id']
        return responseOf(fields)
      case E:
        return errorOf(fields)
      default:
        return REJECTIONS['no-type']
    }
  }

  /** Reads the value behind the top-level key that the cursor has just read. */
  #readTop(bytes: Uint8Array): boolean {
    const cursor = this.#cursor
    const keyAt = cursor.stringAt
    if (cursor.stringLength === 1) return this.#readTopLetter(bytes[keyAt] as number)
    if (cursor.stringLength === 2) {
      const first = bytes[keyAt]
      const second = bytes[keyAt + 1]
      if (first === I && second === P && cursor.isString()) return this.#readIp()
      if (first === R && second === O && cursor.isInteger()) {
        if (!cursor.readInteger()) return false
        if (cursor.integer !== 0) this.#fields.isReadOnly = true
        return true
      }
    }
    return cursor.skip()
  }

  #readTopLetter(letter: number): boolean {
    const cursor = this.#cursor
    switch (letter) {
      case A:
        return cursor.enterDictionary() ? this.#readArguments() : cursor.skip()
      case R:
        if (!cursor.enterDictionary()) return cursor.skip()
        this.#fields.hasResponse = true
        return this.#readArguments()
      case E:
        return cursor.enterList() ? this.#readError() : cursor.skip()
      case T:
        if (!cursor.isString()) return cursor.skip()
        if (!cursor.readString()) return false
        if (this.#fields.transactionAt < 0 && cursor.stringLength <= TRANSACTION_ID_MAX) {
          this.#fields.transactionAt = cursor.stringAt
          this.#fields.transactionLength = cursor.stringLength
        }
        return true
      case Y:
        if (!cursor.isString()) return cursor.skip()
        if (!cursor.readString()) return false
        if (this.#fields.type === 0 && cursor.stringLength === 1)
          this.#fields.type = cursor.bytes[cursor.stringAt] as number
        return true
      case Q:
        if (!cursor.isString()) return cursor.skip()
        if (!cursor.readString()) return false
        if (this.#fields.methodAt < 0) {
          this.#fields.methodAt = cursor.stringAt
          this.#fields.methodLength = cursor.stringLength
        }
        return true
      default:
        return cursor.skip()
    }
  }

  #readIp(): boolean {
    const cursor = this.#cursor
    if (!cursor.readString()) return false
    if (this.#fields.ipAt < 0 && (cursor.stringLength === COMPACT_IPV4 || cursor.stringLength === COMPACT_IPV6)) {
      this.#fields.ipAt = cursor.stringAt
      this.#fields.ipLength = cursor.stringLength
    }
    return true
  }

  /** The dictionary of `a` or `r`, behind its first byte. */
  #readArguments(): boolean {
    const cursor = this.#cursor
    while (!cursor.leave()) {
      if (!cursor.readString() || !this.#readArgument(cursor.stringAt, cursor.stringLength)) return false
    }
    return true
  }

  #readArgument(keyAt: number, keyLength: number): boolean {
    const cursor = this.#cursor
    const { extension } = this.#fields
    if (extension.has(cursor, keyAt, keyLength)) return extension.read(cursor, keyAt, keyLength)
    if (cursor.isString()) {
      if (!cursor.readString()) return false
      this.#keepString(keyAt, keyLength)
      return true
    }
    if (cursor.isInteger()) {
      if (!cursor.readInteger()) return false
      this.#keepInteger(keyAt, keyLength)
      return true
    }
    if (keyLength === 6 && !this.#fields.hasValues && isValues(cursor.bytes, keyAt) && cursor.enterList()) {
      return this.#readValues()
    }
    if (keyLength === 4 && !this.#fields.hasWant && isText(cursor.bytes, keyAt, 'want') && cursor.enterList()) {
      return this.#readWant()
    }
    return cursor.skip()
  }

  #keepString(keyAt: number, keyLength: number): void {
    const { bytes, stringAt, stringLength } = this.#cursor
    const fields = this.#fields
    switch (keyLength) {
      case 2:
        if (fields.idAt < 0 && stringLength === ID_LENGTH && bytes[keyAt] === I && bytes[keyAt + 1] === D)
          fields.idAt = stringAt
        return
      case 5:
        if (wordAt(bytes, keyAt) === TOKE && bytes[keyAt + 4] === N) {
          if (fields.tokenAt >= 0 || stringLength > TOKEN_MAX) return
          fields.tokenAt = stringAt
          fields.tokenLength = stringLength
        } else if (wordAt(bytes, keyAt) === NODE && bytes[keyAt + 4] === S) {
          if (fields.nodesAt >= 0 || stringLength % COMPACT_IPV4_NODE !== 0) return
          fields.nodesAt = stringAt
          fields.nodesLength = stringLength
        }
        return
      case 6:
        if (fields.targetAt < 0 && stringLength === ID_LENGTH && isText(bytes, keyAt, 'target')) {
          fields.targetAt = stringAt
        } else if (fields.nodes6At < 0 && stringLength % COMPACT_IPV6_NODE === 0 && isText(bytes, keyAt, 'nodes6')) {
          fields.nodes6At = stringAt
          fields.nodes6Length = stringLength
        }
        return
      case 9:
        if (fields.infoHashAt < 0 && stringLength === ID_LENGTH && isInfoHash(bytes, keyAt)) {
          fields.infoHashAt = stringAt
        }
        return
      default:
    }
  }

  #keepInteger(keyAt: number, keyLength: number): void {
    const { bytes, integer } = this.#cursor
    if (keyLength === 4) {
      if (this.#fields.port < 0 && integer >= 0 && isText(bytes, keyAt, 'port')) this.#fields.port = integer
    } else if (keyLength === 12 && integer !== 0 && isText(bytes, keyAt, 'implied_port')) {
      this.#fields.isPortImplied = true
    }
  }

  #readValues(): boolean {
    const cursor = this.#cursor
    const { bytes } = cursor
    let values6: number[] | undefined
    // Peers of IPv4 one behind the other, as nearly every list has them: looked at as bytes, without the cursor's ceremony.
    const firstAt = cursor.at
    let { at } = cursor
    while (bytes[at] === SIX && bytes[at + 1] === COLON && at + PEER_IN_LIST <= bytes.length) at += PEER_IN_LIST
    const values = new Array<number>(Math.min((at - firstAt) / PEER_IN_LIST, VALUES_MAX))
    for (let i = 0; i < values.length; i++) values[i] = firstAt + i * PEER_IN_LIST + 2
    cursor.at = at
    while (!cursor.leave()) {
      if (!cursor.isString()) {
        if (!cursor.skip()) return false
        continue
      }
      if (!cursor.readString()) return false
      if (cursor.stringLength === COMPACT_IPV4) {
        if (values.length < VALUES_MAX) values.push(cursor.stringAt)
      } else if (cursor.stringLength === COMPACT_IPV6) {
        values6 ??= []
        if (values6.length < VALUES_MAX) values6.push(cursor.stringAt)
      }
    }
    this.#fields.hasValues = true
    this.#fields.values = values
    this.#fields.values6 = values6 ?? NO_OFFSETS
    return true
  }

  /** BEP 32: what we do not know in the list is stepped over. */
  #readWant(): boolean {
    const cursor = this.#cursor
    let want = 0
    while (!cursor.leave()) {
      if (!cursor.isString()) {
        if (!cursor.skip()) return false
        continue
      }
      if (!cursor.readString()) return false
      if (cursor.stringLength !== 2) continue
      if (isText(cursor.bytes, cursor.stringAt, 'n4')) want |= WANT_IPV4
      else if (isText(cursor.bytes, cursor.stringAt, 'n6')) want |= WANT_IPV6
    }
    this.#fields.hasWant = true
    this.#fields.want = want
    return true
  }

  #readError(): boolean {
    const cursor = this.#cursor
    if (cursor.isInteger()) {
      if (!cursor.readInteger()) return false
      if (cursor.integer > 0) this.#fields.errorCode = cursor.integer
    }
    while (!cursor.leave()) if (!cursor.skip()) return false
    return true
  }
}

function isValues(bytes: Uint8Array, at: number): boolean {
  return wordAt(bytes, at) === VALU && bytes[at + 4] === E && bytes[at + 5] === S
}

function isInfoHash(bytes: Uint8Array, at: number): boolean {
  return wordAt(bytes, at) === INFO && wordAt(bytes, at + 4) === HAS && bytes[at + 8] === H
}
