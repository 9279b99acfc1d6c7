/**
 * Messages of any size over an encrypted channel: one frame for each, cut into Noise messages of at most 65,535 bytes one
 * behind the other. Every piece but the last is full, so no lengths are sent. A piece begins with a byte that
 * says whether it is of a text or of bytes, and whether more pieces follow: a frame that was cut off shows.
 */

import { concatBytes, utf8, utf8Text } from '@shoal/base'
import type { CipherState } from './cipher-state.ts'
import { NOISE_TAG_BYTES } from './engine.ts'
import { NOISE_MESSAGE_BYTES_MAX, type NoiseSession } from './handshake.ts'

const MORE = 1
const BYTES = 2
const PIECE_OVERHEAD = 1 + NOISE_TAG_BYTES
const PIECE_CONTENT_MAX = NOISE_MESSAGE_BYTES_MAX - PIECE_OVERHEAD

/** Both sides change each direction's key after so many Noise messages (section 11.3). */
const REKEY_EVERY = 65_536

/** How long the frame of so long a message is. */
export function frameLength(messageBytes: number): number {
  return messageBytes + Math.max(1, Math.ceil(messageBytes / PIECE_CONTENT_MAX)) * PIECE_OVERHEAD
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
  seal(message: string | Uint8Array, take: (frame: Uint8Array) => boolean): boolean {
    const content = typeof message === 'string' ? utf8(message) : message
    const kind = typeof message === 'string' ? 0 : BYTES
    const cipher = this.#sending.copy()
    const frame = new Uint8Array(frameLength(content.length))
    let at = 0
    for (let from = 0; at < frame.length; from += PIECE_CONTENT_MAX) {
      const part = content.subarray(from, from + PIECE_CONTENT_MAX)
      const piece = new Uint8Array(1 + part.length)
      piece[0] = kind | (from + PIECE_CONTENT_MAX < content.length ? MORE : 0)
      piece.set(part, 1)
      rekeyInTime(cipher)
      cipher.seal(piece, frame.subarray(at, at + part.length + PIECE_OVERHEAD))
      at += part.length + PIECE_OVERHEAD
    }
    if (!take(frame)) return false
    this.#sending = cipher
    return true
  }

  /** `undefined` for whatever is not the very next frame of the other side; nothing is opened after that. */
  open(frame: Uint8Array): string | Uint8Array | undefined {
    const message = this.#isBroken ? undefined : this.#open(frame)
    this.#isBroken = message === undefined
    return message
  }

  #open(frame: Uint8Array): string | Uint8Array | undefined {
    const parts: Uint8Array[] = []
    let kind = 0
    for (let at = 0; at < frame.length || at === 0; at += NOISE_MESSAGE_BYTES_MAX) {
      const sealed = frame.subarray(at, at + NOISE_MESSAGE_BYTES_MAX)
      if (sealed.length < PIECE_OVERHEAD) return undefined
      const piece = new Uint8Array(sealed.length - NOISE_TAG_BYTES)
      rekeyInTime(this.#receiving)
      if (!this.#receiving.open(sealed, piece)) return undefined
      const isLast = at + NOISE_MESSAGE_BYTES_MAX >= frame.length
      const head = piece[0] as number
      if (at === 0) kind = head & BYTES
      if (head !== (kind | (isLast ? 0 : MORE))) return undefined
      parts.push(piece.subarray(1))
    }
    const content = parts.length === 1 ? (parts[0] as Uint8Array) : concatBytes(...parts)
    return kind === BYTES ? content : utf8Text(content)
  }
}

function rekeyInTime(cipher: CipherState): void {
  if (cipher.count > 0 && cipher.count % REKEY_EVERY === 0) cipher.rekey()
}
