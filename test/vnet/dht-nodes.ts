/** DHT nodes on hosts of a virtual internet: real sockets on public-looking addresses, so by the rules of Mainline. */

import { type PeerProcess, startPeerIn } from '../interop/peer-process.ts'
import { DHT_PORT, type Host } from './vnet.ts'

export interface Stats {
  readonly mode: string
  readonly network: string
  readonly contacts: number
  readonly peers: number
  readonly places: readonly {
    readonly family: string
    readonly nodeId: string
    readonly contacts: number
    readonly peers: number
    readonly externalAddress?: { readonly host: string; readonly port: number }
  }[]
  readonly externalAddress?: { readonly host: string; readonly port: number }
}

export interface Found {
  readonly peers: readonly string[]
}

export type Family = 'ipv4' | 'ipv6'
/** What a node speaks. */
type Stack = Family | 'dual'

export function bootstrapOf(host: Host, family: Family = 'ipv4'): string {
  return family === 'ipv6' ? `[${host.address6}]:${DHT_PORT}` : `${host.address}:${DHT_PORT}`
}

export function startNode(
  host: Host,
  bootstrap: readonly string[],
  { stack = 'ipv4', ...options }: { stack?: Stack; mode?: string } = {},
): PeerProcess {
  const addresses = { ipv4: host.bound, ipv6: host.address6, dual: [host.bound, host.address6] }
  const settings = { host: addresses[stack], port: DHT_PORT, network: 'mainline', bootstrap, ...options }
  return startPeerIn(host.namespace, 'shoal-dht', settings)
}

/** One of our nodes on each host, all of which know at least `contacts` others (in both families together). */
export async function startNodes(
  hosts: readonly Host[],
  contacts: number,
  stack: Stack = 'ipv4',
): Promise<PeerProcess[]> {
  const [first, ...others] = hosts as readonly [Host, ...Host[]]
  const root = startNode(first, [], { stack })
  await root.event('ready')
  const families = stack === 'dual' ? (['ipv4', 'ipv6'] as const) : [stack]
  const bootstrap = families.map((family) => bootstrapOf(first, family))
  const nodes = [root, ...others.map((host) => startNode(host, bootstrap, { stack }))]
  await Promise.all(nodes.map((node) => node.until<Stats>((stats) => stats.contacts >= contacts, 'stats')))
  return nodes
}
