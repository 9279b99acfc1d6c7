/** A channel over another one: what goes in is sealed, what comes out was sealed by the other end. */

import {
  BATCH_COUNT_MAX,
  BATCH_SIZE_MAX,
  type FrameMessage,
  frameMessage,
  NoiseFrames,
  type NoiseSession,
  sizeInFrame,
} from '@shoal/peer'
import type { Channel } from './channel.ts'
import { type Framing, TurnChannel } from './turn-channel.ts'

export class EncryptedChannel extends TurnChannel<FrameMessage> {
  readonly #frames: NoiseFrames

  /** `later` runs what it is given when the turn is over. */
  constructor(inner: Channel, keys: NoiseSession, later: (run: () => void) => void) {
    const frames = new NoiseFrames(keys)
    super(inner, framingOf(frames), later)
    this.#frames = frames
  }

  override get isTextOnly(): boolean {
    return false
  }

  /** The reason stays here: on the wire it would be in clear. */
  override close(code: number, _reason: string): void {
    super.close(code, '')
  }

  /** The messages in a frame of the inner channel; `undefined` where it is not the next one of the other end. */
  open(frame: string | Uint8Array): readonly (string | Uint8Array)[] | undefined {
    return typeof frame === 'string' ? undefined : this.#frames.open(frame)
  }
}

function framingOf(frames: NoiseFrames): Framing<FrameMessage> {
  return {
    sizeMax: BATCH_SIZE_MAX,
    countMax: BATCH_COUNT_MAX,
    entryOf: frameMessage,
    sizeOf: ({ byteLength }) => sizeInFrame(byteLength),
    isAlone: () => false,
    write: (messages, take) => frames.seal(messages, take),
  }
}
