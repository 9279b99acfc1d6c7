/**
 * The base class of tool-db's network adapters, for adapters written against it. Such an adapter moves texts, and learns
 * from a socket's first `ping` or `pong` whose it is; everything else is the database's.
 */

import { clientIdOf, type SignedEndpoint } from '@shoal/peer'
import { getPeerSignature } from '../compat/peer-signature.ts'
import { textRandom } from '../compat/text-random.ts'
import { uniq } from '../compat/uniq.ts'
import type { ToolDbUserAdapter } from '../users/user-adapter.ts'

/** What an adapter sees of the database that it serves. */
export interface NetworkAdapterHost {
  readonly options: {
    readonly server: boolean
    readonly host: string
    readonly port: number
    readonly topic: string
  }
  readonly peerAccount: Pick<ToolDbUserAdapter, 'getAddress' | 'signData'>
  readonly logger: (...parts: unknown[]) => void
  /** Takes a message, parsed, or as text where it could not be; never throws on a foreign one. */
  clientOnMessage(message: unknown, clientId: string): void
}

/** As tool-db's messages are seen here: who has had it, and the rest. */
export interface OutgoingMessage {
  readonly to: readonly string[]
}

const CLIENT_ID_LENGTH_MAX = 200

export class ToolDbNetworkAdapter<Db extends NetworkAdapterHost = NetworkAdapterHost> {
  readonly #tooldb: Db
  // Without a prototype, so that a client called `__proto__` is only a client.
  /** BOUNDED: by the connections of the subclass, which calls onClientDisconnect. */
  readonly #clientToSend: Record<string, (message: string) => void> = Object.create(null)
  /** BOUNDED: as #clientToSend. */
  readonly #isClientConnected: Record<string, () => boolean> = Object.create(null)
  /** BOUNDED: as #clientToSend. */
  readonly #servers = new Set<string>()

  constructor(db: Db) {
    this.#tooldb = db
  }

  get tooldb(): Db {
    return this.#tooldb
  }

  /** How to send to each client; subclasses fill it in `setClientId`. */
  get clientToSend(): Record<string, (message: string) => void> {
    return this.#clientToSend
  }

  get isClientConnected(): Record<string, () => boolean> {
    return this.#isClientConnected
  }

  async getMeAsPeer(): Promise<SignedEndpoint> {
    const { options, peerAccount } = this.#tooldb
    const { topic, host, port } = options
    const timestamp = Date.now()
    const sig = await getPeerSignature(peerAccount, topic, timestamp, host, port)
    return { topic, timestamp, host, port, address: peerAccount.getAddress() ?? '', sig }
  }

  isConnected(clientId: string): boolean {
    return this.#isClientConnected[clientId]?.() ?? false
  }

  /** What the client says of itself. */
  isServer(clientId: string): boolean {
    return this.#servers.has(clientId)
  }

  /** The text to send first on a connection that this side opened. */
  async craftPingMessage(): Promise<string> {
    const clientId = this.getClientAddress()
    return JSON.stringify({
      type: 'ping',
      clientId,
      to: [clientId],
      isServer: this.#tooldb.options.server,
      id: textRandom(10),
      peer: await this.getMeAsPeer(),
    })
  }

  getClientAddress(): string {
    return clientIdOf(this.#tooldb.peerAccount.getAddress() ?? '')
  }

  onClientDisconnect(clientId: string): void {
    delete this.#clientToSend[clientId]
    delete this.#isClientConnected[clientId]
    this.#servers.delete(clientId)
  }

  /**
   * Subclasses call it with every text that arrives. `clientId` is whose the socket is, empty or null while that is not
   * known; then a `ping` or `pong` tells, and `setClientId` is called with it, once a socket.
   */
  onClientMessage(message: string, clientId: string | null, setClientId: (clientId: string) => void): void {
    const parsed = objectOf(message)
    if (clientId) {
      this.#tooldb.clientOnMessage(parsed ?? message, clientId)
      return
    }
    if (parsed === undefined || (parsed['type'] !== 'ping' && parsed['type'] !== 'pong')) return
    const { clientId: id, isServer } = parsed
    if (typeof id !== 'string' || id === '' || id.length > CLIENT_ID_LENGTH_MAX) return
    // Departs from tool-db, where a stranger who says another's id gets that one's messages from then on.
    if (this.isConnected(id)) return
    setClientId(id)
    if (isServer === true) this.#servers.add(id)
    this.#tooldb.clientOnMessage(parsed, id)
  }

  /**
   * Departs from tool-db, which keeps every hash ever sent to drop repeats: what is worth sending is the node's decision.
   */
  sendToAll(message: OutgoingMessage, crossServerOnly = false): void {
    const to = uniq([...message.to, this.getClientAddress()])
    const text = JSON.stringify({ ...message, to })
    for (const clientId of Object.keys(this.#clientToSend)) {
      if (to.includes(clientId) || !this.isConnected(clientId)) continue
      if (!crossServerOnly || this.isServer(clientId)) this.#send(clientId, text)
    }
  }

  sendToClientId(clientId: string, message: OutgoingMessage): void {
    this.#send(clientId, JSON.stringify({ ...message, to: uniq([...message.to, this.getClientAddress()]) }))
  }

  #send(clientId: string, text: string): void {
    try {
      this.#clientToSend[clientId]?.(text)
    } catch (error) {
      // The adapter's socket may be gone before it has said so.
      this.#tooldb.logger('could not send to', clientId, error)
    }
  }
}

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    // Some sockets hand over bytes in spite of the type; JSON.parse reads their text.
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
