/**
 * The DHT server that is measured: ours, npm bittorrent-dht 11, or a socket that sends back what it gets (of the `picky-echo`
 * only what ends as a query does). Each process loads only what it serves with.
 */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { answerRequests, childOptions } from './child.ts'

export type ServerKind = 'shoal' | 'bittorrent-dht' | 'echo' | 'picky-echo'

interface Server {
  readonly port: number
  addNode(endpoint: { host: string; port: number }): void
  contacts(): number
  infoHashes(): number
}

const { kind, nodeId } = childOptions<{ kind: ServerKind; nodeId: string }>()

/** As ours asks for. */
const RECEIVE_BUFFER_BYTES = 4 * 1_024 * 1_024
/** No garbage ends so. */
const QUERY_END = Buffer.from('1:y1:qe')

const START: Record<ServerKind, () => Promise<Server>> = {
  shoal: async () => {
    const { Dht } = await import('@shoal/dht')
    // The limiters stay on the path; the options lift them far above what one machine can send.
    const limits = { answersPerSecond: 10_000_000, answersPerSecondPerAddress: 10_000_000 }
    const dht = new Dht({ host: '127.0.0.1', bootstrap: [], mode: 'server', network: 'private', nodeId, limits })
    const { ipv4 } = await dht.listening
    if (!ipv4) throw new Error('no IPv4 socket')
    return {
      port: ipv4.port,
      addNode: (endpoint) => void dht.addNode(endpoint),
      contacts: () => dht.contacts().length,
      infoHashes: () => dht.stats().infoHashes,
    }
  },
  'bittorrent-dht': async () => {
    const { default: BittorrentDht } = await import('bittorrent-dht')
    const dht = new BittorrentDht({ bootstrap: false, nodeId })
    await new Promise<void>((resolve) => dht.listen(0, '127.0.0.1', resolve))
    const { port } = dht.address()
    return {
      port,
      addNode: (endpoint) => dht.addNode(endpoint),
      contacts: () => dht.toJSON().nodes.length,
      infoHashes: () => 0,
    }
  },
  echo: () => startEcho(createSocket('udp4'), () => true),
  'picky-echo': () =>
    startEcho(createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES }), (message) =>
      message.includes(QUERY_END, -QUERY_END.length),
    ),
}

async function startEcho(socket: Socket, answers: (message: Buffer) => boolean): Promise<Server> {
  socket.on('message', (message, from) => {
    if (answers(message)) socket.send(message, from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return { port: socket.address().port, addNode: () => {}, contacts: () => 0, infoHashes: () => 0 }
}

const server = START[kind]()
answerRequests({
  port: async () => (await server).port,
  addNode: async (endpoint: { host: string; port: number }) => (await server).addNode(endpoint),
  contacts: async () => (await server).contacts(),
  memory: async () => ({ infoHashes: (await server).infoHashes(), rssBytes: process.memoryUsage.rss() }),
})
