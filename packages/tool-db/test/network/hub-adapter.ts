/** A network adapter without a network, on tool-db's base class or on ours: adapters of one hub reach each other by port. */

import { createRequire } from 'node:module'
import { type NetworkAdapterHost, ToolDbNetworkAdapter } from '../../src/network/network-adapter.ts'

/** What the tests use of either base class. */
interface Base {
  readonly clientToSend: Record<string, (message: string) => void>
  readonly isClientConnected: Record<string, () => boolean>
  craftPingMessage(): Promise<string>
  onClientDisconnect(clientId: string): void
  onClientMessage(message: string, clientId: string, setClientId: (id: string) => void): void
}
export type BaseClass = new (db: NetworkAdapterHost) => Base

export const OUR_BASE: BaseClass = ToolDbNetworkAdapter
export const NPM_BASE: BaseClass = (createRequire(import.meta.url)('tool-db') as { ToolDbNetworkAdapter: BaseClass })
  .ToolDbNetworkAdapter

/** One direction of a connection. */
interface Wire {
  send(text: string): void
  /** This side has closed. */
  end(): void
}

interface Socket {
  clientId: string
  /** Towards the other side. */
  out: Wire | undefined
  isOpen: boolean
}

export interface HubAdapter extends Base {
  connectTo(host: string, port: number): void
  accept(back: Wire): Wire
  /** Cuts every connection; with `silently` the adapter tells nobody. */
  cutAll(silently: boolean): void
  closed: boolean
}

export type Hub = Map<number, HubAdapter>

export function hubAdapterOn(base: BaseClass): new (db: NetworkAdapterHost, hub: Hub) => HubAdapter {
  return class extends base implements HubAdapter {
    readonly #hub: Hub
    readonly #sockets: Socket[] = []
    closed = false

    constructor(db: NetworkAdapterHost, hub: Hub) {
      super(db)
      this.#hub = hub
      if (db.options.server) hub.set(db.options.port, this)
    }

    connectTo(_host: string, port: number): void {
      const server = this.#hub.get(port)
      if (server === undefined) return
      const socket = this.#open()
      socket.out = server.accept(this.#into(socket))
      void this.craftPingMessage().then((ping) => socket.out?.send(ping))
    }

    accept(back: Wire): Wire {
      const socket = this.#open()
      socket.out = back
      return this.#into(socket)
    }

    cutAll(silently: boolean): void {
      for (const socket of this.#sockets.splice(0)) {
        socket.isOpen = false
        if (!silently) this.onClientDisconnect(socket.clientId)
      }
    }

    close(): void {
      this.closed = true
      for (const { out } of this.#sockets) out?.end()
      this.cutAll(true)
    }

    #open(): Socket {
      const socket: Socket = { clientId: '', out: undefined, isOpen: true }
      this.#sockets.push(socket)
      return socket
    }

    /** How the other side reaches us over this socket. */
    #into(socket: Socket): Wire {
      return {
        send: (text) => queueMicrotask(() => this.#receive(socket, text)),
        end: () => queueMicrotask(() => this.#ended(socket)),
      }
    }

    #ended(socket: Socket): void {
      if (!socket.isOpen) return
      socket.isOpen = false
      this.onClientDisconnect(socket.clientId)
    }

    #receive(socket: Socket, text: string): void {
      if (!socket.isOpen) return
      this.onClientMessage(text, socket.clientId, (id) => {
        socket.clientId = id
        this.isClientConnected[id] = () => socket.isOpen
        this.clientToSend[id] = (message) => {
          if (!socket.isOpen) throw new Error('the socket is closed')
          socket.out?.send(message)
        }
      })
    }
  }
}
