/**
 * A cursor over bencoded bytes: it walks once, from left to right, and hands out offsets. Nothing is copied
 * and no tree is built, so a hostile datagram costs at most one pass over its own length.
 */

/** Why bytes are not bencoding: they end too early, break the grammar, or nest deeper than DEPTH_MAX. */
export type BencodeFault = 'truncated' | 'syntax' | 'too-deep'

/** KRPC needs four levels (message, arguments, list, string); the rest is room for keys we do not know. */
export const DEPTH_MAX = 16

const ZERO = 0x30
const NINE = 0x39
const COLON = 0x3a
const MINUS = 0x2d
const INTEGER = 0x69
const LIST = 0x6c
const DICTIONARY = 0x64
const END = 0x65
/** Fifteen digits are below 2^53; a longer integer is valid bencoding but no number we could use. */
const SAFE_DIGITS = 15
/** A datagram has at most 65,535 bytes. */
const LENGTH_DIGITS = 5

export class BencodeCursor {
  bytes: Uint8Array = new Uint8Array(0)
  at = 0
  /** The string read last. */
  stringAt = 0
  stringLength = 0
  /** The integer read last; NaN where it has more than 15 digits. */
  integer = 0
  fault: BencodeFault = 'syntax'

  reset(bytes: Uint8Array): void {
    this.bytes = bytes
    this.at = 0
  }

  isString(): boolean {
    const byte = this.bytes[this.at] as number
    return byte >= ZERO && byte <= NINE
  }

  isInteger(): boolean {
    return this.bytes[this.at] === INTEGER
  }

  /** Steps into a list or dictionary that begins here. */
  enterList(): boolean {
    return this.#step(LIST)
  }

  enterDictionary(): boolean {
    return this.#step(DICTIONARY)
  }

  /** Steps over the end mark of the list or dictionary we are in, if it is here. */
  leave(): boolean {
    return this.#step(END)
  }

  /** Reads the string that begins here into `stringAt` and `stringLength`. */
  readString(): boolean {
    const { bytes } = this
    let at = this.at
    let byte = bytes[at] as number
    if (!(byte >= ZERO && byte <= NINE)) return this.#fail(at >= bytes.length ? 'truncated' : 'syntax')
    let length = byte - ZERO
    const firstAt = at
    byte = bytes[++at] as number
    while (byte >= ZERO && byte <= NINE) {
      if (length === 0 || at - firstAt >= LENGTH_DIGITS) return this.#fail('syntax')
      length = length * 10 + byte - ZERO
      byte = bytes[++at] as number
    }
    if (byte !== COLON) return this.#fail(at >= bytes.length ? 'truncated' : 'syntax')
    at++
    if (at + length > bytes.length) return this.#fail('truncated')
    this.stringAt = at
    this.stringLength = length
    this.at = at + length
    return true
  }

  /** Reads the integer that begins here into `integer`; leading zeros and minus zero are syntax errors. */
  readInteger(): boolean {
    const { bytes } = this
    let at = this.at
    if (bytes[at] !== INTEGER) return this.#fail(at >= bytes.length ? 'truncated' : 'syntax')
    at++
    const isNegative = bytes[at] === MINUS
    if (isNegative) at++
    const firstAt = at
    let value = 0
    let byte = bytes[at] as number
    while (byte >= ZERO && byte <= NINE) {
      value = value * 10 + byte - ZERO
      byte = bytes[++at] as number
    }
    if (byte !== END) return this.#fail(at >= bytes.length ? 'truncated' : 'syntax')
    const digits = at - firstAt
    if (digits === 0) return this.#fail('syntax')
    if (bytes[firstAt] === ZERO && (digits > 1 || isNegative)) return this.#fail('syntax')
    this.integer = digits > SAFE_DIGITS ? Number.NaN : isNegative ? -value : value
    this.at = at + 1
    return true
  }

  /** Steps over one whole value of any kind. Of what is nested, only the brackets and lengths are checked. */
  skip(): boolean {
    let depth = 0
    do {
      const byte = this.bytes[this.at] as number
      if (byte >= ZERO && byte <= NINE) {
        if (!this.readString()) return false
      } else if (byte === INTEGER) {
        if (!this.readInteger()) return false
      } else if (byte === LIST || byte === DICTIONARY) {
        if (++depth > DEPTH_MAX) return this.#fail('too-deep')
        this.at++
      } else if (byte === END && depth > 0) {
        depth--
        this.at++
      } else {
        return this.#fail(this.at >= this.bytes.length ? 'truncated' : 'syntax')
      }
    } while (depth > 0)
    return true
  }

  #step(mark: number): boolean {
    if (this.bytes[this.at] !== mark) return false
    this.at++
    return true
  }

  #fail(fault: BencodeFault): false {
    this.fault = fault
    return false
  }
}
