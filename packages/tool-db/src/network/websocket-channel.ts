/** One WebSocket as a channel: back-pressure, signs of life, and an end that always comes. */

import type { Socket } from 'node:net'
import { type Endpoint, jittered, type RandomSource } from '@shoal/base'
import type { RawData, WebSocket } from 'ws'
import type { Channel, ChannelEvents } from './channel.ts'
import { canonicalHost } from './remote-address.ts'
import type { SocketCounts } from './socket-counts.ts'
import type { WebSocketLimits } from './websocket-limits.ts'

/** RFC 6455 section 5.5: a control frame carries 125 bytes, two of them the code. */
const CLOSE_REASON_BYTES_MAX = 123
const CORKED_BYTES_MAX = 65_536
const NORMAL = 1000
const KEEP_ALIVE_SPREAD = 0.2
/** Longer than any dialler waits between two of its questions. */
const INBOUND_PATIENCE = 1.5

export interface WebSocketChannelInit {
  readonly socket: Socket
  readonly direction: 'inbound' | 'outbound'
  readonly limits: WebSocketLimits
  readonly counts: SocketCounts
  readonly random: RandomSource
  /** What a reverse proxy said; otherwise the socket's own other end. */
  readonly host?: string | undefined
}

export class WebSocketChannel implements Channel {
  readonly remote: Endpoint
  readonly direction: 'inbound' | 'outbound'
  readonly isTextOnly = false
  /** Resolves when the socket is gone and `onClose` has been called. */
  readonly closed: Promise<void>
  readonly #webSocket: WebSocket
  readonly #init: WebSocketChannelInit
  #resolveClosed: () => void = () => undefined
  #events: ChannelEvents | undefined
  #isCorked = false
  #state: 'open' | 'closing' | 'closed' = 'open'
  #endReason: string | undefined
  #bytesReadBefore = -1
  #hasAsked = false
  #keepAliveTimer: NodeJS.Timeout | undefined
  #stallTimer: NodeJS.Timeout | undefined
  /** BOUNDED: by the callers of drained(), each of which waits. */
  #waiting: (() => void)[] = []
  readonly #afterFlush = (): void => {
    if (this.#stallTimer !== undefined || this.#waiting.length > 0) this.#checkDrained()
  }

  /** Takes an open WebSocket. `start` must follow in the same tick, or messages are lost. */
  constructor(webSocket: WebSocket, init: WebSocketChannelInit) {
    this.#webSocket = webSocket
    this.#init = init
    this.direction = init.direction
    this.remote = {
      host: init.host ?? canonicalHost(init.socket.remoteAddress),
      port: init.socket.remotePort ?? 0,
    }
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
    webSocket.on('message', (data, isBinary) => this.#onMessage(data, isBinary))
    webSocket.on('error', (error: Error & { code?: string }) => this.#onError(error))
    webSocket.on('close', (code, reason) => this.#onClose(code, reason))
    this.#scheduleKeepAlive()
  }

  start(events: ChannelEvents): void {
    this.#events = events
  }

  get buffered(): number {
    return this.#webSocket.bufferedAmount
  }

  send(message: string | Uint8Array): boolean {
    if (this.#state !== 'open' || this.#webSocket.readyState !== this.#webSocket.OPEN) return false
    if (this.buffered >= this.#init.limits.bufferedBytesMax) {
      this.#stallTimer ??= setTimeout(() => this.#onStalled(), this.#init.limits.stalledMax)
      return false
    }
    this.#cork()
    this.#webSocket.send(message, { binary: typeof message !== 'string' }, this.#afterFlush)
    // What only waits for its turn must not look like what nobody reads.
    if (this.buffered > CORKED_BYTES_MAX) this.#uncork()
    return true
  }

  /** What is sent in one turn goes to the operating system together: a call for each of many small frames costs more than they do. */
  #cork(): void {
    if (this.#isCorked) return
    this.#isCorked = true
    this.#init.socket.cork()
    process.nextTick(() => this.#uncork())
  }

  #uncork(): void {
    if (!this.#isCorked) return
    this.#isCorked = false
    this.#init.socket.uncork()
  }

  drained(): Promise<void> {
    if (this.#isDrained()) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  close(code: number, reason: string): void {
    if (this.#state !== 'open') return
    this.#state = 'closing'
    this.#noteEnd(reason)
    this.#webSocket.close(isSendable(code) ? code : NORMAL, shortened(reason))
    this.#releaseWaiting()
  }

  #isDrained(): boolean {
    return this.#state !== 'open' || this.buffered <= this.#init.limits.bufferedBytesMax / 2
  }

  #checkDrained(): void {
    if (!this.#isDrained()) return
    clearTimeout(this.#stallTimer)
    this.#stallTimer = undefined
    this.#releaseWaiting()
  }

  #releaseWaiting(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    if (this.#state !== 'open') return
    // With ws's default binaryType every message is one Buffer.
    const bytes = data as Buffer
    this.#events?.onMessage(
      isBinary ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : bytes.toString('utf8'),
    )
  }

  #onClose(code: number, reason: Buffer): void {
    this.#state = 'closed'
    clearTimeout(this.#keepAliveTimer)
    clearTimeout(this.#stallTimer)
    this.#releaseWaiting()
    this.#noteEnd(reasonOf(code, reason))
    this.#events?.onClose(this.#endReason as string)
    this.#resolveClosed()
  }

  #onError(error: Error & { readonly code?: string }): void {
    if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') this.#init.counts.add('message-too-large')
    this.#noteEnd(error.message)
  }

  /** The first reason is the true one; what follows is its echo. */
  #noteEnd(reason: string): void {
    this.#endReason ??= reason
  }

  #cut(reason: string): void {
    this.#noteEnd(reason)
    this.#webSocket.terminate()
  }

  #onStalled(): void {
    this.#init.counts.add('not-reading')
    // A close frame would only queue up behind what is not read.
    this.#cut('it does not read what it is sent')
  }

  #scheduleKeepAlive(): void {
    const { limits, random } = this.#init
    const asks = this.direction === 'outbound' ? 1 : INBOUND_PATIENCE
    const wait = jittered(limits.keepAlive * asks, KEEP_ALIVE_SPREAD, random)
    this.#keepAliveTimer = setTimeout(() => this.#keepAlive(), wait)
  }

  /** Any byte since the last question is a sign of life, so that a long upload over a slow line is one too. */
  #keepAlive(): void {
    const { bytesRead } = this.#init.socket
    const isSilent = bytesRead === this.#bytesReadBefore
    if (isSilent && this.#hasAsked) {
      this.#init.counts.add('no-sign-of-life')
      this.#cut('no sign of life')
      return
    }
    this.#bytesReadBefore = bytesRead
    // Whoever dialled asks. Who was dialled asks those only who say nothing by themselves: with a thousand clients every frame counts.
    this.#hasAsked = isSilent || this.#hasAsked || this.direction === 'outbound'
    if (this.#hasAsked && this.#webSocket.readyState === this.#webSocket.OPEN) this.#webSocket.ping()
    this.#scheduleKeepAlive()
  }
}

/** RFC 6455 section 7.4: some codes are never sent. */
function isSendable(code: number): boolean {
  return (
    Number.isInteger(code) &&
    ((code >= NORMAL && code <= 1014 && (code < 1004 || code > 1006)) || (code >= 3000 && code <= 4999))
  )
}

/** As much of the reason as a close frame carries, cut between characters. */
function shortened(reason: string): string {
  let text = reason
  while (Buffer.byteLength(text) > CLOSE_REASON_BYTES_MAX) text = Array.from(text).slice(0, -1).join('')
  return text
}

function reasonOf(code: number, reason: Buffer): string {
  if (code === 1006) return 'the connection broke'
  const text = reason.toString('utf8')
  return `closed by the other side (${code}${text === '' ? '' : ` ${JSON.stringify(text)}`})`
}
