/**
 * Where messages are written: a block of memory used from front to end and then replaced, never rewound, because
 * the socket may still hold what was written before. One block serves some fifty answers.
 */

import { type NodeId, writeNodeId } from '../id/node-id.ts'

const BLOCK_BYTES = 16_384
/** No message of ours is longer; there is room for one wherever a message begins. */
const MESSAGE_BYTES = 2_048

const ZERO = 0x30
const SIX = 0x36
const COLON = 0x3a

export class KrpcWriter {
  #block = new Uint8Array(BLOCK_BYTES)
  #start = 0
  at = 0

  /** How much of the message has been written. */
  get length(): number {
    return this.at - this.#start
  }

  begin(): void {
    if (this.#start + MESSAGE_BYTES > BLOCK_BYTES) {
      this.#block = new Uint8Array(BLOCK_BYTES)
      this.#start = 0
    }
    this.at = this.#start
  }

  /** The message, which nobody writes to any more. */
  end(): Uint8Array {
    const message = this.#block.subarray(this.#start, this.at)
    this.#start = this.at
    return message
  }

  /** A template: text of one character a byte. */
  text(text: string): void {
    const block = this.#block
    let at = this.at
    for (let i = 0; i < text.length; i++) block[at++] = text.charCodeAt(i)
    this.at = at
  }

  byte(byte: number): void {
    this.#block[this.at++] = byte
  }

  copy(from: Uint8Array, start: number, length: number): void {
    const block = this.#block
    let at = this.at
    for (let i = start; i < start + length; i++) block[at++] = from[i] as number
    this.at = at
  }

  /** The first `count` blocks of bytes, one after the other: in one loop, since these are most of an answer. */
  copyAll(from: readonly Uint8Array[], count: number): void {
    const block = this.#block
    let at = this.at
    for (let i = 0; i < count; i++) {
      const bytes = from[i] as Uint8Array
      block.set(bytes, at)
      at += bytes.length
    }
    this.at = at
  }

  /** The first `count` strings, each of one character a byte with its length before it; none has a hundred. */
  stringTexts(texts: readonly string[], count: number): void {
    const block = this.#block
    let at = this.at
    for (let i = 0; i < count; i++) {
      const text = texts[i] as string
      const { length } = text
      if (length === 6) {
        // A peer of IPv4, unrolled: most of the values that anybody asks for.
        block[at] = SIX
        block[at + 1] = COLON
        block[at + 2] = text.charCodeAt(0)
        block[at + 3] = text.charCodeAt(1)
        block[at + 4] = text.charCodeAt(2)
        block[at + 5] = text.charCodeAt(3)
        block[at + 6] = text.charCodeAt(4)
        block[at + 7] = text.charCodeAt(5)
        at += 8
        continue
      }
      if (length >= 10) block[at++] = ZERO + ((length / 10) | 0)
      block[at++] = ZERO + (length % 10)
      block[at++] = COLON
      for (let j = 0; j < length; j++) block[at++] = text.charCodeAt(j)
    }
    this.at = at
  }

  id(id: NodeId): void {
    writeNodeId(id, this.#block, this.at)
    this.at += 20
  }

  /** A non-negative integer in decimal. */
  decimal(value: number): void {
    if (value < 10) {
      this.#block[this.at++] = ZERO + value
      return
    }
    this.decimal(Math.trunc(value / 10))
    this.#block[this.at++] = ZERO + (value % 10)
  }

  /** A string with its length before it. */
  string(from: Uint8Array, start: number, length: number): void {
    this.decimal(length)
    this.byte(COLON)
    this.copy(from, start, length)
  }

  /** A string given as one character a byte, with its length before it. */
  stringText(text: string): void {
    this.decimal(text.length)
    this.byte(COLON)
    this.text(text)
  }
}
