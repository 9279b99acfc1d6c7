/**
 * One datagram to one typed message, in a single pass. Decisions where BEP 5 is silent: the order of keys does
 * not matter; keys we do not know are stepped over; of a repeated key the first value of the right type counts; a
 * known key of a wrong type counts as missing; bytes behind the message are ignored. Nothing throws.
 */

import { BencodeCursor } from '../bencode/cursor.ts'
import {
  ID_LENGTH,
  type KrpcMessage,
  type KrpcRejection,
  type RejectionReason,
  TOKEN_MAX,
  TRANSACTION_ID_MAX,
} from './message.ts'

/** Longer datagrams are nobody's KRPC: BEP 44 items and BEP 33 filters stay below. */
export const DATAGRAM_MAX = 2_048
/** As many 6-byte peers as fit into the longest datagram. */
const VALUES_MAX = 256
const NO_VALUES: readonly number[] = Object.freeze([])
const COMPACT_IPV4_NODE = 26
const COMPACT_IPV4 = 6
const COMPACT_IPV6 = 18

const T = 0x74
const Y = 0x79
const Q = 0x71
const A = 0x61
const R = 0x72
const E = 0x65
const I = 0x69
const P = 0x70
const O = 0x6f

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
  #transactionAt = -1
  #transactionLength = 0
  #type = 0
  #methodAt = -1
  #methodLength = 0
  #ipAt = -1
  #ipLength = 0
  #isReadOnly = false
  #errorCode = 0
  #hasResponse = false
  #idAt = -1
  #targetAt = -1
  #infoHashAt = -1
  #tokenAt = -1
  #tokenLength = 0
  #port = -1
  #isPortImplied = false
  #nodesAt = -1
  #nodesLength = 0
  #values: readonly number[] = NO_VALUES

  parse(bytes: Uint8Array): KrpcMessage | KrpcRejection {
    if (bytes.length > DATAGRAM_MAX) return REJECTIONS['too-long']
    const cursor = this.#cursor
    cursor.reset(bytes)
    this.#clear()
    if (!cursor.enterDictionary()) return REJECTIONS['not-a-dictionary']
    while (!cursor.leave()) {
      if (!cursor.readString() || !this.#readTop(bytes)) return REJECTIONS[cursor.fault]
    }
    if (this.#transactionAt < 0) return REJECTIONS['no-transaction-id']
    switch (this.#type) {
      case Q:
        return this.#query(bytes)
      case R:
        return this.#response()
      case E:
        return {
          kind: 'error',
          transactionAt: this.#transactionAt,
          transactionLength: this.#transactionLength,
          code: this.#errorCode,
          ipAt: this.#ipAt,
          ipLength: this.#ipLength,
        }
      default:
        return REJECTIONS['no-type']
    }
  }

  #clear(): void {
    this.#transactionAt = -1
    this.#transactionLength = 0
    this.#type = 0
    this.#methodAt = -1
    this.#methodLength = 0
    this.#ipAt = -1
    this.#ipLength = 0
    this.#isReadOnly = false
    this.#errorCode = 0
    this.#hasResponse = false
    this.#idAt = -1
    this.#targetAt = -1
    this.#infoHashAt = -1
    this.#tokenAt = -1
    this.#tokenLength = 0
    this.#port = -1
    this.#isPortImplied = false
    this.#nodesAt = -1
    this.#nodesLength = 0
    this.#values = NO_VALUES
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
        if (cursor.integer !== 0) this.#isReadOnly = true
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
        this.#hasResponse = true
        return this.#readArguments()
      case E:
        return cursor.enterList() ? this.#readError() : cursor.skip()
      case T:
        if (!cursor.isString()) return cursor.skip()
        if (!cursor.readString()) return false
        if (this.#transactionAt < 0 && cursor.stringLength <= TRANSACTION_ID_MAX) {
          this.#transactionAt = cursor.stringAt
          this.#transactionLength = cursor.stringLength
        }
        return true
      case Y:
        if (!cursor.isString()) return cursor.skip()
        if (!cursor.readString()) return false
        if (this.#type === 0 && cursor.stringLength === 1) this.#type = cursor.bytes[cursor.stringAt] as number
        return true
      case Q:
        if (!cursor.isString()) return cursor.skip()
        if (!cursor.readString()) return false
        if (this.#methodAt < 0) {
          this.#methodAt = cursor.stringAt
          this.#methodLength = cursor.stringLength
        }
        return true
      default:
        return cursor.skip()
    }
  }

  #readIp(): boolean {
    const cursor = this.#cursor
    if (!cursor.readString()) return false
    if (this.#ipAt < 0 && (cursor.stringLength === COMPACT_IPV4 || cursor.stringLength === COMPACT_IPV6)) {
      this.#ipAt = cursor.stringAt
      this.#ipLength = cursor.stringLength
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
    if (keyLength === 6 && this.#values === NO_VALUES && isText(cursor.bytes, keyAt, 'values') && cursor.enterList()) {
      return this.#readValues()
    }
    return cursor.skip()
  }

  #keepString(keyAt: number, keyLength: number): void {
    const { bytes, stringAt, stringLength } = this.#cursor
    switch (keyLength) {
      case 2:
        if (this.#idAt < 0 && stringLength === ID_LENGTH && isText(bytes, keyAt, 'id')) this.#idAt = stringAt
        return
      case 5:
        if (this.#tokenAt < 0 && stringLength <= TOKEN_MAX && isText(bytes, keyAt, 'token')) {
          this.#tokenAt = stringAt
          this.#tokenLength = stringLength
        } else if (this.#nodesAt < 0 && stringLength % COMPACT_IPV4_NODE === 0 && isText(bytes, keyAt, 'nodes')) {
          this.#nodesAt = stringAt
          this.#nodesLength = stringLength
        }
        return
      case 6:
        if (this.#targetAt < 0 && stringLength === ID_LENGTH && isText(bytes, keyAt, 'target')) {
          this.#targetAt = stringAt
        }
        return
      case 9:
        if (this.#infoHashAt < 0 && stringLength === ID_LENGTH && isText(bytes, keyAt, 'info_hash')) {
          this.#infoHashAt = stringAt
        }
        return
      default:
    }
  }

  #keepInteger(keyAt: number, keyLength: number): void {
    const { bytes, integer } = this.#cursor
    if (keyLength === 4) {
      if (this.#port < 0 && integer >= 0 && isText(bytes, keyAt, 'port')) this.#port = integer
    } else if (keyLength === 12 && integer !== 0 && isText(bytes, keyAt, 'implied_port')) {
      this.#isPortImplied = true
    }
  }

  #readValues(): boolean {
    const cursor = this.#cursor
    const values: number[] = []
    while (!cursor.leave()) {
      if (!cursor.isString()) {
        if (!cursor.skip()) return false
        continue
      }
      if (!cursor.readString()) return false
      if (cursor.stringLength === COMPACT_IPV4 && values.length < VALUES_MAX) values.push(cursor.stringAt)
    }
    this.#values = values
    return true
  }

  #readError(): boolean {
    const cursor = this.#cursor
    if (cursor.isInteger()) {
      if (!cursor.readInteger()) return false
      if (cursor.integer > 0) this.#errorCode = cursor.integer
    }
    while (!cursor.leave()) if (!cursor.skip()) return false
    return true
  }

  #response(): KrpcMessage | KrpcRejection {
    if (!this.#hasResponse || this.#idAt < 0) return REJECTIONS['response-without-id']
    return {
      kind: 'response',
      transactionAt: this.#transactionAt,
      transactionLength: this.#transactionLength,
      idAt: this.#idAt,
      nodesAt: this.#nodesAt,
      nodesLength: this.#nodesLength,
      tokenAt: this.#tokenAt,
      tokenLength: this.#tokenLength,
      values: this.#values,
      ipAt: this.#ipAt,
      ipLength: this.#ipLength,
    }
  }

  #query(bytes: Uint8Array): KrpcMessage {
    const transactionAt = this.#transactionAt
    const transactionLength = this.#transactionLength
    const isReadOnly = this.#isReadOnly
    const idAt = this.#idAt
    const method = this.#method(bytes)
    const fault = this.#queryFault(method)
    if (fault !== undefined) {
      return { kind: 'malformed', transactionAt, transactionLength, isReadOnly, idAt, reason: fault }
    }
    switch (method) {
      case 'ping':
      case 'unknown':
        return { kind: method, transactionAt, transactionLength, isReadOnly, idAt }
      case 'find_node':
        return { kind: method, transactionAt, transactionLength, isReadOnly, idAt, targetAt: this.#targetAt }
      case 'get_peers':
        return { kind: method, transactionAt, transactionLength, isReadOnly, idAt, targetAt: this.#infoHashAt }
      case 'announce_peer':
        return {
          kind: method,
          transactionAt,
          transactionLength,
          isReadOnly,
          idAt,
          targetAt: this.#infoHashAt,
          tokenAt: this.#tokenAt,
          tokenLength: this.#tokenLength,
          port: this.#isPortImplied ? 0 : this.#port,
        }
    }
  }

  #method(bytes: Uint8Array): 'ping' | 'find_node' | 'get_peers' | 'announce_peer' | 'unknown' {
    const at = this.#methodAt
    switch (this.#methodLength) {
      case 4:
        return isText(bytes, at, 'ping') ? 'ping' : 'unknown'
      case 9:
        return isText(bytes, at, 'find_node') ? 'find_node' : isText(bytes, at, 'get_peers') ? 'get_peers' : 'unknown'
      case 13:
        return isText(bytes, at, 'announce_peer') ? 'announce_peer' : 'unknown'
      default:
        return 'unknown'
    }
  }

  #queryFault(method: 'ping' | 'find_node' | 'get_peers' | 'announce_peer' | 'unknown'): string | undefined {
    if (this.#methodAt < 0) return 'no method'
    if (method === 'unknown') return undefined
    if (this.#idAt < 0) return 'id is not 20 bytes'
    if (method === 'ping') return undefined
    if (method === 'find_node') return this.#targetAt < 0 ? 'target is not 20 bytes' : undefined
    if (this.#infoHashAt < 0) return 'info_hash is not 20 bytes'
    if (method === 'get_peers') return undefined
    if (this.#tokenAt < 0) return 'no token'
    const isPort = this.#port >= 1 && this.#port <= 65_535
    return isPort || this.#isPortImplied ? undefined : 'port is not 1 to 65535'
  }
}

function isText(bytes: Uint8Array, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false
  return true
}
