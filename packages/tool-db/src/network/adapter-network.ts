/**
 * A network adapter written for tool-db as a network: a channel for each client. The adapter's base class, tool-db's or
 * ours, hands every message to `clientOnMessage` of the database, which hands it on here.
 *
 * What such an adapter can't do stays so: it does not say where a client is, what waits, or hang up on one.
 */

import { ClosedError, type Endpoint } from '@shoal/base'
import { AdapterChannel, type AdapterWire } from './adapter-channel.ts'
import type { Channel, ChannelEvents, Network } from './channel.ts'
import { DialError } from './network-error.ts'
import { UNKNOWN_HOST } from './remote-address.ts'

/** What an adapter must have to be taken: tool-db's own, or ours. */
export interface NetworkAdapter {
  readonly clientToSend: Record<string, ((message: string) => unknown) | undefined>
  readonly isClientConnected: Record<string, (() => boolean) | undefined>
  craftPingMessage(): Promise<string>
  onClientDisconnect(clientId: string): void
  connectTo?(host: string, port: number): unknown
  close?(): unknown
}

type OnChannel = (channel: Channel) => ChannelEvents

const CHANNELS_MAX = 2_048
/** tool-db's adapters forget to tell when a connection that they opened is gone. */
const GONE_CHECK_MS = 5_000
const NOWHERE: Endpoint = { host: UNKNOWN_HOST, port: 0 }

/** A dial that waits for the adapter to have a socket, and so to ask for the ping. */
interface Dial {
  readonly endpoint: Endpoint
  readonly onChannel: OnChannel
  resolve(channel: Channel): void
  reject(reason: string, cause?: unknown): void
}

export class AdapterNetwork implements Network {
  readonly #adapter: NetworkAdapter
  readonly #craftPlainPing: () => Promise<string>
  readonly #forget: (clientId: string) => void
  readonly #wire: AdapterWire
  /** BOUNDED: CHANNELS_MAX. By client id. */
  readonly #channels = new Map<string, AdapterChannel>()
  /** BOUNDED: CHANNELS_MAX. Outbound, not answered yet; the node closes those that stay so. */
  readonly #unanswered = new Set<AdapterChannel>()
  #onChannel: OnChannel | undefined
  #dial: Dial | undefined
  #lastDial: Promise<unknown> = Promise.resolve()
  #goneCheck: NodeJS.Timeout | undefined
  #closed: Promise<void> | undefined

  /** To be made right after the adapter, before it has opened anything: two methods of the instance are taken over. */
  constructor(adapter: NetworkAdapter) {
    this.#adapter = adapter
    this.#craftPlainPing = adapter.craftPingMessage.bind(adapter)
    this.#forget = adapter.onClientDisconnect.bind(adapter)
    this.#wire = {
      sendTo: (clientId, text) => this.#sendTo(clientId, text),
      onEnd: (channel) => this.#onEnd(channel),
    }
    adapter.craftPingMessage = () => this.#craftPing()
    adapter.onClientDisconnect = (clientId) => {
      this.#forget(clientId)
      this.#channels.get(clientId)?.end('the connection broke')
    }
  }

  async listen(onChannel: OnChannel): Promise<undefined> {
    this.#assertOpen()
    this.#onChannel = onChannel
  }

  /** One after the other: which socket a ping is asked for, an adapter does not say. */
  async dial(endpoint: Endpoint, events: OnChannel, signal: AbortSignal): Promise<Channel> {
    this.#assertOpen()
    const turn = this.#lastDial.then(() => this.#dialNow(endpoint, events, signal))
    this.#lastDial = turn.catch(() => undefined)
    return turn
  }

  /** The way in for what clients send: the database's method of this name calls it. Takes a parsed message or its text. */
  clientOnMessage(message: unknown, clientId: string): void {
    if (this.#closed !== undefined) return
    const { type, id } = fieldsOf(message)
    const answered = type === 'pong' ? [...this.#unanswered].find((channel) => channel.isAnsweredBy(id)) : undefined
    const known = this.#channels.get(clientId)
    if (known !== undefined) answered?.end('connected already')
    const channel = known ?? (answered === undefined ? this.#inbound(type, clientId) : this.#bind(answered, clientId))
    channel?.deliver(typeof message === 'string' ? message : JSON.stringify(message))
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#dial?.reject('it was called off')
    for (const channel of [...this.#channels.values(), ...this.#unanswered]) channel.end('going away')
    await this.#adapter.close?.()
  }

  #dialNow(endpoint: Endpoint, onChannel: OnChannel, signal: AbortSignal): Promise<Channel> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => dial.reject('it was called off', signal.reason)
      const settle = (): void => {
        signal.removeEventListener('abort', onAbort)
        this.#dial = undefined
      }
      const dial: Dial = {
        endpoint,
        onChannel,
        resolve: (channel) => {
          settle()
          resolve(channel)
        },
        reject: (reason, cause) => {
          settle()
          reject(new DialError(endpoint, reason, { cause }))
        },
      }
      if (signal.aborted) return onAbort()
      if (this.#closed !== undefined) return dial.reject('it was called off')
      if (this.#adapter.connectTo === undefined) return dial.reject('the network adapter has no connectTo()')
      signal.addEventListener('abort', onAbort)
      this.#dial = dial
      try {
        this.#adapter.connectTo(endpoint.host, endpoint.port)
      } catch (error) {
        dial.reject(error instanceof Error ? error.message : String(error), error)
      }
    })
  }

  /** The adapter has opened a socket and wants its first text. */
  async #craftPing(): Promise<string> {
    const dial = this.#dial
    const onChannel = dial?.onChannel ?? this.#onChannel
    if (onChannel === undefined || this.#unanswered.size >= CHANNELS_MAX || this.#closed !== undefined) {
      return this.#craftPlainPing()
    }
    const channel = new AdapterChannel({ wire: this.#wire, remote: dial?.endpoint ?? NOWHERE, direction: 'outbound' })
    this.#unanswered.add(channel)
    channel.start(onChannel(channel))
    dial?.resolve(channel)
    const ping = await channel.ping
    // Where the adapter dialled by itself nobody knows whom, and a proof without an endpoint would be refused.
    return dial === undefined ? asPlainPing(ping) : ping
  }

  #inbound(type: unknown, clientId: string): AdapterChannel | undefined {
    if (type !== 'ping' || this.#onChannel === undefined || this.#channels.size >= CHANNELS_MAX) return undefined
    const channel = new AdapterChannel({ wire: this.#wire, remote: NOWHERE, direction: 'inbound', clientId })
    this.#add(channel, clientId)
    channel.start(this.#onChannel(channel))
    return channel
  }

  #bind(channel: AdapterChannel, clientId: string): AdapterChannel {
    this.#unanswered.delete(channel)
    channel.bind(clientId)
    this.#add(channel, clientId)
    return channel
  }

  #add(channel: AdapterChannel, clientId: string): void {
    this.#channels.set(clientId, channel)
    this.#goneCheck ??= setInterval(() => this.#checkGone(), GONE_CHECK_MS).unref()
  }

  #checkGone(): void {
    for (const [clientId, channel] of this.#channels) {
      if (this.#isGone(clientId)) channel.end('the connection broke')
    }
  }

  #sendTo(clientId: string, text: string): boolean {
    const { clientToSend } = this.#adapter
    // An own property: the maps of tool-db's base class inherit from Object, and a client chooses its id.
    if (!Object.hasOwn(clientToSend, clientId) || this.#isGone(clientId)) return false
    try {
      clientToSend[clientId]?.(text)
      return true
    } catch {
      return false
    }
  }

  #isGone(clientId: string): boolean {
    const { isClientConnected } = this.#adapter
    return Object.hasOwn(isClientConnected, clientId) && isClientConnected[clientId]?.() === false
  }

  #onEnd(channel: AdapterChannel): void {
    this.#unanswered.delete(channel)
    const { clientId } = channel
    if (clientId === undefined || this.#channels.get(clientId) !== channel) return
    this.#channels.delete(clientId)
    this.#forget(clientId)
    if (this.#channels.size > 0) return
    clearInterval(this.#goneCheck)
    this.#goneCheck = undefined
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw new ClosedError('the network is closed')
  }
}

function fieldsOf(message: unknown): { readonly type?: unknown; readonly id?: unknown } {
  return typeof message === 'object' && message !== null ? message : {}
}

function asPlainPing(ping: string): string {
  const { shoal: _, ...plain } = JSON.parse(ping) as Record<string, unknown>
  return JSON.stringify(plain)
}
