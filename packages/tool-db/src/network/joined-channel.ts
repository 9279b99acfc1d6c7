/** A channel over another one, in clear, to a peer that takes several messages in one frame. */

import { BATCH_COUNT_MAX, BATCH_SIZE_MAX, joined, mayJoin, sizeInBatch } from '../core/wire/batch.ts'
import type { Channel } from './channel.ts'
import { type Framing, TurnChannel } from './turn-channel.ts'

const FRAMING: Framing<string | Uint8Array> = {
  sizeMax: BATCH_SIZE_MAX,
  countMax: BATCH_COUNT_MAX,
  entryOf: (message) => message,
  sizeOf: (message) => (typeof message === 'string' ? sizeInBatch(message) : message.length),
  isAlone: (message) => typeof message !== 'string' || !mayJoin(message),
  // What goes alone is what is not a text: of several, all are.
  write: (messages, take) => take(messages.length === 1 ? (messages[0] as string) : joined(messages as string[])),
}

/** `later` runs what it is given when the turn is over. */
export function joinedChannel(inner: Channel, later: (run: () => void) => void): Channel {
  return new TurnChannel(inner, FRAMING, later)
}
