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
  /** It carries no bytes, as tool-db's adapters do not: such a channel can't be encrypted. */
  readonly isTextOnly: boolean
  /** False where the message was not taken: the channel is closed, or too much waits already (see `drained`). */
  send(message: string | Uint8Array): boolean
  /** Bytes taken and not yet handed to the operating system. */
  readonly buffered: number
  /** Resolves when `buffered` has fallen to the low-water mark, or the channel is closed or closing. */
  drained(): Promise<void>
  /**
   * Closes in order, and by force after a second; `code` as in RFC 6455 section 7.4. What was taken before is still
   * sent, where the other side reads it in time. No message comes afterwards, only `onClose`, with this reason.
   */
  close(code: number, reason: string): void
}

/** A way to reach others: it opens channels and hands them over before their first message. */
export interface Network {
  /**
   * Binds where it listens, and rejects with `ListenError` where it can't; resolves with the bound port, or `undefined`
   * for a network that only dials or was given a server that does not listen yet. Channels that the network opens by
   * itself come this way too, as `outbound`.
   */
  listen(onChannel: (channel: Channel) => ChannelEvents): Promise<number | undefined>
  /** Rejects with `DialError` where no channel comes about in time. The host may be a name here. */
  dial(endpoint: Endpoint, events: (channel: Channel) => ChannelEvents, signal: AbortSignal): Promise<Channel>
  /** Counts of what happened to sockets, for `stats()`. */
  stats?(): Readonly<Record<string, number>>
  /** Ends every channel and every dial; nothing of it keeps the process alive afterwards. */
  close(): Promise<void>
}
