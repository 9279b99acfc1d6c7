/** The WebSocket network of Node: servers listen, everybody dials. What goes over it is text, as tool-db speaks it. */

import { setMaxListeners } from 'node:events'
import type { Socket } from 'node:net'
import { ClosedError, type Endpoint, type RandomSource, systemRandom, UsageError } from '@shoal/base'
import type { WebSocket } from 'ws'
import type { Channel, ChannelEvents, Network } from './channel.ts'
import { SocketCounts } from './socket-counts.ts'
import { WebSocketChannel } from './websocket-channel.ts'
import { dialWebSocket } from './websocket-dial.ts'
import { DEFAULT_WEBSOCKET_LIMITS, type WebSocketLimits } from './websocket-limits.ts'
import { type ListenOptions, WebSocketListener } from './websocket-listener.ts'

/** RFC 6455 section 7.4.1: an endpoint goes away. */
const GOING_AWAY = 1001

export interface WebSocketNetworkOptions {
  /** Absent: it only dials. */
  readonly listen?: ListenOptions | undefined
  /** Dials with TLS on every port, not only on 443. */
  readonly ssl?: boolean | undefined
  /** PEM certificates to trust, when dialling, instead of the well-known ones. */
  readonly ca?: string | undefined
  /** Believes the last address of X-Forwarded-For. Only behind a reverse proxy of one's own: anybody can send the header. */
  readonly trustProxy?: boolean | undefined
  readonly limits?: Partial<WebSocketLimits> | undefined
}

export class WebSocketNetwork implements Network {
  readonly #options: WebSocketNetworkOptions
  readonly #limits: WebSocketLimits
  readonly #random: RandomSource = systemRandom()
  readonly #closing = new AbortController()
  readonly #counts = new SocketCounts()
  #listener: WebSocketListener | undefined
  #listening: Promise<number | undefined> | undefined
  /** BOUNDED: connectionsMax of the listener, and the dials of the node, which bounds them. */
  readonly #channels = new Set<WebSocketChannel>()
  #closed: Promise<void> | undefined

  constructor(options: WebSocketNetworkOptions = {}) {
    this.#options = options
    this.#limits = { ...DEFAULT_WEBSOCKET_LIMITS, ...options.limits }
    // Every dial under way listens; the node bounds them, and more than ten are no leak.
    setMaxListeners(0, this.#closing.signal)
  }

  async listen(onChannel: (channel: Channel) => ChannelEvents): Promise<number | undefined> {
    this.#assertOpen()
    const { listen, trustProxy } = this.#options
    if (listen === undefined) return undefined
    if (this.#listener !== undefined) throw new UsageError('listen() was called before: a network listens once')
    this.#listener = new WebSocketListener({
      listen,
      trustProxy: trustProxy ?? false,
      limits: this.#limits,
      counts: this.#counts,
      onSocket: (webSocket, socket, host) => this.#add(webSocket, socket, 'inbound', onChannel, host),
    })
    this.#listening = this.#listener.open()
    return this.#listening
  }

  async dial(endpoint: Endpoint, events: (channel: Channel) => ChannelEvents, signal: AbortSignal): Promise<Channel> {
    this.#assertOpen()
    let channel: Channel | undefined
    await dialWebSocket(endpoint, {
      limits: this.#limits,
      ssl: this.#options.ssl ?? false,
      ca: this.#options.ca,
      signals: [signal, this.#closing.signal],
      onOpen: (webSocket, socket) => {
        channel = this.#add(webSocket, socket, 'outbound', events)
      },
    })
    return channel as Channel
  }

  stats(): Readonly<Record<string, number>> {
    return this.#counts.snapshot()
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#closing.abort()
    await this.#listening?.catch(() => undefined)
    const channels = [...this.#channels]
    for (const channel of channels) channel.close(GOING_AWAY, 'going away')
    await Promise.all([this.#listener?.close(), ...channels.map((channel) => channel.closed)])
  }

  #add(
    webSocket: WebSocket,
    socket: Socket,
    direction: 'inbound' | 'outbound',
    events: (channel: Channel) => ChannelEvents,
    host?: string,
  ): WebSocketChannel {
    const channel = new WebSocketChannel(webSocket, {
      socket,
      direction,
      limits: this.#limits,
      counts: this.#counts,
      random: this.#random,
      host,
    })
    this.#channels.add(channel)
    void channel.closed.then(() => this.#channels.delete(channel))
    channel.start(events(channel))
    return channel
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw new ClosedError('the network is closed')
  }
}
