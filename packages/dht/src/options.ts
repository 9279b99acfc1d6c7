/** The options of a DHT node, checked: what is wrong in them is the caller's to mend. */

import { type Endpoint, type Family, fromHex, isPort, parseHostPort, toHex, UsageError } from '@shoal/base'
import { type NodeId, readNodeId } from './core/id/node-id.ts'
import { type DhtLimits, limitsFor } from './core/limits.ts'
import type { Network } from './core/routing/network-policy.ts'

export interface DhtOptions {
  /** `host:port` of nodes to begin with; `[]` for none. Without it, the public routers of Mainline. */
  readonly bootstrap?: readonly string[]
  /** The UDP port; any free one without it. */
  readonly port?: number
  /** The address to bind, or several, each with a node of its own (BEP 45); all addresses without it. */
  readonly host?: string | readonly string[]
  /** The address families to work with (BEP 32): both without it, as far as the machine has them. */
  readonly families?: readonly Family[]
  /** Our id, for good: 20 bytes or 40 hex digits. Without it a random one, which then follows our address (BEP 42). */
  readonly nodeId?: Uint8Array | string
  /** Where ids, external addresses and contacts are kept from run to run, so that the next start is quick. */
  readonly stateFile?: string
  /**
   * A client answers no queries and says so in its own (BEP 43). `auto` is a server on a private network; elsewhere a
   * client, until strangers are seen to reach it.
   */
  readonly mode?: 'auto' | 'server' | 'client'
  /** `private` where everything given is loopback or private and something is given, else `mainline`. */
  readonly network?: Network
  readonly limits?: Partial<DhtLimits>
  /** Closes the node. */
  readonly signal?: AbortSignal
}

export interface OperationOptions {
  readonly signal?: AbortSignal
}

export interface AnnounceOptions extends OperationOptions {
  /** The port that peers shall connect to. Without it, the one that the DHT is seen to use. */
  readonly port?: number
  /** Whether nodes shall take the port that they see our datagrams come from (`implied_port`). */
  readonly impliedPort?: boolean
  /** Whether the peer has all of the torrent (BEP 33). */
  readonly seed?: boolean
}

/** The nodes that the common clients begin with. They serve everybody, and want no other traffic. */
export const PUBLIC_ROUTERS: readonly Endpoint[] = [
  { host: 'router.bittorrent.com', port: 6881 },
  { host: 'dht.transmissionbt.com', port: 6881 },
  { host: 'router.utorrent.com', port: 6881 },
  { host: 'dht.libtorrent.org', port: 25401 },
]

/** 20 bytes or 40 hex digits; `what` names it in the error. */
export function parseId(id: Uint8Array | string, what: string): NodeId {
  const bytes = typeof id === 'string' ? fromHex(id) : id
  if (!(bytes instanceof Uint8Array) || bytes.length !== 20) {
    throw new UsageError(`${what} must be 20 bytes or 40 hex digits, not ${describe(id)}`)
  }
  return readNodeId(bytes)
}

/** `host:port`, or an endpoint; the host may be a name. */
export function parseNode(node: Endpoint | string, what: string): Endpoint {
  const endpoint = typeof node === 'string' ? parseHostPort(node) : node
  if (endpoint === undefined || typeof endpoint?.host !== 'string' || !isPort(endpoint.port)) {
    throw new UsageError(`${what} must be host:port with a port of 1 to 65535, not ${describe(node)}`)
  }
  return { host: endpoint.host, port: endpoint.port }
}

/** The port to announce. Where the one that our datagrams come from is meant, `ours` goes along for nodes that do not know `implied_port`. */
export function parseAnnouncedPort(options: AnnounceOptions, ours: number): { port: number; isPortImplied: boolean } {
  const { port, impliedPort = port === undefined } = options
  if (impliedPort && !port) return { port: ours, isPortImplied: true }
  if (!isPort(port)) throw new UsageError(`the port to announce must be 1 to 65535, not ${describe(port)}`)
  return { port, isPortImplied: impliedPort }
}

export function parseListenPort(port: number | undefined): number {
  if (port === undefined || port === 0) return 0
  if (!isPort(port)) throw new UsageError(`port must be 0 to 65535, not ${describe(port)}`)
  return port
}

const MODES = ['auto', 'server', 'client', undefined]
const NETWORKS = ['mainline', 'private', undefined]
const LIMITS = Object.keys(limitsFor('mainline', {}))

/** A callback or a number in the place of options would be taken for none, and what was meant by it would not happen. */
export function checkOptions(options: unknown, what: string): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options) || options instanceof Uint8Array) {
    throw new UsageError(`${what} must be an object, not ${describe(options)}`)
  }
  const { signal } = options as { readonly signal?: unknown }
  const isSignal = typeof signal === 'object' && signal !== null && 'aborted' in signal && 'addEventListener' in signal
  if (signal !== undefined && !isSignal) {
    throw new UsageError(`signal must be an AbortSignal, as an AbortController has, not ${describe(signal)}`)
  }
}

export function checkChoices(options: DhtOptions): void {
  checkOptions(options, 'the options of a DHT node')
  const { mode, network, limits = {}, stateFile, bootstrap } = options
  if (bootstrap !== undefined && !Array.isArray(bootstrap)) {
    throw new UsageError(`bootstrap must be a list of host:port, [] for none, not ${describe(bootstrap)}`)
  }
  if (stateFile !== undefined && (typeof stateFile !== 'string' || stateFile === '')) {
    throw new UsageError(`stateFile must be the path of a file, not ${describe(stateFile)}`)
  }
  if (!MODES.includes(mode)) throw new UsageError(`mode must be auto, server or client, not ${describe(mode)}`)
  if (!NETWORKS.includes(network)) throw new UsageError(`network must be mainline or private, not ${describe(network)}`)
  checkOptions(limits, 'limits')
  for (const [name, value] of Object.entries(limits)) {
    if (!LIMITS.includes(name)) throw new UsageError(`there is no limits.${name}: there are ${LIMITS.join(', ')}`)
    if (!(typeof value === 'number' && value > 0)) {
      throw new UsageError(`limits.${name} must be a number above 0, not ${describe(value)}`)
    }
  }
}

function describe(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes (${toHex(value.subarray(0, 8))}…)`
  if (typeof value === 'function') return 'a function'
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    // A bigint, or an object that holds itself.
    return String(value)
  }
}
