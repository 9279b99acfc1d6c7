/** `db.network` as users of tool-db know it. */

import { isPort, parseIp, UsageError } from '@shoal/base'
import { clientIdOf } from '@shoal/peer'
import type { PeerInfo } from '../core/node/peer-info.ts'
import type { Message } from '../core/wire/message.ts'
import type { Driver } from './driver.ts'

export interface NetworkFacadeInit {
  /** `undefined` until the database has started. */
  driver(): Driver | undefined
  /** Runs once the database has started. */
  whenReady(work: () => void): void
  peerAddress(): string | undefined
}

/** A message as applications make them: the fields are theirs to get right. */
export interface RawMessage {
  readonly type: string
  readonly id: string
  readonly to: readonly string[]
  readonly [field: string]: unknown
}

export class NetworkFacade {
  readonly #init: NetworkFacadeInit

  constructor(init: NetworkFacadeInit) {
    this.#init = init
  }

  /** Dials now, and again whenever the connection is lost. Throws UsageError for what can't be dialled. */
  connectTo = (host: string, port: number): void => {
    if (typeof host !== 'string' || host === '' || host.length > 253) {
      throw new UsageError('connectTo takes a host name or an address, and a port')
    }
    if (!isPort(port)) throw new UsageError(`connectTo takes a port of 1 to 65535: ${String(port)}`)
    const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
    const endpoint = { host: parseIp(bare) === undefined ? bare.toLowerCase() : bare, port }
    this.#init.whenReady(() => this.#init.driver()?.input((node, now) => node.handleCandidate(now, endpoint, 'given')))
  }

  /** To every connected peer that has not had it (`to`); how many that were. */
  sendToAll = (message: RawMessage, crossServerOnly = false): number => {
    checkMessage(message)
    return this.#raw(message, { serversOnly: crossServerOnly })
  }

  sendToClientId = (clientId: string, message: RawMessage): void => {
    checkMessage(message)
    this.#raw(message, { clientId: shortId(clientId) })
  }

  isConnected = (clientId: string): boolean => this.#peer(clientId) !== undefined

  isServer = (clientId: string): boolean => this.#peer(clientId)?.server ?? false

  getClientAddress = (): string => clientIdOf(this.#init.peerAddress() ?? '')

  /** A function for each connected peer, by client id, that sends a text as it is. */
  get clientToSend(): Record<string, (text: string) => void> {
    const senders: Record<string, (text: string) => void> = Object.create(null)
    const driver = this.#init.driver()
    for (const { clientId } of driver?.node.peers() ?? []) {
      senders[clientId] = (text) => {
        driver?.input((node) => node.sendText(clientId, text))
      }
    }
    return senders
  }

  get isClientConnected(): Record<string, () => boolean> {
    const tests: Record<string, () => boolean> = Object.create(null)
    for (const { clientId } of this.#init.driver()?.node.peers() ?? []) {
      tests[clientId] = () => this.isConnected(clientId)
    }
    return tests
  }

  #peer(clientId: string): PeerInfo | undefined {
    // Checked also where nothing has started yet.
    const id = shortId(clientId)
    return this.#init.driver()?.node.peer(id)
  }

  #raw(message: RawMessage, to: { clientId?: string; serversOnly?: boolean }): number {
    // An application may send what we know no type for.
    const send = message as unknown as Message
    return this.#init.driver()?.input((node, now) => node.sendRaw(now, send, to)) ?? 0
  }
}

/** Callbacks give the whole address; tool-db's methods take the end of it. */
function shortId(id: unknown): string {
  if (typeof id !== 'string') throw new UsageError('a peer is named by its address, or by its client id')
  return clientIdOf(id)
}

function checkMessage(message: RawMessage): void {
  if (typeof message?.type !== 'string' || typeof message.id !== 'string' || !Array.isArray(message.to)) {
    throw new UsageError('a message has a type, an id, and in "to" a list of client ids')
  }
}
