/**
 * Two hundred DHT nodes of one kind in one process, which know each other; some of them announce, some are then ended, and
 * others look up. What a node sends is counted at its socket.
 */
import { createHash } from 'node:crypto'
import dgram from 'node:dgram'
import { once } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { answerRequests, childOptions } from './child.ts'

export type SwarmKind = 'shoal' | 'bittorrent-dht'

export interface LookupSample {
  readonly ms: number
  readonly found: boolean
  readonly sent: number
}

interface Node {
  readonly port: number
  announce(hash: string, port: number): Promise<void>
  /** Whether the peer was found, when the lookup is over. */
  lookup(hash: string, port: number): Promise<boolean>
  close(): Promise<void>
}

const { kind, count } = childOptions<{ kind: SwarmKind; count: number }>()
const ANNOUNCED_PORT = 4001
/** Nodes that start at a time. */
const BATCH = 10

/** BOUNDED: one number a socket. */
const sentByPort = new Map<number, number>()
const { send } = dgram.Socket.prototype
dgram.Socket.prototype.send = function (this: dgram.Socket, ...args: unknown[]): void {
  const port = portOf(this)
  sentByPort.set(port, (sentByPort.get(port) ?? 0) + 1)
  ;(send as (...all: unknown[]) => void).apply(this, args)
}

/** 0 for a socket that is not bound yet, as npm bittorrent-dht's when it starts. */
function portOf(socket: dgram.Socket): number {
  try {
    return socket.address().port
  } catch {
    return 0
  }
}

const START: Record<SwarmKind, (bootstrap: readonly string[]) => Promise<Node>> = {
  shoal: async (bootstrap) => {
    const { Dht } = await import('@shoal/dht')
    const dht = new Dht({ host: '127.0.0.1', bootstrap, mode: 'server', network: 'private' })
    const { ipv4 } = await dht.listening
    await dht.ready
    return {
      port: ipv4?.port ?? 0,
      announce: async (hash, port) => void (await dht.announce(hash, { port })),
      lookup: async (hash, port) => {
        let found = false
        for await (const peer of dht.lookup(hash)) found ||= peer.port === port
        return found
      },
      close: () => dht.close(),
    }
  },
  'bittorrent-dht': async (bootstrap) => {
    const { default: BittorrentDht } = await import('bittorrent-dht')
    const dht = new BittorrentDht({ bootstrap: bootstrap.length > 0 ? bootstrap : false })
    const ready = once(dht, 'ready')
    await new Promise<void>((resolve) => dht.listen(0, '127.0.0.1', resolve))
    await ready
    return {
      port: dht.address().port,
      announce: (hash, port) =>
        new Promise((resolve, reject) => dht.announce(hash, port, (error) => (error ? reject(error) : resolve()))),
      lookup: async (hash, port) => {
        let found = false
        const onPeer = (peer: { port: number }, of: Buffer): void => {
          found ||= of.toString('hex') === hash && peer.port === port
        }
        dht.on('peer', onPeer)
        await new Promise<void>((resolve) => dht.lookup(hash, () => resolve()))
        dht.off('peer', onPeer)
        return found
      },
      close: () => new Promise((resolve) => dht.destroy(resolve)),
    }
  },
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function heap(): number {
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

const nodes: Node[] = []
let heapPerNode = 0

async function startAll(): Promise<void> {
  // The first one brings the program itself, which is not counted.
  nodes.push(await START[kind]([]))
  const before = heap()
  while (nodes.length < count) {
    const bootstrap = nodes.slice(0, 3).map(({ port }) => `127.0.0.1:${port}`)
    const batch = Array.from({ length: Math.min(BATCH, count - nodes.length) }, () => START[kind](bootstrap))
    nodes.push(...(await Promise.all(batch)))
  }
  heapPerNode = (heap() - before) / (count - 1)
}

const hashOf = (index: number): string => createHash('sha1').update(`swarm ${index}`).digest('hex')
const at = (index: number): Node => nodes[index % nodes.length] as Node

answerRequests({
  start: startAll,
  heapPerNode: () => heapPerNode,
  /** As many info hashes, each announced by a node of its own. */
  announce: async (hashes: number) => {
    for (let i = 0; i < hashes; i++) await at(3 + i).announce(hashOf(i), ANNOUNCED_PORT)
  },
  /** The last ones of all; those that bootstrapped the others are not among them. */
  kill: async (dead: number) => {
    await Promise.all(nodes.splice(-dead).map((node) => node.close()))
  },
  /** One lookup of the announced hash by a node that has not looked up yet. */
  lookup: async (index: number): Promise<LookupSample> => {
    const node = at(50 + index)
    const before = sentByPort.get(node.port) ?? 0
    const start = performance.now()
    const found = await node.lookup(hashOf(index), ANNOUNCED_PORT)
    return { ms: performance.now() - start, found, sent: (sentByPort.get(node.port) ?? 0) - before }
  },
})
