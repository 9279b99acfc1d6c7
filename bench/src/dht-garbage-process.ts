/** Sends a DHT server 150,000 datagrams of garbage a second, or as many as it can: noise, broken bencoding, and messages cut off, none of which deserves an answer. */
import { createSocket } from 'node:dgram'
import { seededRandom } from '@shoal/base'
import { answerRequests, childOptions } from './child.ts'
import { queryTemplate } from './krpc-messages.ts'

const { port } = childOptions<{ port: number }>()
/** Datagrams between two looks at the clock and at what others want. */
const BURST = 64
const PER_SECOND = 150_000
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
const socket = createSocket({ type: 'udp4', lookup: (name, _options, callback) => callback(null, name, 4) })
socket.bind(0, '127.0.0.9')

let startedAt = 0
let asked = 0
let sent = 0
let running = false

function burst(): void {
  if (!running) return
  const due = ((performance.now() - startedAt) * PER_SECOND) / 1000
  for (let i = 0; i < BURST && asked < due; i++, asked++) {
    socket.send(datagrams[asked & 255] as Buffer, port, '127.0.0.1', onSent)
  }
  setImmediate(burst)
}

function onSent(error: Error | null): void {
  if (!error) sent++
}

answerRequests({
  start: () => {
    running = true
    startedAt = performance.now()
    burst()
  },
  stop: () => {
    running = false
  },
  sent: () => sent,
})
