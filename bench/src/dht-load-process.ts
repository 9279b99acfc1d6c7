/**
 * Asks a DHT server from 64 loopback addresses, one query outstanding on each, a fresh target every time. Counts answers
 * in full only. A query without an answer is sent again after a while and counted as lost. `announce_peer` alone uses
 * the token that the server gave the address before; `announce` is what clients do: get_peers, then announce_peer with its token.
 */
import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { seededRandom } from '@shoal/base'
import { answerRequests, childOptions } from './child.ts'
import {
  emptyAnswer,
  isFullAnswer,
  type Load,
  type Method,
  type QueryTemplate,
  queryTemplate,
  tokenOf,
} from './krpc-messages.ts'

const { port, sources, echo } = childOptions<{ port: number; sources: number; echo: boolean }>()
const RESEND_MS = 200
/** The same targets in every run, for every server. */
const random = seededRandom(1)

let load: Load = 'get_peers'
let answered = 0
let lost = 0
let running = false
/** Queries that may still be asked. */
let left = Number.POSITIVE_INFINITY
let whenDone = (): void => {}

interface Asker {
  readonly socket: Socket
  readonly id: Buffer
  method: Method
  query: QueryTemplate
  token: Buffer
  sentAt: number
}

async function startAsker(index: number): Promise<Asker> {
  const socket = createSocket({
    type: 'udp4',
    recvBufferSize: 1 << 20,
    lookup: (name, _options, callback) => callback(null, name, 4),
  })
  const id = randomBytes(20)
  const asker: Asker = {
    socket,
    id,
    method: 'ping',
    query: queryTemplate('ping', id),
    token: Buffer.alloc(8),
    sentAt: 0,
  }
  socket.on('message', (message) => take(asker, message))
  const listening = once(socket, 'listening')
  socket.bind(0, `127.0.${1 + (index >> 6)}.${1 + (index & 63)}`)
  await listening
  return asker
}

function ask(asker: Asker): void {
  if (!running) return
  if (left <= 0) {
    running = false
    whenDone()
    return
  }
  left--
  const { bytes, targetAt } = asker.query
  if (targetAt !== undefined) {
    for (let i = 0; i < 20; i += 4) bytes.writeUInt32LE(random.uint32(), targetAt + i)
  }
  send(asker)
}

function send(asker: Asker): void {
  const { bytes, transactionAt } = asker.query
  bytes.writeUInt32BE(random.uint32(), transactionAt)
  asker.sentAt = performance.now()
  asker.socket.send(bytes, port, '127.0.0.1')
}

function take(asker: Asker, message: Buffer): void {
  if (echo || isFullAnswer(asker.method, message)) {
    answered++
    if (load === 'announce') turn(asker, message)
    else ask(asker)
    return
  }
  const answer = emptyAnswer(message, asker.id)
  if (answer) asker.socket.send(answer, port, '127.0.0.1')
}

/** After the answer to get_peers comes announce_peer for the same hash, and then the next hash. */
function turn(asker: Asker, message: Buffer): void {
  if (asker.method === 'announce_peer') {
    set(asker, 'get_peers')
    ask(asker)
    return
  }
  const { bytes, targetAt = 0 } = asker.query
  const hash = bytes.subarray(targetAt, targetAt + 20)
  asker.token = (echo ? undefined : tokenOf(message)) ?? asker.token
  set(asker, 'announce_peer')
  hash.copy(asker.query.bytes, asker.query.targetAt ?? 0)
  if (running) send(asker)
}

function set(asker: Asker, method: Method): void {
  asker.method = method
  asker.query = queryTemplate(method, asker.id, asker.token)
}

/** The token that the server has for this address. */
async function fetchToken(asker: Asker): Promise<void> {
  const { bytes } = queryTemplate('get_peers', asker.id)
  for (let attempt = 0; attempt < 20; attempt++) {
    asker.socket.send(bytes, port, '127.0.0.1')
    const message = await nextAnswer(asker.socket)
    const token = message && tokenOf(message)
    if (!token) continue
    asker.token = Buffer.from(token)
    return
  }
  throw new Error('the server gives no token')
}

async function nextAnswer(socket: Socket): Promise<Buffer | undefined> {
  try {
    const [message] = await once(socket, 'message', { signal: AbortSignal.timeout(RESEND_MS) })
    return message as Buffer
  } catch {
    return undefined
  }
}

const askers = await Promise.all(Array.from({ length: sources }, (_, index) => startAsker(index)))
setInterval(() => {
  const late = performance.now() - RESEND_MS
  for (const asker of askers) {
    if (asker.sentAt > late || asker.sentAt === 0 || !running) continue
    lost++
    ask(asker)
  }
}, RESEND_MS / 2)

async function begin(wanted: Load, most: number): Promise<void> {
  load = wanted
  if (load === 'announce_peer' && !echo) await Promise.all(askers.map(fetchToken))
  left = most
  running = true
  for (const asker of askers) {
    set(asker, load === 'announce' ? 'get_peers' : load)
    ask(asker)
  }
}

answerRequests({
  start: (wanted: Load) => begin(wanted, Number.POSITIVE_INFINITY),
  counts: () => ({ answered, lost }),
  stop: () => {
    running = false
  },
  /** So many queries; resolves when all have been asked. */
  ask: async ({ load, most }: { load: Load; most: number }) => {
    const done = new Promise<void>((resolve) => (whenDone = resolve))
    await begin(load, most)
    await done
  },
})
