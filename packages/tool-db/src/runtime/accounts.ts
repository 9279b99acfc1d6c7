/**
 * The two accounts of a node: the peer's, whose key is its identity and is kept in the store, and the user's, who writes.
 * With a storage adapter of tool-db's the peer key lies where tool-db keeps it.
 */

import { randomAnimal } from '../compat/random-animal.ts'
import { FORMAT_KEY, REPAIRED_KEY } from '../store/format.ts'
import { OWN_ROW_PREFIX, prefixRange } from '../store/key-order.ts'
import type { StorageAdapter } from '../store/storage-adapter.ts'
import { ABSENT, type Store } from '../store/store.ts'
import { StoreError } from '../store/store-error.ts'
import { readToolDbKey } from '../store/tool-db-keys.ts'
import type { ToolDbUserAdapter } from '../users/user-adapter.ts'

/** tool-db's words, which are key and password at once. */
const PEER_KEY = '%default-peer%'
const USER_KEY = '%default-user%'
const PEER_ROW = '\u0000peer'

const OWN_ROWS = prefixRange(OWN_ROW_PREFIX)
/** What opening alone writes. */
const FRESH_ROWS: ReadonlySet<string> = new Set([FORMAT_KEY, REPAIRED_KEY])

/** Where the peer's sealed key lies. */
export interface KeyPlace {
  read(name: 'peer' | 'user'): Promise<string | undefined>
  writePeer(text: string): Promise<void>
  /** Whether a key that is not there now has been: what else is there was written by a peer that had one. */
  wasKept?(): Promise<boolean>
  /** What a tool-db left for us to take over. */
  readOlder?(name: 'peer' | 'user'): Promise<string | undefined>
}

/** `storageName`: of a directory that tool-db may have used before. */
export function keysInStore(store: Store, storageName: string | undefined): KeyPlace {
  return {
    read: async (name) => (name === 'peer' ? (await store.readMany([PEER_ROW]))[0]?.value : undefined),
    wasKept: async () => {
      if ((store.condition?.damage.length ?? 0) > 0) return true
      const { keys } = await store.scan(OWN_ROWS, { limit: FRESH_ROWS.size + 1 })
      return keys.some((key) => !FRESH_ROWS.has(key))
    },
    ...(storageName !== undefined && {
      readOlder: (name) => readToolDbKey(storageName, name === 'peer' ? PEER_KEY : USER_KEY),
    }),
    writePeer: async (text) => {
      const write = { kind: 'set', key: PEER_ROW, value: text } as const
      await store.commit([write], new Map([[PEER_ROW, ABSENT]]), 'sync')
    },
  }
}

/** A second adapter, named as tool-db names it. */
export function keysInAdapter(adapter: StorageAdapter): KeyPlace {
  return {
    read: async (name) => {
      await adapter.ready
      try {
        const text: unknown = await adapter.get(name === 'peer' ? PEER_KEY : USER_KEY)
        return typeof text === 'string' && text !== '' ? text : undefined
      } catch {
        // tool-db's adapters reject for what is not there.
        return undefined
      }
    },
    writePeer: async (text) => {
      await adapter.put(PEER_KEY, text)
    },
  }
}

/**
 * The peer key that is kept, or a new one, kept from now on. Throws StoreError where the kept one can't be read. True where one was kept
 * before and is lost: this is another peer from now on, and should say so.
 */
export async function loadPeerAccount(account: ToolDbUserAdapter, place: KeyPlace): Promise<boolean> {
  const kept = await place.read('peer')
  const text = kept ?? (await place.readOlder?.('peer'))
  if (text === undefined) {
    const isLost = (await place.wasKept?.()) ?? false
    await account.anonUser()
    await place.writePeer(JSON.stringify(await account.encryptAccount(PEER_KEY)))
    return isLost
  }
  try {
    await account.setUser(await account.decryptAccount(JSON.parse(text), PEER_KEY), randomAnimal())
  } catch (cause) {
    // A new key would make this another peer without a word.
    throw new StoreError(
      'SHOAL_STORE_DAMAGED',
      'the peer key in the store is unreadable: restore it from a backup, or start with another store',
      { cause },
    )
  }
  if (kept === undefined) await place.writePeer(text)
  return false
}

/** Somebody is signed in from the start: who was kept by tool-db, or an anonymous user. */
export async function loadUserAccount(account: ToolDbUserAdapter, place: KeyPlace): Promise<void> {
  const text = (await place.read('user')) ?? (await place.readOlder?.('user'))
  if (text !== undefined) {
    try {
      const opened = await account.decryptAccount(JSON.parse(text), USER_KEY)
      await account.setUser(opened, account.getUsername() ?? randomAnimal())
      return
    } catch {
      // Whoever was signed in there is not ours to open: somebody new, as tool-db does.
    }
  }
  await account.anonUser()
}
