/**
 * Where messages are written: a block of memory used from front to end and then replaced, never rewound, because
 * the socket may still hold what was written before. One block serves some fifty answers.
 */

import { type NodeId, writeNodeId } from '../id/node-id.ts'

const BLOCK_BYTES = 16_384
/** No message of ours is longer; there is room for one wherever a message begins. */
const MESSAGE_BYTES = 2_048

const ZERO = 0x30

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

  id(id: NodeId): void {
    writeNodeId(id, this.#block, this.at)
    this.at += 20
  }

  /** A non-negative integer in decimal. */
  decimal(value: number): void {
    if (value >= 10) this.decimal(Math.trunc(value / 10))
    this.byte(ZERO + (value % 10))
  }

  /** A string with its length before it. */
  string(from: Uint8Array, start: number, length: number): void {
    this.decimal(length)
    this.byte(0x3a)
    this.copy(from, start, length)
  }

  /** A string given as one character a byte, with its length before it. */
  stringText(text: string): void {
    this.decimal(text.length)
    this.byte(0x3a)
    this.text(text)
  }
}
