/** Which of the given adapters, stores and networks the database runs on, and the defaults where none were given. */

import { frameLength } from '@shoal/peer'
import type { NodeLimits } from '../core/node/limits.ts'
import { AdapterNetwork, type NetworkAdapter } from '../network/adapter-network.ts'
import type { Network } from '../network/channel.ts'
import { WebSocketNetwork } from '../network/websocket.ts'
import type { AllOptions } from '../options.ts'
import { LevelDbStore } from '../store/leveldb.ts'
import { MemoryStore } from '../store/memory.ts'
import type { StorageAdapter } from '../store/storage-adapter.ts'
import { StorageAdapterStore } from '../store/storage-adapter-store.ts'
import { StorageFacade } from '../store/storage-facade.ts'
import type { Store } from '../store/store.ts'
import { type KeyPlace, keysInAdapter, keysInStore } from './accounts.ts'

export interface StorePlace {
  readonly store: Store
  /** `db.store`: the adapter itself where one was given, as in tool-db. */
  readonly facade: StorageAdapter
  readonly keys: KeyPlace
  /** Records and what is known of them are committed as one: only then can servers be compared. */
  readonly isAtomic: boolean
  close(): Promise<void>
}

/** `wantsDisk`: a server, or a client that was given a `storageName`. */
export function openStore(options: AllOptions, db: object, wantsDisk: boolean): StorePlace {
  const { storageAdapter, storageName } = options
  if (storageAdapter !== undefined) {
    const adapter = new storageAdapter(db)
    // tool-db keeps the peer's key in a store of its own, so that no record can overwrite it.
    const keyAdapter = new storageAdapter(db, `_____peer_${storageName}`)
    const store = new StorageAdapterStore(adapter)
    return {
      store,
      facade: adapter,
      keys: keysInAdapter(keyAdapter),
      isAtomic: false,
      close: async () => {
        await store.close()
        await keyAdapter.close?.()
      },
    }
  }
  const given = givenStore(options)
  const store = given ?? (wantsDisk ? new LevelDbStore(storageName) : new MemoryStore())
  const olderName = given === undefined && wantsDisk ? storageName : undefined
  const keys = keysInStore(store, olderName)
  return { store, facade: new StorageFacade(store), keys, isAtomic: true, close: () => store.close() }
}

function givenStore(options: AllOptions): Store | undefined {
  return options.store === 'memory' ? new MemoryStore() : options.store
}

export interface NetworkPlace {
  readonly network: Network
  readonly adapter: NetworkAdapter | undefined
  /** For adapters: the way in for what clients send. */
  clientOnMessage(message: unknown, clientId: string): void
}

export function openNetwork(options: AllOptions, adapterHost: object, limits: NodeLimits): NetworkPlace {
  const { networkAdapter } = options
  if (networkAdapter !== undefined) {
    const adapter = new networkAdapter(adapterHost)
    const network = new AdapterNetwork(adapter)
    return { network, adapter, clientOnMessage: (message, clientId) => network.clientOnMessage(message, clientId) }
  }
  const { server, httpServer, port, bind, ssl, ca, trustProxy } = options
  const own = { port, ...(bind !== undefined && { host: bind }) }
  const listen = httpServer === undefined ? own : { server: httpServer }
  const network = new WebSocketNetwork({
    ...(server && { listen }),
    ssl,
    ca,
    trustProxy,
    limits: {
      // Also once it is sealed.
      messageBytesMax: frameLength(limits.messageSizeMax),
      connectionsMax: limits.sessionsMax,
      connectionsPerPrefixMax: limits.sessionsPerPrefixMax,
      bufferedBytesMax: limits.bufferedSizeMax,
      stalledMax: limits.stalledTimeout,
      handshakesMax: limits.openingMax,
      handshakeMax: limits.openingTimeout,
      headerBytesMax: limits.headerSizeMax,
    },
  })
  return { network, adapter: undefined, clientOnMessage: () => undefined }
}

/**
 * What a network adapter sees as its database: ours, but for what tool-db's base class would do by itself. Who is connected,
 * and to whom what was sent, is the node's to say.
 */
export function adapterHostOf(db: object, clientOnMessage: (message: unknown, clientId: string) => void): object {
  const nothingSent = new Proxy({}, { get: () => [], set: () => true })
  const own: Readonly<Record<string, unknown>> = {
    clientOnMessage,
    onPeerConnect: () => undefined,
    processedOutHashes: nothingSent,
    processedIds: nothingSent,
  }
  return new Proxy(db, {
    get: (target, name) => {
      if (typeof name === 'string' && Object.hasOwn(own, name)) return own[name]
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
