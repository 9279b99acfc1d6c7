/**
 * Fakes on real sockets: each an endpoint of its own on loopback, announced on a DHT of real nodes beside the one genuine server. What the
 * genuine one and an honest client say to each other is recorded on its way, as a proxy in front of the server sees it; whoever
 * replays, forges or forwards has that.
 */

import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { type RawData, WebSocket, WebSocketServer } from 'ws'

/** One message of a session, as it was sent. */
export interface Heard {
  readonly by: 'client' | 'server'
  readonly data: Buffer
  readonly isBinary: boolean
}

export interface Place {
  readonly host: string
  readonly port: number
}

type Answer = (socket: WebSocket, data: Buffer, isBinary: boolean) => void

/** What stands where others see the server: it hands everything on, and keeps it. */
export class Recorder {
  /** BOUNDED: by the few sessions that a test makes. */
  readonly sessions: Heard[][] = []

  constructor(at: Place, server: Place) {
    const listener = new WebSocketServer(at)
    closeAtEnd(listener)
    listener.on('connection', (socket, { url }) => {
      const upstream = new WebSocket(`ws://${server.host}:${server.port}${url}`, { localAddress: at.host })
      const heard: Heard[] = []
      this.sessions.push(heard)
      const opened = once(upstream, 'open')
      opened.catch(() => {})
      const relay = (by: Heard['by'], to: WebSocket) => (data: RawData, isBinary: boolean) => {
        heard.push({ by, data: Buffer.from(data as Buffer), isBinary })
        void opened.then(() => to.send(data, { binary: isBinary }))
      }
      socket.on('message', relay('client', upstream))
      upstream.on('message', relay('server', socket))
      for (const [one, other] of [
        [socket, upstream],
        [upstream, socket],
      ] as const) {
        one.on('close', () => other.close())
        one.on('error', () => other.terminate())
      }
    })
  }
}

/** Nobody listens there. */
export async function deadPlace(host: string): Promise<Place> {
  const server = createServer().listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return { host, port }
}

/** Takes connections and says nothing. */
export function silentPlace(host: string): Promise<Place> {
  return listening(createServer(), host)
}

/** Every byte goes to the one behind it and back: a proof that it makes is made for another place. */
export function forwardingPlace(host: string, to: Place): Promise<Place> {
  const server = createServer((socket) => {
    const onward = connect(to)
    socket.pipe(onward).pipe(socket)
    socket.on('error', () => onward.destroy())
    onward.on('error', () => socket.destroy())
  })
  return listening(server, host)
}

/** A WebSocket server that answers each message so. */
export async function answeringPlace(host: string, answer: Answer): Promise<Place> {
  const server = new WebSocketServer({ host, port: 0 })
  closeAtEnd(server)
  await once(server, 'listening')
  server.on('connection', (socket) => {
    socket.on('error', () => {})
    socket.on('message', (data, isBinary) => answer(socket, Buffer.from(data as Buffer), isBinary))
  })
  return { host, port: (server.address() as AddressInfo).port }
}

/** What the server said in that session, message by message, whatever is asked now. */
export function replay(session: readonly Heard[]): Answer {
  const said = session.filter(({ by }) => by === 'server')
  return (socket) => {
    for (const { data, isBinary } of said) socket.send(data, { binary: isBinary })
  }
}

/** The same words, with other signatures. */
export function forge(session: readonly Heard[]): Answer {
  const said = session.filter(({ by }) => by === 'server').map(({ data }) => forged(data))
  return (socket) => {
    for (const text of said) socket.send(text)
  }
}

function forged(data: Buffer): string {
  return data.toString().replaceAll(/"sig":"[^"]*"/g, () => `"sig":"${randomBytes(64).toString('base64')}"`)
}

/** Floods a server with sessions that somebody else had, and with forged ones, until it is stopped; how many there were. */
export class Flood {
  readonly #target: Place
  readonly #from: string
  readonly #sessions: readonly (readonly Heard[])[]
  #isOver = false
  #count = 0

  constructor(target: Place, { from, sessions }: { from: string; sessions: readonly (readonly Heard[])[] }) {
    this.#target = target
    this.#from = from
    this.#sessions = sessions
    onTestFinished(() => this.stop())
  }

  get count(): number {
    return this.#count
  }

  start(parallel: number): void {
    for (let i = 0; i < parallel; i++) void this.#attack(i)
  }

  stop(): void {
    this.#isOver = true
  }

  async #attack(index: number): Promise<void> {
    for (let turn = index; !this.#isOver; turn++) {
      const session = this.#sessions[turn % this.#sessions.length] as readonly Heard[]
      await this.#say(session, turn % 2 === 0)
      this.#count++
    }
  }

  #say(session: readonly Heard[], isForged: boolean): Promise<void> {
    const { host, port } = this.#target
    const socket = new WebSocket(`ws://${host}:${port}`, { localAddress: this.#from })
    socket.on('error', () => {})
    socket.on('open', () => {
      for (const { by, data, isBinary } of session) {
        if (by === 'client') socket.send(isForged && !isBinary ? forged(data) : data, { binary: isBinary })
      }
    })
    const patience = setTimeout(() => socket.terminate(), 2_000)
    return new Promise((resolve) => {
      socket.on('close', () => {
        clearTimeout(patience)
        resolve()
      })
    })
  }
}

async function listening(server: Server, host: string): Promise<Place> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, host)
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { host, port: (server.address() as AddressInfo).port }
}

function closeAtEnd(server: WebSocketServer): void {
  onTestFinished(() => {
    server.close()
    for (const socket of server.clients) socket.terminate()
  })
}
