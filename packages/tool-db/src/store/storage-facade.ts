/** A store as users of tool-db know it: `db.store` with put, get and query of text. Rows of our own stay out of reach. */

import { ShoalError, UsageError } from '@shoal/base'
import { OWN_ROW_PREFIX, prefixRange } from './key-order.ts'
import type { StorageAdapter } from './storage-adapter.ts'
import type { Store } from './store.ts'

const KEYS_PER_PAGE = 1_000

export class StorageFacade implements StorageAdapter {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  get ready(): Promise<void> {
    return this.#store.ready
  }

  /** Resolves once the row is stored; nobody verifies it, and nobody is told. */
  async put(key: string, data: string): Promise<void> {
    checkKey(key, 'the key')
    if (typeof data !== 'string')
      throw new UsageError('a store keeps texts: the data must be one, as JSON.stringify gives it')
    await this.#store.commit([{ kind: 'set', key, value: data }], new Map(), 'memory')
  }

  /** Rejects with the code `SHOAL_NOT_FOUND` where nothing lies under the key. */
  async get(key: string): Promise<string> {
    checkKey(key, 'the key')
    const [row] = await this.#store.readMany([key])
    if (row === undefined) throw new ShoalError('SHOAL_NOT_FOUND', `nothing is stored under ${JSON.stringify(key)}`)
    return row.value
  }

  /** All of them at once, as in tool-db. */
  async query(prefix: string): Promise<string[]> {
    checkKey(prefix, 'the beginning of the keys')
    const range = prefixRange(prefix)
    const keys: string[] = []
    for (;;) {
      const after = keys.at(-1)
      const page = await this.#store.scan(range, { limit: KEYS_PER_PAGE, ...(after === undefined ? {} : { after }) })
      keys.push(...page.keys)
      if (!page.more) return keys
    }
  }

  close(): Promise<void> {
    return this.#store.close()
  }
}

function checkKey(key: unknown, what: string): void {
  if (typeof key !== 'string') throw new UsageError(`${what} must be a text`)
  if (key.startsWith(OWN_ROW_PREFIX)) throw new UsageError('keys that begin with U+0000 are not for applications')
}
