/**
 * One connection, whatever carries it. Messages keep their borders and their order. In a browser there are no ping
 * frames, no drain event and no extra headers, so nothing here asks for them.
 */

import type { Endpoint } from '@shoal/base'

export interface ChannelEvents {
  /** Text, or bytes where the other side sent a binary frame. At most the network's message limit. */
  readonly onMessage: (message: string | Uint8Array) => void
  /** Once, last. `reason` is for people. */
  readonly onClose: (reason: string) => void
}

export interface Channel {
  /** The other end as the socket sees it. */
  readonly remote: Endpoint
  readonly direction: 'inbound' | 'outbound'
  /** False where the message was not taken: the channel is closed, or too much waits already. */
  send(message: string | Uint8Array): boolean
  /** Bytes taken and not yet handed to the operating system. */
  readonly buffered: number
  /** Resolves when `buffered` has fallen below the low-water mark, or the channel is closed. */
  drained(): Promise<void>
  /** Closes in order, then by force; `code` as in RFC 6455 section 7.4. */
  close(code: number, reason: string): void
}

/** A way to reach others: it opens channels and hands them over before their first message. */
export interface Network {
  /** Binds where it listens; resolves with the bound port, or `undefined` for a network that only dials. */
  listen(onChannel: (channel: Channel) => ChannelEvents): Promise<number | undefined>
  /** Rejects with `DialError` where no channel comes about in time. */
  dial(endpoint: Endpoint, events: (channel: Channel) => ChannelEvents, signal: AbortSignal): Promise<Channel>
  close(): Promise<void>
}
