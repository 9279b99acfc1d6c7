/** The base class of tool-db's storage adapters, for adapters of one's own: text under keys, and all keys with a prefix. */

import { UsageError } from '@shoal/base'

/** What an adapter sees of the database that it serves. */
export interface StorageAdapterHost {
  readonly options: { readonly storageName: string }
  readonly logger: (...parts: unknown[]) => void
}

/** What an adapter must have to be taken: tool-db's own, ours, or any object. */
export interface StorageAdapter {
  readonly ready?: Promise<unknown>
  put(key: string, data: string): Promise<unknown>
  /** Rejects where nothing lies under the key. */
  get(key: string): Promise<string>
  /** The keys that begin with `prefix`, in any order. */
  query(prefix: string): Promise<string[]>
  close?(): unknown
}

export class ToolDbStorageAdapter<Db extends StorageAdapterHost = StorageAdapterHost> implements StorageAdapter {
  readonly #tooldb: Db
  readonly #forceStorageName: string | undefined
  /** Set by subclasses in their constructor: resolves once the engine is open. */
  protected _readyPromise: Promise<void> = Promise.resolve()

  constructor(db: Db, forceStorageName?: string) {
    this.#tooldb = db
    this.#forceStorageName = forceStorageName
  }

  get ready(): Promise<void> {
    return this._readyPromise
  }

  get tooldb(): Db {
    return this.#tooldb
  }

  get storageName(): string {
    return this.#forceStorageName || this.#tooldb.options.storageName
  }

  protected async waitForReady(): Promise<void> {
    await this._readyPromise
  }

  put(_key: string, _data: string): Promise<unknown> {
    return this.#mustOverride('put')
  }

  get(_key: string): Promise<string> {
    return this.#mustOverride('get')
  }

  query(_prefix: string): Promise<string[]> {
    return this.#mustOverride('query')
  }

  /** tool-db's base class pretends to have stored; what is not there says so here. */
  #mustOverride(method: string): Promise<never> {
    return Promise.reject(
      new UsageError(`${this.constructor.name} stores nothing: a storage adapter has its own ${method}()`),
    )
  }
}
