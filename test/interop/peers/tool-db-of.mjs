/**
 * The ToolDb class and its adapters by name. `from` says whose class: 'npm' or 'shoal'. `adapters` says whose adapters are
 * passed in: 'npm' (the three of tool-db), 'npm-store-and-user' (ours for the network), or none.
 */
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

async function adaptersOf(kind) {
  if (kind === undefined) return {}
  const storeAndUser = {
    storageAdapter: require('@tool-db/leveldb-store').default,
    userAdapter: require('@tool-db/ecdsa-user').default,
  }
  if (kind === 'npm-store-and-user') return storeAndUser
  const { WebSocketNetwork } = await import('./websocket-network.mjs')
  return { ...storeAndUser, networkAdapter: WebSocketNetwork }
}

export async function toolDbOf({ from, adapters }) {
  const { ToolDb, MapCrdt, ListCrdt, CounterCrdt } =
    from === 'npm' ? require('tool-db') : await import('@shoal/tool-db')
  const crdts = { map: MapCrdt, list: ListCrdt, counter: CounterCrdt }
  return { ToolDb, crdts, adapters: await adaptersOf(adapters ?? (from === 'npm' ? 'npm' : undefined)) }
}
