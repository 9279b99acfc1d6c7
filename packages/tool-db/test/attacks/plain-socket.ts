/** A plain tool-db peer by hand, on a real WebSocket: it says what the test wants, as fast as the test wants, and may stop reading. */

import { once } from 'node:events'
import type { Socket } from 'node:net'
import { endpointDigest, KeyPair } from '@shoal/peer'
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { sha256, signedRecord } from './plain-record.ts'

export interface Said {
  readonly type: string
  readonly id: string
  readonly [field: string]: unknown
}

export class PlainSocket {
  readonly socket: WebSocket
  readonly key: KeyPair
  readonly said: Said[] = []
  readonly closed: Promise<unknown>

  private constructor(socket: WebSocket, key: KeyPair) {
    this.socket = socket
    this.key = key
    this.closed = once(socket, 'close')
    socket.on('error', () => undefined)
    socket.on('message', (data) => this.said.push(JSON.parse(String(data)) as Said))
  }

  /** Open, and silent so far. */
  static async open(port: number, from = '127.0.0.1'): Promise<PlainSocket> {
    const key = await KeyPair.generate()
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { localAddress: from, perMessageDeflate: false })
    onTestFinished(() => socket.terminate())
    const plain = new PlainSocket(socket, key)
    await Promise.race([once(socket, 'open'), plain.closed])
    return plain
  }

  /** Through the handshake of a plain peer. */
  static async greet(port: number, from = '127.0.0.1'): Promise<PlainSocket> {
    const plain = await PlainSocket.open(port, from)
    const unsigned = { topic: 'face', timestamp: Date.now(), host: '0.0.0.0', port: 1 }
    const peer = {
      ...unsigned,
      address: plain.key.address,
      sig: await plain.key.sign(endpointDigest(unsigned, sha256)),
    }
    const clientId = plain.key.address.slice(-20)
    const answered = once(plain.socket, 'message')
    plain.send({ type: 'ping', id: 'ping', clientId, to: [clientId], isServer: false, peer })
    await Promise.race([answered, plain.closed])
    return plain
  }

  get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN
  }

  send(message: object): void {
    if (this.isOpen) this.socket.send(JSON.stringify(message))
  }

  async put(key: string, value: unknown): Promise<void> {
    this.send({ type: 'put', id: `put ${key}`, to: [], data: await signedRecord(this.key, key, value) })
  }

  /** Takes nothing from the operating system any more, so nothing can be sent to it before long. */
  stopReading(): void {
    const { _socket } = this.socket as unknown as { _socket: Socket }
    _socket.pause()
  }
}
