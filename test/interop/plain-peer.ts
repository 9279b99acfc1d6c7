/**
 * A bare speaker of tool-db's wire, for what no honest program sends: it signs like tool-db's ECDSA users, and puts any
 * bytes on its socket. Each may dial from a loopback address of its own, so that one being kept out leaves the others alone.
 */
import { createECDH, createHash, createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

export class Signer {
  readonly address: string
  readonly #key: KeyObject

  constructor() {
    // Not generateKeyPairSync: a key of it that is exported at once may hang Node 20.
    const pair = createECDH('prime256v1')
    const point = pair.generateKeys()
    const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) => half.toString('base64url')) as [
      string,
      string,
    ]
    const d = pair.getPrivateKey().toString('hex').padStart(64, '0')
    this.address = `${x}${y}`
    const key = { kty: 'EC', crv: 'P-256', x, y, d: Buffer.from(d, 'hex').toString('base64url') }
    this.#key = createPrivateKey({ key, format: 'jwk' })
  }

  sign(text: string): string {
    return sign('sha256', Buffer.from(text), { key: this.#key, dsaEncoding: 'ieee-p1363' }).toString('hex')
  }
}

export interface PlainRecord {
  readonly k: string
  readonly a: string
  readonly n: number | string
  readonly t: number
  readonly h: string
  readonly s: string
  readonly v: unknown
  readonly c: string | null
}

/** A record as tool-db 2.6.6 makes it, at any time and with any nonce. */
export function plainRecord(
  signer: Signer,
  key: string,
  value: unknown,
  { time = Date.now(), nonce = 0 } = {},
): PlainRecord {
  const h = sha256(`${JSON.stringify(value)}${signer.address}${time}${nonce}`)
  return { k: key, a: signer.address, n: nonce, t: time, h, s: signer.sign(h), v: value, c: null }
}

export function putOf(data: unknown): object {
  return { type: 'put', id: randomId(), to: [], data }
}

export function randomId(): string {
  return Math.random().toString(36).slice(2, 12)
}

export type Message = { readonly type: string; readonly id?: string; readonly [field: string]: unknown }

interface PlainPeerOptions {
  readonly from?: string
  readonly topic?: string
  readonly isServer?: boolean
}

export class PlainPeer {
  readonly signer: Signer = new Signer()
  readonly #socket: WebSocket
  readonly #topic: string
  readonly #isServer: boolean
  readonly #waiting = new Map<string, (message: Message) => void>()
  /** Resolves with the close code. */
  readonly closed: Promise<number>

  private constructor(socket: WebSocket, options: PlainPeerOptions) {
    this.#socket = socket
    this.#topic = options.topic ?? 'interop'
    this.#isServer = options.isServer ?? false
    this.closed = new Promise((resolve) => socket.on('close', (code) => resolve(code)))
    socket.on('error', () => {})
    socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as Message
      this.#waiting.get(`${message.id}`)?.(message)
    })
  }

  /** A socket that is open and has said nothing. */
  static async open(port: number, options: PlainPeerOptions = {}): Promise<PlainPeer> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, {
      localAddress: options.from ?? '127.0.0.1',
      perMessageDeflate: false,
    })
    const peer = new PlainPeer(socket, options)
    onTestFinished(() => socket.terminate())
    await Promise.race([once(socket, 'open'), peer.closed])
    return peer
  }

  /** A socket whose ping was answered. */
  static async connect(port: number, options: PlainPeerOptions = {}): Promise<PlainPeer> {
    const peer = await PlainPeer.open(port, options)
    const pong = await peer.ask(peer.ping())
    if (pong?.type !== 'pong') throw new Error(`no pong: ${JSON.stringify(pong)}`)
    return peer
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN
  }

  ping(): Message {
    const timestamp = Date.now()
    const [host, port] = ['203.0.113.9', 9000]
    const sig = this.signer.sign(sha256(`${this.#topic}-${timestamp}-${host}:${port}`))
    const clientId = this.signer.address.slice(-20)
    const peer = { topic: this.#topic, timestamp, host, port, address: this.signer.address, sig }
    return { type: 'ping', id: randomId(), clientId, to: [clientId], isServer: this.#isServer, peer }
  }

  /** Objects as JSON; text and bytes as they are, bytes in a text frame where `asText` says so. */
  send(message: object | string | Buffer, asText = true): void {
    const data = typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message)
    if (this.isOpen) this.#socket.send(data, { binary: !asText })
  }

  /** Takes nothing from the operating system any more. */
  stopReading(): void {
    const { _socket } = this.#socket as unknown as { _socket: Socket }
    _socket.pause()
  }

  end(): void {
    this.#socket.terminate()
  }

  /** The answer with the message's id, or `undefined` where the connection ended first. */
  async ask(message: Message): Promise<Message | undefined> {
    const answer = new Promise<Message>((resolve) => this.#waiting.set(`${message.id}`, resolve))
    this.send(message)
    return Promise.race([answer, this.closed.then(() => undefined)])
  }

  /** What the server holds under a key that it does hold. */
  async get(key: string): Promise<PlainRecord | undefined> {
    const answer = await this.ask({ type: 'get', id: randomId(), to: [], key })
    return answer?.['data'] as PlainRecord | undefined
  }
}
