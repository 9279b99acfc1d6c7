/**
 * Where messages are written: a block of memory used from front to end and then replaced, never rewound, because
 * the socket may still hold what was written before. One block serves some fifty answers. What is always the same is
 * written four bytes at a time.
 */

import { fromLatin1 } from '@shoal/base'
import type { NodeId } from '../id/node-id.ts'
import type { PackedPeers } from '../storage/peer-list.ts'

const BLOCK_BYTES = 16_384
/** No message of ours is longer; there is room for one wherever a message begins. */
const MESSAGE_BYTES = 2_048

/** A node as it stands in an answer: id, address and port (BEP 5, BEP 32). */
export interface CompactNode {
  readonly compact: Uint8Array
}

/** A text in words of four bytes, the last one filled up: what stands behind it is written after it. */
export interface Template {
  readonly words: Int32Array
  readonly length: number
}

/** The template of a text of one character a byte. */
export function templateOf(text: string): Template {
  const bytes = fromLatin1(text.padEnd(4 * Math.ceil(text.length / 4), '\0'))
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  return { words: Int32Array.from({ length: bytes.length / 4 }, (_, i) => view.getInt32(4 * i)), length: text.length }
}

const ZERO = 0x30
const COLON = 0x3a
/** The length of a peer of IPv4, `6:`, and of one of IPv6, `18:`, as they stand before it. */
const SIX_COLON = 0x363a
const EIGHTEEN = 0x3138
const IPV4_PEER = 6

export class KrpcWriter {
  #block = new Uint8Array(BLOCK_BYTES)
  #view = new DataView(this.#block.buffer)
  #start = 0
  at = 0

  /** How much of the message has been written. */
  get length(): number {
    return this.at - this.#start
  }

  begin(): void {
    if (this.#start + MESSAGE_BYTES > BLOCK_BYTES) {
      this.#block = new Uint8Array(BLOCK_BYTES)
      this.#view = new DataView(this.#block.buffer)
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

  template({ words, length }: Template): void {
    const view = this.#view
    const { at } = this
    for (let i = 0; i < words.length; i++) view.setInt32(at + 4 * i, words[i] as number)
    this.at = at + length
  }

  /** Text of one character a byte. */
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

  /** The first `count` nodes, one after the other. */
  nodes(nodes: readonly CompactNode[], count: number): void {
    const block = this.#block
    let { at } = this
    for (let i = 0; i < count; i++) {
      const { compact } = nodes[i] as CompactNode
      block.set(compact, at)
      at += compact.length
    }
    this.at = at
  }

  /** The first `count` peers, each with its length before it. */
  peers({ view: from, width }: PackedPeers, count: number): void {
    const view = this.#view
    let { at } = this
    for (let i = 0; i < count; i++) {
      if (width === IPV4_PEER) view.setUint16(at, SIX_COLON)
      else {
        view.setUint16(at, EIGHTEEN)
        view.setUint8(at + 2, COLON)
        at++
      }
      at += 2
      const start = i * width
      for (let j = 0; j < width - 2; j += 4) view.setInt32(at + j, from.getInt32(start + j))
      at += width
      view.setUint16(at - 2, from.getUint16(start + width - 2))
    }
    this.at = at
  }

  id(id: NodeId): void {
    const view = this.#view
    const { at } = this
    view.setInt32(at, id.w0)
    view.setInt32(at + 4, id.w1)
    view.setInt32(at + 8, id.w2)
    view.setInt32(at + 12, id.w3)
    view.setInt32(at + 16, id.w4)
    this.at = at + 20
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
