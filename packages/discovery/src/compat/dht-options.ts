/** The options that discovery-channel hands to its bittorrent-dht, in terms of our node. */

import { UsageError } from '@shoal/base'
import type { DhtOptions } from '@shoal/dht'

export type NodeAddress = string | { readonly host: string; readonly port: number }

/** Those of bittorrent-dht 7 that mean something to ours; others are taken and ignored. */
export interface ChannelDhtOptions {
  /** `false` or an empty list: none. `true`: the public ones. */
  readonly bootstrap?: boolean | NodeAddress | readonly NodeAddress[]
  /** An older name for `bootstrap`, which goes before it. */
  readonly nodes?: boolean | NodeAddress | readonly NodeAddress[]
  /** Twenty bytes, or forty hex digits. */
  readonly nodeId?: Uint8Array | string
  /** How often to look up and announce again, in milliseconds. */
  readonly interval?: number
  readonly [ignored: string]: unknown
}

export function toDhtOptions(options: ChannelDhtOptions): DhtOptions {
  const nodeId = options.nodeId ?? options['id']
  const bootstrap = options.nodes || options.bootstrap
  return {
    ...(bootstrap === undefined || bootstrap === true ? {} : { bootstrap: toBootstrap(bootstrap) }),
    ...(nodeId === undefined || nodeId === null ? {} : { nodeId: nodeId as Uint8Array | string }),
  }
}

function toBootstrap(given: false | NodeAddress | readonly NodeAddress[]): string[] {
  if (given === false) return []
  return (Array.isArray(given) ? (given as readonly NodeAddress[]) : [given as NodeAddress]).map((node) => {
    if (typeof node === 'string') return node
    if (typeof node?.host !== 'string') throw new UsageError('a bootstrap node is "host:port" or { host, port }')
    return node.host.includes(':') ? `[${node.host}]:${node.port}` : `${node.host}:${node.port}`
  })
}
