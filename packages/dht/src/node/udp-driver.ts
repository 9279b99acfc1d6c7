/**
 * Joins an engine to a UDP socket and the clock: every input is followed by draining what the engine wants sent and
 * told. No failure of a single datagram ever stops the node.
 */

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { performance } from 'node:perf_hooks'
import { ClosedError, type Endpoint, type Family, type Millis, parseIp } from '@shoal/base'
import type { DhtEngine } from '../core/engine.ts'
import type { EngineEvent } from '../core/engine-event.ts'
import { BindError, PortTakenError } from '../errors.ts'

/** Room for some thousand datagrams while JavaScript is busy. The system may grant less. */
const RECEIVE_BUFFER_BYTES = 4 * 1_024 * 1_024
/** The longest wait that a timer takes. */
const TIMER_MAX_MS = 2 ** 31 - 1

export interface UdpDriverInit {
  /** A literal address, or a name of this machine. */
  readonly host: string
  readonly onEvent: (event: EngineEvent) => void
}

export class UdpDriver {
  readonly #engine: DhtEngine
  readonly #init: UdpDriverInit
  #socket: Socket | undefined
  #timer: NodeJS.Timeout | undefined
  #timerAt: Millis = Number.POSITIVE_INFINITY
  #isClosed = false
  #sendErrors = 0

  constructor(engine: DhtEngine, init: UdpDriverInit) {
    this.#engine = engine
    this.#init = init
  }

  /** The clock of engines: monotonic, so that a correction of wall time disturbs nothing. */
  static now(): Millis {
    return performance.now()
  }

  /** Datagrams that could not be handed to the system, and errors that it reported later. */
  get sendErrors(): number {
    return this.#sendErrors
  }

  /** Binds the socket, 0 to any free port; the address and port it got. */
  async open(port: number): Promise<Endpoint> {
    const { host } = this.#init
    const { family } = this.#engine
    let address = host
    try {
      if (parseIp(host) === undefined) address = (await lookup(host, { family: family === 'ipv4' ? 4 : 6 })).address
    } catch (cause) {
      throw new BindError({ host, port }, { cause })
    }
    if (this.#isClosed) throw new ClosedError('the DHT node was closed')
    const socket = createSocket({
      type: family === 'ipv4' ? 'udp4' : 'udp6',
      // BEP 32: two networks, two sockets.
      ipv6Only: family === 'ipv6',
      // Only literal addresses are sent to, so nothing has to be looked up, nor a tick waited for.
      lookup: (name, _options, callback) => callback(null, name, familyNumber(family)),
    })
    this.#socket = socket
    await bind(socket, { host: address, port })
    if (this.#isClosed) throw new ClosedError('the DHT node was closed')
    // After a failure to close, or an odd error report of the system, the node just goes on.
    socket.on('error', () => this.#sendErrors++)
    socket.on('message', (bytes: Uint8Array, from: RemoteInfo) => this.#receive(bytes, from))
    enlargeReceiveBuffer(socket)
    const bound = socket.address()
    const endpoint = { host: bound.address, port: bound.port }
    this.#engine.setBound(endpoint)
    return endpoint
  }

  /** Hands the engine an input and drains it. */
  run<T>(input: (now: Millis) => T): T {
    const result = input(UdpDriver.now())
    // Events wait until the caller knows the name of what it has started.
    queueMicrotask(() => this.#drain())
    return result
  }

  close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    const socket = this.#socket
    this.#socket = undefined
    return new Promise((resolve) => {
      if (socket === undefined) return resolve()
      try {
        socket.close(() => resolve())
      } catch {
        // It was never bound, or has failed: there is nothing to close.
        resolve()
      }
    })
  }

  #receive(bytes: Uint8Array, from: RemoteInfo): void {
    if (this.#isClosed) return
    this.#engine.handleDatagram(performance.now(), { host: from.address, port: from.port }, bytes)
    this.#drain()
  }

  #drain(): void {
    if (this.#isClosed) return
    const engine = this.#engine
    for (let transmit = engine.pollTransmit(); transmit !== undefined; transmit = engine.pollTransmit()) {
      try {
        this.#socket?.send(transmit.bytes, transmit.to.port, transmit.to.host)
      } catch {
        this.#sendErrors++
      }
    }
    for (let event = engine.pollEvent(); event !== undefined; event = engine.pollEvent()) this.#init.onEvent(event)
    const wakeAt = engine.pollTimeout()
    if (wakeAt !== undefined && wakeAt < this.#timerAt) this.#wakeAt(wakeAt)
  }

  /** Only an earlier deadline moves the timer: one that has become too early costs less than a new timer a packet. */
  #wakeAt(at: Millis): void {
    clearTimeout(this.#timer)
    this.#timerAt = at
    const wait = Math.min(Math.max(Math.ceil(at - performance.now()), 0), TIMER_MAX_MS)
    // After a long pause of the process the answers lie in the socket: they are read before anybody is given up.
    this.#timer = setTimeout(() => setImmediate(() => this.#handleTimeout()), wait)
  }

  #handleTimeout(): void {
    this.#timerAt = Number.POSITIVE_INFINITY
    if (this.#isClosed) return
    this.#engine.handleTimeout(performance.now())
    this.#drain()
  }
}

function familyNumber(family: Family): 4 | 6 {
  return family === 'ipv4' ? 4 : 6
}

function bind(socket: Socket, endpoint: Endpoint): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (cause: NodeJS.ErrnoException): void => {
      socket.close()
      reject(cause.code === 'EADDRINUSE' ? new PortTakenError(endpoint, { cause }) : new BindError(endpoint, { cause }))
    }
    socket.once('error', onError)
    socket.bind({ port: endpoint.port, address: endpoint.host, exclusive: true }, () => {
      socket.off('error', onError)
      resolve()
    })
  })
}

function enlargeReceiveBuffer(socket: Socket): void {
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES)
  } catch {
    // The system's own size does too.
  }
}
