/** The listening side: a port of our own, or a web server that was given. A stranger gets a handshake's time and no more. */

import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { Server as SecureServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { Admission } from './admission.ts'
import { ListenError } from './network-error.ts'
import { canonicalHost, forwardedHost } from './remote-address.ts'
import type { SocketCounts } from './socket-counts.ts'
import { socketOptions, type WebSocketLimits } from './websocket-limits.ts'

export type ListenOptions =
  /** A port of our own; 0 takes a free one; without a host, every address of this machine. */
  | { readonly port: number; readonly host?: string | undefined }
  /** Takes every upgrade of a server that somebody else opens, secures and closes. */
  | { readonly server: Server | SecureServer }

export interface WebSocketListenerInit {
  readonly listen: ListenOptions
  readonly trustProxy: boolean
  readonly limits: WebSocketLimits
  readonly counts: SocketCounts
  /** `host` is what a trusted proxy said. */
  readonly onSocket: (webSocket: WebSocket, socket: Socket, host: string | undefined) => void
}

export class WebSocketListener {
  readonly #init: WebSocketListenerInit
  readonly #admission: Admission
  readonly #upgrader: WebSocketServer
  readonly #server: Server | SecureServer
  readonly #isOwn: boolean
  /** BOUNDED: handshakesMax, oldest out. */
  readonly #handshakes = new Map<Socket, NodeJS.Timeout>()
  readonly #onUpgrade = (request: IncomingMessage, stream: Duplex, head: Buffer): void =>
    this.#upgrade(request, stream as Socket, head)

  constructor(init: WebSocketListenerInit) {
    this.#init = init
    this.#admission = new Admission(init.limits)
    this.#upgrader = new WebSocketServer({ ...socketOptions(init.limits), noServer: true, clientTracking: false })
    this.#isOwn = 'port' in init.listen
    this.#server = 'port' in init.listen ? this.#createServer() : init.listen.server
    this.#server.on('upgrade', this.#onUpgrade)
  }

  /** The bound port; `undefined` where a server that was given does not listen yet. Rejects with `ListenError`. */
  async open(): Promise<number | undefined> {
    const { listen } = this.#init
    if ('port' in listen) await bind(this.#server, listen.port, listen.host)
    return (this.#server.address() as AddressInfo | null)?.port
  }

  /** Takes no more; channels that are open are their owner's. */
  async close(): Promise<void> {
    this.#server.off('upgrade', this.#onUpgrade)
    for (const socket of [...this.#handshakes.keys()]) socket.destroy()
    if (!this.#isOwn || !this.#server.listening) return
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  #createServer(): Server {
    const { headerBytesMax } = this.#init.limits
    const server = createServer({ maxHeaderSize: headerBytesMax, requestTimeout: 0 }, (_request, response) => {
      response.writeHead(426, { 'Content-Type': 'text/plain', Connection: 'close' })
      response.end('This is a shoal server: it speaks WebSocket only.\n')
    })
    server.maxRequestsPerSocket = 1
    server.on('connection', (socket: Socket) => this.#onConnection(socket))
    // An error of accept(), as when no file descriptors are left, passes; the server goes on.
    server.on('error', () => undefined)
    return server
  }

  #onConnection(socket: Socket): void {
    // Behind a proxy every socket is the proxy's: the place is taken when its header is known.
    if (!this.#init.trustProxy && !this.#admit(socket, canonicalHost(socket.remoteAddress))) {
      socket.destroy()
      return
    }
    if (this.#handshakes.size >= this.#init.limits.handshakesMax) {
      this.#init.counts.add('pushed-out')
      const [oldest] = this.#handshakes.keys()
      oldest?.destroy()
      if (oldest !== undefined) this.#endHandshake(oldest)
    }
    // Node's own time-outs look around every 30 s only; this one is exact.
    const timer = setTimeout(() => {
      this.#init.counts.add('opening-timed-out')
      socket.destroy()
    }, this.#init.limits.handshakeMax)
    this.#handshakes.set(socket, timer)
    socket.once('close', () => this.#endHandshake(socket))
  }

  #endHandshake(socket: Socket): void {
    clearTimeout(this.#handshakes.get(socket))
    this.#handshakes.delete(socket)
  }

  /** Holds a place until the socket is closed. */
  #admit(socket: Socket, host: string): boolean {
    const leave = this.#admission.enter(host)
    if (leave === undefined) {
      this.#init.counts.add('refused')
      return false
    }
    socket.once('close', leave)
    return true
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    this.#endHandshake(socket)
    const host = this.#init.trustProxy ? forwardedHost(request) : undefined
    const mustEnter = this.#init.trustProxy || !this.#isOwn
    if (mustEnter && !this.#admit(socket, host ?? canonicalHost(socket.remoteAddress))) {
      refuse(socket)
      return
    }
    try {
      this.#upgrader.handleUpgrade(request, socket, head, (webSocket) => this.#init.onSocket(webSocket, socket, host))
    } catch {
      // Another listener of a server that was given has taken this socket: it is not ours.
      socket.destroy()
    }
  }
}

function refuse(socket: Socket): void {
  socket.on('error', () => socket.destroy())
  socket.once('finish', () => socket.destroy())
  socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
}

function bind(server: Server | SecureServer, port: number, host: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      server.off('listening', onListening)
      reject(listenError(port, host, error))
    }
    const onListening = (): void => {
      server.off('error', onError)
      resolve()
    }
    server.once('error', onError)
    server.once('listening', onListening)
    server.listen({ port, ...(host === undefined ? {} : { host }) })
  })
}

function listenError(port: number, host: string | undefined, cause: NodeJS.ErrnoException): ListenError {
  switch (cause.code) {
    case 'EADDRINUSE':
      return new ListenError(
        'SHOAL_PORT_TAKEN',
        `port ${port} is taken: choose another with --port, or 0 for any free one`,
        { cause },
      )
    case 'EACCES':
      return new ListenError(
        'SHOAL_LISTEN_FAILED',
        `this user may not listen on port ${port}: choose one of 1024 or more with --port, or 0 for any free one`,
        { cause },
      )
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new ListenError(
        'SHOAL_LISTEN_FAILED',
        `${host} is no address of this machine: choose another with --bind, or leave it out for all`,
        { cause },
      )
    default:
      return new ListenError('SHOAL_LISTEN_FAILED', `could not listen on port ${port}: ${cause.message}`, { cause })
  }
}
