/** A whole DHT on loopback for other people's tests: real nodes, real sockets, nothing outside the machine. */

import { formatEndpoint, UsageError } from '@shoal/base'
import { Dht } from './dht.ts'

/** Nodes that a newcomer begins with; more only make more traffic. */
const BOOTSTRAP_MAX = 8
/** Nodes that join at the same time, and never more than are there already. */
const BATCH_MAX = 16

export interface Testnet {
  /** `host:port` of some of the nodes, for the `bootstrap` option. */
  readonly bootstrap: string[]
  readonly nodes: Dht[]
  close(): Promise<void>
}

/** Starts `count` nodes that know each other, in server mode, on free ports of 127.0.0.1. */
export async function createTestnet(count: number): Promise<Testnet> {
  if (!Number.isInteger(count) || count < 1) throw new UsageError(`a testnet has 1 node or more, not ${count}`)
  const nodes: Dht[] = []
  const bootstrap: string[] = []
  const close = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.close()))
  }
  const add = async (): Promise<void> => {
    const node = new Dht({ host: '127.0.0.1', mode: 'server', network: 'private', bootstrap: [...bootstrap] })
    nodes.push(node)
    const { ipv4 } = await node.listening
    if (ipv4 !== undefined && bootstrap.length < BOOTSTRAP_MAX) {
      bootstrap.push(formatEndpoint({ host: ipv4.address, port: ipv4.port }))
    }
    await node.ready
  }
  try {
    await add()
    while (nodes.length < count) {
      const batch = Math.min(BATCH_MAX, nodes.length, count - nodes.length)
      await Promise.all(Array.from({ length: batch }, add))
    }
    // Those who came first have not met those who came last: a walk to one's own id tells both.
    await Promise.all(nodes.map((node) => node.lookup(node.nodeId).summary))
  } catch (error) {
    await close()
    throw error
  }
  return { bootstrap, nodes, close }
}
