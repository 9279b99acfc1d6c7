/** Digests of documents that were written to a moment ago, so that a change costs what is new in it and not what was there. */

import type { AuthorSets } from './author-sets.ts'

interface CachedKey {
  /** Of the index row that it belongs to: another one means that somebody else has written. */
  version: string
  /** BOUNDED: crdtAuthorsMax, and by the cache's size. */
  readonly authors: Map<string, AuthorSets>
  size: number
}

/** For each set and author: their names, and what maps cost. */
const ENTRY_SIZE = 400
const DIGEST_SIZE = 8

export class CrdtCache {
  readonly #sizeMax: number
  /** BOUNDED: sizeMax, the one used longest ago out. */
  readonly #keys = new Map<string, CachedKey>()
  #size = 0

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax
  }

  get(key: string, version: string, author: string): AuthorSets | undefined {
    const held = this.#keys.get(key)
    if (held === undefined) return undefined
    if (held.version !== version) {
      this.forget(key)
      return undefined
    }
    this.#keys.delete(key)
    this.#keys.set(key, held)
    return held.authors.get(author)
  }

  /** Also after a commit, with the version that it left behind. */
  set(key: string, version: string, author: string, sets: AuthorSets): void {
    const held = this.#keys.get(key) ?? { version, authors: new Map<string, AuthorSets>(), size: 0 }
    this.#size -= held.size
    held.version = version
    held.size -= held.authors.has(author) ? this.#noted(held, author) : 0
    held.authors.set(author, sets)
    this.#sizes.set(sets, sizeOf(sets))
    held.size += sizeOf(sets)
    this.#size += held.size
    this.#keys.delete(key)
    this.#keys.set(key, held)
    for (const oldest of this.#keys.keys()) {
      if (this.#size <= this.#sizeMax) return
      this.forget(oldest)
    }
  }

  forget(key: string): void {
    this.#size -= this.#keys.get(key)?.size ?? 0
    this.#keys.delete(key)
  }

  /** What each was counted as. */
  readonly #sizes = new WeakMap<AuthorSets, number>()

  #noted(held: CachedKey, author: string): number {
    const sets = held.authors.get(author)
    return sets === undefined ? 0 : (this.#sizes.get(sets) ?? 0)
  }
}

function sizeOf(sets: AuthorSets): number {
  return ENTRY_SIZE * (1 + sets.count) + DIGEST_SIZE * sets.changes
}
