/** What the WebSocket tests share: a server network that keeps what it sees, and raw sockets that misbehave. */

import { connect, type Socket } from 'node:net'
import { afterEach } from 'vitest'
import { WebSocket } from 'ws'
import type { Channel, ChannelEvents } from '../../src/network/channel.ts'
import { WebSocketNetwork, type WebSocketNetworkOptions } from '../../src/network/websocket.ts'

export const NEVER: AbortSignal = new AbortController().signal

/** One end's channels and what came over them, and a way to wait for more. */
export class Witness {
  readonly channels: Channel[] = []
  readonly messages: (string | Uint8Array)[] = []
  readonly closings: string[] = []
  #wake: () => void = () => undefined

  readonly onChannel = (channel: Channel): ChannelEvents => {
    this.channels.push(channel)
    this.#wake()
    return {
      onMessage: (message) => {
        this.messages.push(message)
        this.#wake()
      },
      onClose: (reason) => {
        this.closings.push(reason)
        this.#wake()
      },
    }
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}

const cleanups: (() => unknown)[] = []

/** Ends what a test opened, however it ends. */
export function atEnd(cleanup: () => unknown): void {
  cleanups.push(cleanup)
}

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

export function network(options: WebSocketNetworkOptions = {}): WebSocketNetwork {
  const made = new WebSocketNetwork(options)
  atEnd(() => made.close())
  return made
}

export interface Served {
  readonly network: WebSocketNetwork
  readonly witness: Witness
  readonly port: number
}

export async function serve(options: Omit<WebSocketNetworkOptions, 'listen'> = {}): Promise<Served> {
  const made = network({ ...options, listen: { port: 0, host: '127.0.0.1' } })
  const witness = new Witness()
  const port = (await made.listen(witness.onChannel)) as number
  return { network: made, witness, port }
}

/** A plain TCP socket to the port, not saying anything yet. */
export async function rawSocket(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.on('error', () => undefined)
  atEnd(() => socket.destroy())
  await new Promise((resolve) => socket.once('connect', resolve))
  return socket
}

export function closedOf(socket: Socket): Promise<void> {
  socket.resume()
  return socket.closed ? Promise.resolve() : new Promise((resolve) => socket.once('close', () => resolve()))
}

export const UPGRADE_REQUEST: string = [
  'GET / HTTP/1.1',
  'Host: localhost',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  '\r\n',
].join('\r\n')

/** A TCP socket on which the WebSocket handshake is done, for frames written by hand. */
export async function rawWebSocket(port: number): Promise<Socket> {
  const socket = await rawSocket(port)
  socket.write(UPGRADE_REQUEST)
  await new Promise((resolve) => socket.once('data', resolve))
  return socket
}

/** The header of a masked frame; its mask is all zeros, so the payload follows as it is. */
export function frameHeader(opcode: number, length: number): Buffer {
  const head = Buffer.alloc(14)
  head[0] = 0x80 | opcode
  head[1] = 0xff
  head.writeBigUInt64BE(BigInt(length), 2)
  return head
}

export async function openWebSocket(
  port: number,
  options: ConstructorParameters<typeof WebSocket>[2] = {},
): Promise<WebSocket> {
  const webSocket = new WebSocket(`ws://127.0.0.1:${port}`, options)
  atEnd(() => webSocket.terminate())
  await new Promise((resolve, reject) => {
    webSocket.once('open', resolve)
    webSocket.once('error', reject)
  })
  webSocket.on('error', () => undefined)
  return webSocket
}

export function closeCodeOf(webSocket: WebSocket): Promise<number> {
  return new Promise((resolve) => webSocket.once('close', resolve))
}

/** An honest client says something and is heard. */
export async function isServed(served: Served, text: string): Promise<void> {
  const client = network()
  const channel = await client.dial({ host: '127.0.0.1', port: served.port }, new Witness().onChannel, NEVER)
  channel.send(text)
  await served.witness.until(() => served.witness.messages.includes(text))
}
