/**
 * Messages of any size over an encrypted channel: one frame for one of them or for several, cut into Noise messages of at
 * most 65,535 bytes one behind the other. Every piece but the last is full, so no lengths of pieces are sent. A piece begins with
 * a byte that says whether more follow: a frame that was cut off shows. Inside, each message has its kind and length before it.
 */

import { concatBytes, utf8, utf8Into, utf8Length, utf8Text } from '@shoal/base'
import type { CipherState } from './cipher-state.ts'
import { NOISE_TAG_BYTES } from './engine.ts'
import { NOISE_MESSAGE_BYTES_MAX, type NoiseSession } from './handshake.ts'

const MORE = 1
/** The length of a message in 31 bits; the first bit is set for bytes, not for a text. */
const HEAD_BYTES = 4
const IS_BYTES = 0x8000_0000
const PIECE_OVERHEAD = 1 + NOISE_TAG_BYTES
const PIECE_CONTENT_MAX = NOISE_MESSAGE_BYTES_MAX - PIECE_OVERHEAD

/** Both sides change each direction's key after so many Noise messages (section 11.3). */
const REKEY_EVERY = 65_536

/** What fits into one Noise message: of several messages, `sizeInFrame` of each, together. */
export const BATCH_SIZE_MAX: number = PIECE_CONTENT_MAX

/** More in one frame are refused: each costs its receiver something, however short it is. */
export const BATCH_COUNT_MAX = 1_024

/** What a message takes of a frame. */
export function sizeInFrame(messageBytes: number): number {
  return HEAD_BYTES + messageBytes
}

/** How long the frame of one message of so many bytes is. */
export function frameLength(messageBytes: number): number {
  return lengthOf(sizeInFrame(messageBytes))
}

function lengthOf(contentBytes: number): number {
  return contentBytes + Math.ceil(contentBytes / PIECE_CONTENT_MAX) * PIECE_OVERHEAD
}

/** One to be sealed, and how many bytes that takes: of a text its UTF-8, which is not made before it has its place in a frame. */
export interface FrameMessage {
  readonly message: string | Uint8Array
  readonly byteLength: number
}

export function frameMessage(message: string | Uint8Array): FrameMessage {
  return { message, byteLength: typeof message === 'string' ? textLength(message) : message.length }
}

/** Half of a surrogate pair is encoded as U+FFFD. */
function textLength(text: string): number {
  return utf8Length(text) ?? utf8(text).length
}

/** Both directions of one connection. */
export class NoiseFrames {
  #sending: CipherState
  readonly #receiving: CipherState
  #isBroken = false

  constructor(session: Pick<NoiseSession, 'sending' | 'receiving'>) {
    this.#sending = session.sending
    this.#receiving = session.receiving
  }

  /**
   * Hands the sealed frame over. Where it was not taken it is thrown away, and its counts serve the next message: nothing
   * sealed with them has been seen by anybody.
   */
  seal(messages: readonly FrameMessage[], take: (frame: Uint8Array) => boolean): boolean {
    const content = contentOf(messages)
    const length = content.length - 1
    const cipher = this.#sending.copy()
    const frame = new Uint8Array(lengthOf(length))
    let at = 0
    for (let from = 0; from < length; from += PIECE_CONTENT_MAX) {
      // The byte in front of a part is free: what stood there is sealed already.
      content[from] = from + PIECE_CONTENT_MAX < length ? MORE : 0
      const piece = content.subarray(from, from + 1 + PIECE_CONTENT_MAX)
      rekeyInTime(cipher)
      cipher.seal(piece, frame.subarray(at, at + piece.length + NOISE_TAG_BYTES))
      at += piece.length + NOISE_TAG_BYTES
    }
    if (!take(frame)) return false
    this.#sending = cipher
    return true
  }

  /** `undefined` for whatever is not the very next frame of the other side; nothing is opened after that. */
  open(frame: Uint8Array): readonly (string | Uint8Array)[] | undefined {
    const content = this.#isBroken ? undefined : this.#contentOf(frame)
    const messages = content === undefined ? undefined : messagesOf(content)
    this.#isBroken = messages === undefined
    return messages
  }

  #contentOf(frame: Uint8Array): Uint8Array | undefined {
    const parts: Uint8Array[] = []
    for (let at = 0; at < frame.length; at += NOISE_MESSAGE_BYTES_MAX) {
      const sealed = frame.subarray(at, at + NOISE_MESSAGE_BYTES_MAX)
      if (sealed.length < PIECE_OVERHEAD) return undefined
      const piece = new Uint8Array(sealed.length - NOISE_TAG_BYTES)
      rekeyInTime(this.#receiving)
      if (!this.#receiving.open(sealed, piece)) return undefined
      const isLast = at + NOISE_MESSAGE_BYTES_MAX >= frame.length
      if (piece[0] !== (isLast ? 0 : MORE)) return undefined
      parts.push(piece.subarray(1))
    }
    return parts.length === 1 ? parts[0] : concatBytes(...parts)
  }
}

/** With a byte in front. */
function contentOf(messages: readonly FrameMessage[]): Uint8Array {
  let size = 1
  for (const { byteLength } of messages) size += sizeInFrame(byteLength)
  const content = new Uint8Array(size)
  const view = new DataView(content.buffer)
  let at = 1
  for (const { message, byteLength } of messages) {
    const isText = typeof message === 'string'
    view.setUint32(at, isText ? byteLength : IS_BYTES + byteLength)
    at += HEAD_BYTES
    if (isText) utf8Into(message, content.subarray(at, at + byteLength))
    else content.set(message, at)
    at += byteLength
  }
  return content
}

function messagesOf(content: Uint8Array): readonly (string | Uint8Array)[] | undefined {
  const view = new DataView(content.buffer, content.byteOffset, content.length)
  const messages: (string | Uint8Array)[] = []
  let at = 0
  do {
    if (at + HEAD_BYTES > content.length || messages.length >= BATCH_COUNT_MAX) return undefined
    const head = view.getUint32(at)
    const isText = head < IS_BYTES
    const end = at + HEAD_BYTES + (isText ? head : head - IS_BYTES)
    if (end > content.length) return undefined
    const bytes = content.subarray(at + HEAD_BYTES, end)
    const message = isText ? utf8Text(bytes) : bytes
    if (message === undefined) return undefined
    messages.push(message)
    at = end
  } while (at < content.length)
  return messages
}

function rekeyInTime(cipher: CipherState): void {
  if (cipher.count > 0 && cipher.count % REKEY_EVERY === 0) cipher.rekey()
}
