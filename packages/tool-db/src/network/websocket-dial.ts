/** The dialling side: one WebSocket to an endpoint, within a time that nobody can stretch. */

import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { type Endpoint, isPort, parseIp } from '@shoal/base'
import { WebSocket } from 'ws'
import { DialError } from './network-error.ts'
import { socketOptions, type WebSocketLimits } from './websocket-limits.ts'

/** RFC 1123 names; whatever could mean something else inside a URL is refused. */
const HOST_NAME = /^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_.])?$/

export interface DialInit {
  readonly limits: WebSocketLimits
  /** TLS on every port, not only on 443. */
  readonly ssl: boolean
  /** PEM certificates to trust instead of the well-known ones. */
  readonly ca: string | undefined
  /** Any of them ends the attempt. */
  readonly signals: readonly AbortSignal[]
  /** Runs as soon as the socket is open, before its first message. */
  readonly onOpen: (webSocket: WebSocket, socket: Socket) => void
}

/** Rejects with `DialError`. */
export function dialWebSocket(endpoint: Endpoint, init: DialInit): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = init.signals.find((signal) => signal.aborted)
    if (aborted !== undefined) throw new DialError(endpoint, 'it was called off', { cause: aborted.reason })
    const webSocket = new WebSocket(urlOf(endpoint, init.ssl), {
      ...socketOptions(init.limits),
      followRedirects: false,
      maxHeaderSize: init.limits.headerBytesMax,
      ...(init.ca === undefined ? {} : { ca: init.ca }),
    })
    let socket: Socket | undefined
    const abandon = (reason: string, cause?: unknown): void => {
      settle()
      reject(new DialError(endpoint, reason, { cause }))
      // Of a handshake under way the library tells as an error; nobody asks any more.
      webSocket.on('error', () => undefined)
      webSocket.terminate()
    }
    const timer = setTimeout(() => abandon('no answer in time'), init.limits.handshakeMax)
    const onAbort = (event: Event): void => abandon('it was called off', (event.target as AbortSignal).reason)
    const onError = (error: NodeJS.ErrnoException): void => abandon(error.message || String(error.code), error)
    const onUpgrade = (response: IncomingMessage): void => {
      socket = response.socket
    }
    const onOpen = (): void => {
      settle()
      init.onOpen(webSocket, socket as Socket)
      resolve()
    }
    const settle = (): void => {
      clearTimeout(timer)
      for (const signal of init.signals) signal.removeEventListener('abort', onAbort)
      webSocket.off('error', onError).off('upgrade', onUpgrade).off('open', onOpen)
    }
    for (const signal of init.signals) signal.addEventListener('abort', onAbort)
    webSocket.on('error', onError).on('upgrade', onUpgrade).on('open', onOpen)
  })
}

function urlOf(endpoint: Endpoint, ssl: boolean): string {
  const { host, port } = endpoint
  const isIpv6 = host.includes(':')
  if (!isPort(port) || (isIpv6 ? parseIp(host) === undefined : !HOST_NAME.test(host))) {
    throw new DialError(endpoint, 'that is no host and port')
  }
  const scheme = ssl || port === 443 ? 'wss' : 'ws'
  const url = `${scheme}://${isIpv6 ? `[${host}]` : host}:${port}`
  if (!URL.canParse(url)) throw new DialError(endpoint, 'that is no host')
  return url
}
