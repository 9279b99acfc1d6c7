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

interface Wire {
  send(text: string): void
  isOpen(): boolean
  cut(): void
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
    readonly #sockets: { wire: Wire; clientId: string }[] = []
    closed = false

    constructor(db: NetworkAdapterHost, hub: Hub) {
      super(db)
      this.#hub = hub
      if (db.options.server) hub.set(db.options.port, this)
    }

    connectTo(_host: string, port: number): void {
      const server = this.#hub.get(port)
      if (server === undefined) return
      const { mine, setOther } = this.#socket()
      setOther(server.accept(mine))
      void this.craftPingMessage().then((ping) => server && this.#sockets.at(-1)?.wire.send(ping))
    }

    accept(back: Wire): Wire {
      const { mine, setOther } = this.#socket()
      setOther(back)
      return mine
    }

    cutAll(silently: boolean): void {
      for (const socket of this.#sockets.splice(0)) {
        socket.wire.cut()
        if (!silently) this.onClientDisconnect(socket.clientId)
      }
    }

    close(): void {
      this.closed = true
      this.cutAll(true)
    }

    /** `mine` is how the other side reaches us. */
    #socket(): { mine: Wire; setOther(other: Wire): void } {
      let open = true
      let other: Wire | undefined
      const socket = { clientId: '', wire: undefined as unknown as Wire }
      const receive = (text: string): void => {
        if (!open) return
        this.onClientMessage(text, socket.clientId, (id) => {
          socket.clientId = id
          this.isClientConnected[id] = () => open
          this.clientToSend[id] = (message) => {
            if (!open) throw new Error('the socket is closed')
            other?.send(message)
          }
        })
      }
      socket.wire = {
        send: (text) => other?.send(text),
        isOpen: () => open,
        cut: () => {
          open = false
        },
      }
      this.#sockets.push(socket)
      const mine: Wire = {
        send: (text) => queueMicrotask(() => receive(text)),
        isOpen: () => open,
        cut: () => {
          open = false
        },
      }
      return {
        mine,
        setOther: (wire) => {
          other = wire
        },
      }
    }
  }
}
