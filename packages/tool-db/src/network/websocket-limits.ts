/** What a stranger on a socket may cost us. Each is an option; the defaults protect. */

import { type Millis, SECOND } from '@shoal/base'

export interface WebSocketLimits {
  /** A longer message closes its channel before it is buffered. */
  readonly messageBytesMax: number
  /** What waits in one channel before `send` takes no more; one message may go over it. */
  readonly bufferedBytesMax: number
  /** A channel that took no more must fall to half of it within this time, or it is closed. */
  readonly stalledMax: Millis
  /** Inbound connections, those in their handshake included. */
  readonly connectionsMax: number
  /** Inbound connections of one address prefix (/24 for IPv4, /64 for IPv6); loopback is exempt. */
  readonly connectionsPerPrefixMax: number
  /** Inbound connections in their handshake; a newer one ends the oldest. */
  readonly handshakesMax: number
  /** From the connection to the end of its handshake, in either direction; a server that was given has its own. */
  readonly handshakeMax: Millis
  readonly headerBytesMax: number
  /** About how often the other side is asked for a sign of life; without one until the next time, the channel ends. */
  readonly keepAlive: Millis
}

export const DEFAULT_WEBSOCKET_LIMITS: WebSocketLimits = {
  messageBytesMax: 1_048_576,
  bufferedBytesMax: 4_194_304,
  stalledMax: 60 * SECOND,
  connectionsMax: 2_048,
  connectionsPerPrefixMax: 64,
  handshakesMax: 256,
  handshakeMax: 8 * SECOND,
  headerBytesMax: 8_192,
  keepAlive: 45 * SECOND,
}

/** How long the other side may take to answer our close; then the socket is cut. */
const CLOSE_HANDSHAKE_MAX: Millis = SECOND

/** A message cut into more and smaller pieces than this many bytes each is nobody's honest network. */
const PIECE_BYTES_MIN = 256

/** The same limits as the library takes them, for both directions. */
export interface SocketOptions {
  readonly maxPayload: number
  readonly maxFragments: number
  readonly maxBufferedChunks: number
  readonly closeTimeout: Millis
  /** Compression would let a small message cost much memory. */
  readonly perMessageDeflate: false
}

export function socketOptions(limits: WebSocketLimits): SocketOptions {
  const pieces = Math.max(64, Math.ceil(limits.messageBytesMax / PIECE_BYTES_MIN))
  return {
    maxPayload: limits.messageBytesMax,
    maxFragments: pieces,
    maxBufferedChunks: pieces,
    closeTimeout: CLOSE_HANDSHAKE_MAX,
    perMessageDeflate: false,
  }
}
