/**
 * Asks `get_peers` from 64 loopback addresses, one query outstanding on each, a fresh info hash every time. Counts answers
 * in full only. A query without an answer is sent again after a while and counted as lost.
 */
import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { seededRandom } from '@shoal/base'
import { answerRequests, childOptions } from './child.ts'
import { emptyAnswer, getPeersQuery, INFO_HASH_AT, isGetPeersAnswer, TRANSACTION_AT } from './krpc-messages.ts'

const { port, sources, echo } = childOptions<{ port: number; sources: number; echo: boolean }>()
const RESEND_MS = 200
/** The same hashes in every run, for every server. */
const random = seededRandom(1)

let answered = 0
let lost = 0
let running = true

interface Asker {
  readonly socket: Socket
  readonly query: Buffer
  readonly id: Buffer
  sentAt: number
}

async function startAsker(index: number): Promise<Asker> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 })
  const id = randomBytes(20)
  const asker: Asker = { socket, query: getPeersQuery(id), id, sentAt: 0 }
  socket.on('message', (message) => take(asker, message))
  socket.bind(0, `127.0.${1 + (index >> 6)}.${1 + (index & 63)}`)
  await once(socket, 'listening')
  return asker
}

function ask(asker: Asker): void {
  if (!running) return
  const { query } = asker
  for (let i = 0; i < 20; i += 4) query.writeUInt32LE(random.uint32(), INFO_HASH_AT + i)
  query.writeUInt32BE(random.uint32(), TRANSACTION_AT)
  asker.sentAt = performance.now()
  asker.socket.send(query, port, '127.0.0.1')
}

function take(asker: Asker, message: Buffer): void {
  if (echo || isGetPeersAnswer(message)) {
    answered++
    ask(asker)
    return
  }
  const answer = emptyAnswer(message, asker.id)
  if (answer) asker.socket.send(answer, port, '127.0.0.1')
}

const askers = await Promise.all(Array.from({ length: sources }, (_, index) => startAsker(index)))
setInterval(() => {
  const late = performance.now() - RESEND_MS
  for (const asker of askers) {
    if (asker.sentAt > late || asker.sentAt === 0) continue
    lost++
    ask(asker)
  }
}, RESEND_MS / 2)

answerRequests({
  start: () => {
    for (const asker of askers) ask(asker)
  },
  counts: () => ({ answered, lost }),
  stop: () => {
    running = false
  },
})
