/** DHT nodes on hosts of a virtual internet: real sockets on public-looking addresses, so by the rules of Mainline. */

import { type PeerProcess, startPeerIn } from '../interop/peer-process.ts'
import { DHT_PORT, type Host } from './vnet.ts'

export interface Stats {
  readonly mode: string
  readonly network: string
  readonly contacts: number
  readonly peers: number
  readonly externalAddress?: { readonly host: string; readonly port: number }
}

export interface Found {
  readonly peers: readonly string[]
}

export const bootstrapOf = (host: Host): string => `${host.address}:${DHT_PORT}`

export function startNode(host: Host, bootstrap: readonly string[], options: object = {}): PeerProcess {
  const settings = { host: host.bound, port: DHT_PORT, network: 'mainline', bootstrap, ...options }
  return startPeerIn(host.namespace, 'shoal-dht', settings)
}

/** One of our nodes on each host, all of which know at least `contacts` others. */
export async function startNodes(hosts: readonly Host[], contacts: number): Promise<PeerProcess[]> {
  const [first, ...others] = hosts as readonly [Host, ...Host[]]
  const root = startNode(first, [])
  await root.event('ready')
  const nodes = [root, ...others.map((host) => startNode(host, [bootstrapOf(first)]))]
  await Promise.all(nodes.map((node) => node.until<Stats>((stats) => stats.contacts >= contacts, 'stats')))
  return nodes
}
