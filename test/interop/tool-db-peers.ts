/** ToolDb processes by maker, connected as a test wants them. */
import { freePort, type PeerProcess, startPeer } from './peer-process.ts'

export type Maker = 'npm' | 'shoal'

export interface ToolDbServer {
  readonly peer: PeerProcess
  readonly port: number
}

interface Start {
  readonly topic?: string
  readonly pow?: number
  readonly port?: number
  readonly adapters?: 'npm-store-and-user'
}

export async function startServer(from: Maker, start: Start = {}): Promise<ToolDbServer> {
  const { adapters, port = await freePort(), ...rest } = start
  const db = { topic: 'interop', ...rest, server: true, host: '127.0.0.1', port }
  const peer = startPeer('tool-db', { from, adapters, db }, `${from} server`)
  await peer.event('ready')
  return { peer, port }
}

/** A client that is connected to the server when this resolves. */
export async function startClient(from: Maker, server: ToolDbServer, start: Start = {}): Promise<PeerProcess> {
  const { adapters, ...rest } = start
  const peers = [{ host: '127.0.0.1', port: server.port }]
  const peer = startPeer('tool-db', { from, adapters, db: { topic: 'interop', ...rest, peers } }, `${from} client`)
  await peer.event('ready')
  await peer.event('connect')
  return peer
}

/**
 * Resolves with the value once the server's store holds one under the key, or holds this very one. Not once the server itself can
 * read it: npm's hands on what it has not written yet, and never answers whoever else asks for it meanwhile.
 */
export function holds(server: ToolDbServer, key: string, value?: string): Promise<unknown> {
  const enough = (held: unknown): boolean => (value === undefined ? held !== null : held === value)
  return server.peer.until(enough, 'storedValue', key)
}

/** What the server answers at once about a key that it may not hold. */
export function heldNow(server: ToolDbServer, key: string): Promise<unknown> {
  return server.peer.call('get', key, false, 100)
}
