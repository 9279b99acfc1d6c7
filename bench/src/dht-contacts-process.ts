/** Two hundred stand-in DHT nodes that answer everything with an empty list, so that a table can be full and stay so. */
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { answerRequests, childOptions } from './child.ts'
import { emptyAnswer } from './krpc-messages.ts'

const { nodeId, depths, perDepth } = childOptions<{ nodeId: string; depths: number; perDepth: number }>()

/** An id that shares exactly `bits` leading bits with ours: a table of buckets of eight keeps eight of each. */
function idAtDepth(bits: number): Buffer {
  const own = Buffer.from(nodeId, 'hex')
  const id = randomBytes(20)
  for (let bit = 0; bit <= bits; bit++) {
    const mask = 0x80 >> (bit & 7)
    const byte = bit >> 3
    const ownBit = (own[byte] as number) & mask
    const wanted = bit === bits ? ownBit ^ mask : ownBit
    id[byte] = ((id[byte] as number) & ~mask) | wanted
  }
  return id
}

async function startContact(bits: number): Promise<number> {
  const id = idAtDepth(bits)
  const socket = createSocket('udp4')
  socket.on('message', (message, from) => {
    const answer = emptyAnswer(message, id)
    if (answer) socket.send(answer, from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return socket.address().port
}

const ports: Promise<number>[] = []
for (let bits = 0; bits < depths; bits++) {
  for (let i = 0; i < perDepth; i++) ports.push(startContact(bits))
}
answerRequests({ ports: () => Promise.all(ports) })
