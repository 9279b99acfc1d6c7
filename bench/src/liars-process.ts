/**
 * Fifty who say that they are servers of a topic with an owner, and are not certified: servers of shoal without a certificate, and others who
 * answer as tool-db does, with what they heard, or not at all. All are announced; what any of them hears is counted.
 */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Dht } from '@shoal/dht'
import { infoHashesAt, requireTopic } from '@shoal/peer'
import { ToolDb } from '@shoal/tool-db'
import { type WebSocket, WebSocketServer } from 'ws'
import { answerRequests, childOptions } from './child.ts'

export interface Heard {
  /** How often they were dialled; of those that are shoal's own, as far as they say. */
  readonly dialled: number
  /** Messages other than the first one of a Noise handshake. */
  readonly words: number
  /** Peers that connected to one of shoal's. */
  readonly peers: number
}

const LIARS = 50
const HOST = '127.0.0.1'

const { topic, bootstrap } = childOptions<{ topic: string; bootstrap: readonly string[] }>()
const heard = { dialled: 0, words: 0, peers: 0 }

const PONG = { type: 'pong', id: 'pong', to: [], isServer: true, clientId: 'liar', servers: [] }
const ANSWERS: readonly ((socket: WebSocket, frame: string) => void)[] = [
  (socket) => socket.send(JSON.stringify(PONG)),
  (socket, frame) => socket.send(frame),
  () => {},
]

async function listen(index: number): Promise<number> {
  const server = new WebSocketServer({ host: HOST, port: 0 })
  await once(server, 'listening')
  server.on('connection', (socket) => {
    heard.dialled++
    let isFirst = true
    socket.on('error', () => {})
    socket.on('message', (data) => {
      const frame = String(data)
      if (!isFirst || !isNoise(frame)) heard.words++
      isFirst = false
      ANSWERS[index % ANSWERS.length]?.(socket, frame)
    })
  })
  return (server.address() as AddressInfo).port
}

function isNoise(frame: string): boolean {
  try {
    return (JSON.parse(frame) as { type?: unknown }).type === 'noise'
  } catch {
    return false
  }
}

async function serve(): Promise<number> {
  const port = await freePort()
  const db = new ToolDb({ topic, server: true, host: HOST, bind: HOST, port, store: 'memory' })
  db.onPeerConnect = () => void heard.peers++
  await db.ready
  return port
}

async function freePort(): Promise<number> {
  const server = new WebSocketServer({ host: HOST, port: 0 })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function announceAll(): Promise<number> {
  const ports: number[] = []
  for (let i = 0; i < LIARS; i++) ports.push(i % 2 === 0 ? await serve() : await listen(i >> 1))
  const dht = new Dht({ bootstrap: [...bootstrap], host: HOST, mode: 'client' })
  await dht.ready
  const [infoHash] = infoHashesAt(requireTopic(topic), Date.now())
  if (infoHash === undefined) throw new Error('a topic without an info hash')
  for (const port of ports) await dht.announce(infoHash, { port })
  return ports.length
}

answerRequests({ announce: announceAll, heard: (): Heard => ({ ...heard }) })
