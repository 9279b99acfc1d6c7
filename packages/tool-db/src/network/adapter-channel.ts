/** One client of a tool-db network adapter as a channel. Such adapters say nothing of what waits, and can't hang up. */

import type { Endpoint } from '@shoal/base'
import type { Channel, ChannelEvents } from './channel.ts'

/** How a channel reaches its adapter. */
export interface AdapterWire {
  /** False where the client is gone. */
  sendTo(clientId: string, text: string): boolean
  /** The channel has ended; its `onClose` follows. */
  onEnd(channel: AdapterChannel): void
}

export interface AdapterChannelInit {
  readonly wire: AdapterWire
  readonly remote: Endpoint
  readonly direction: 'inbound' | 'outbound'
  /** Known from the start on inbound channels. */
  readonly clientId?: string
}

export class AdapterChannel implements Channel {
  readonly remote: Endpoint
  readonly direction: 'inbound' | 'outbound'
  /** The first text of an outbound channel: the ping, for the adapter to send. Stays open where none is sent. */
  readonly ping: Promise<string>
  readonly buffered = 0
  readonly isTextOnly = true
  readonly #wire: AdapterWire
  #resolvePing: ((text: string) => void) | undefined
  #events: ChannelEvents | undefined
  #clientId: string | undefined
  #pingId: unknown
  #isOpen = true

  constructor(init: AdapterChannelInit) {
    this.#wire = init.wire
    this.remote = init.remote
    this.direction = init.direction
    this.#clientId = init.clientId
    this.ping = new Promise((resolve) => {
      this.#resolvePing = resolve
    })
  }

  /** `undefined` until the other side has answered the ping. */
  get clientId(): string | undefined {
    return this.#clientId
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  start(events: ChannelEvents): void {
    this.#events = events
  }

  /** Whether a pong with this id answers our ping. */
  isAnsweredBy(id: unknown): boolean {
    return this.#clientId === undefined && typeof id === 'string' && id === this.#pingId
  }

  bind(clientId: string): void {
    this.#clientId = clientId
  }

  deliver(text: string): void {
    if (this.#isOpen) this.#events?.onMessage(text)
  }

  send(message: string | Uint8Array): boolean {
    // tool-db's adapters carry text only.
    if (!this.#isOpen || typeof message !== 'string') return false
    if (this.#clientId !== undefined) {
      if (this.#wire.sendTo(this.#clientId, message)) return true
      this.end('the connection broke')
      return false
    }
    if (this.#resolvePing === undefined) return false
    this.#pingId = (JSON.parse(message) as { id?: unknown }).id
    this.#resolvePing(message)
    this.#resolvePing = undefined
    return true
  }

  drained(): Promise<void> {
    return Promise.resolve()
  }

  close(_code: number, reason: string): void {
    this.end(reason)
  }

  end(reason: string): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#wire.onEnd(this)
    queueMicrotask(() => this.#events?.onClose(reason))
  }
}
