/**
 * Sends a DHT server so many datagrams of garbage a second, or as many as it can: noise, broken bencoding, and messages cut off, none of
 * which deserves an answer. A flood comes from elsewhere, so it should take little of the processor that the server runs on:
 * the socket is connected, nothing is waited for, and between two bursts it sleeps. What it cannot send in time is left out,
 * so that no later second has more.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { seededRandom } from '@shoal/base'
import { answerRequests, childOptions } from './child.ts'
import { queryTemplate } from './krpc-messages.ts'

const { port, perSecond } = childOptions<{ port: number; perSecond: number }>()
const SLEEP_MS = 1
/** Of lost time it makes up so much. */
const LATE_MAX_MS = 10
const random = seededRandom(7)

function garbage(index: number): Buffer {
  const noise = Buffer.from(random.bytes(20 + (random.uint32() % 200)))
  const query = queryTemplate('get_peers', noise.subarray(0, 20)).bytes
  switch (index % 4) {
    case 0:
      return noise
    case 1:
      return query.subarray(0, 1 + (random.uint32() % (query.length - 2)))
    case 2:
      return Buffer.concat([Buffer.from('d1:ad2:id'), noise])
    default:
      return Buffer.from('l'.repeat(1 + (random.uint32() % 300)))
  }
}

const datagrams = Array.from({ length: 256 }, (_, index) => garbage(index))
const socket = createSocket('udp4')
socket.bind(0, '127.0.0.9', () => socket.connect(port, '127.0.0.1'))
await once(socket, 'connect')
// Whoever is flooded may be gone; that is for others to notice.
socket.on('error', () => {})

let sentUntil = 0
let sent = 0
let running = false

function burst(): void {
  if (!running) return
  const now = performance.now()
  sentUntil = Math.max(sentUntil, now - LATE_MAX_MS)
  const due = Math.floor(((now - sentUntil) * perSecond) / 1000)
  for (let i = 0; i < due; i++) socket.send(datagrams[sent++ & 255] as Buffer)
  sentUntil += (due * 1000) / perSecond
  setTimeout(burst, SLEEP_MS)
}

answerRequests({
  start: () => {
    running = true
    sentUntil = performance.now()
    burst()
  },
  stop: () => {
    running = false
  },
  counts: () => ({ sent }),
})
