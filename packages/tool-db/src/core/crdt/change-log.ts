/**
 * The changes of one document: each identity once, in an order that does not depend on that of arrival. Of two changes
 * with one identity (an author's index used twice) the one with the greater hash stands, on every node.
 */

import { sha256 } from '@noble/hashes/sha2.js'
import { toHex, utf8 } from '@shoal/base'
import { compareTexts } from './change.ts'

export type Added<C> =
  | { readonly kind: 'known' }
  | { readonly kind: 'added' }
  /** It takes the place of another with its identity. */
  | { readonly kind: 'replaced'; readonly loser: C }

export interface ChangeLogInit<C> {
  identityOf(change: C): string
  /** Total over different identities. */
  compare(a: C, b: C): number
}

/** From here on few changes are sorted in by a merge of two sorted lists, which costs less than sorting all. */
export class ChangeLog<C> {
  readonly #init: ChangeLogInit<C>
  /** BOUNDED: by the application, which merges what it asked for. */
  readonly #byIdentity = new Map<string, C>()
  /** In the order of arrival, also those that were replaced later. BOUNDED: by the changes merged. */
  readonly #arrivals: C[] = []
  #sorted: readonly C[] = []
  /** Not sorted in yet. BOUNDED: by the changes. */
  #fresh: C[] = []
  #hasLosers = false

  constructor(init: ChangeLogInit<C>) {
    this.#init = init
  }

  get size(): number {
    return this.#byIdentity.size
  }

  add(change: C): Added<C> {
    const identity = this.#init.identityOf(change)
    const held = this.#byIdentity.get(identity)
    if (held === change) return { kind: 'known' }
    if (held !== undefined && !isGreater(change, held)) return { kind: 'known' }
    this.#byIdentity.set(identity, change)
    this.#arrivals.push(change)
    this.#fresh.push(change)
    if (held === undefined) return { kind: 'added' }
    this.#hasLosers = true
    return { kind: 'replaced', loser: held }
  }

  /** Those that arrived behind the first `position`, and where the next ones will be. */
  since(position: number): { readonly changes: readonly C[]; readonly position: number } {
    return { changes: this.#arrivals.slice(position), position: this.#arrivals.length }
  }

  sorted(): readonly C[] {
    if (this.#fresh.length === 0) return this.#sorted
    const { compare } = this.#init
    if (this.#hasLosers) this.#sorted = [...this.#byIdentity.values()].sort(compare)
    else this.#sorted = mergedInOrder(this.#sorted, this.#fresh.sort(compare), compare)
    this.#hasLosers = false
    this.#fresh = []
    return this.#sorted
  }
}

function mergedInOrder<C>(a: readonly C[], b: readonly C[], compare: (a: C, b: C) => number): readonly C[] {
  if (a.length === 0) return b
  const all: C[] = []
  let next = 0
  for (const item of a) {
    for (let other = b[next]; other !== undefined && compare(other, item) < 0; other = b[++next]) all.push(other)
    all.push(item)
  }
  for (; next < b.length; next++) all.push(b[next] as C)
  return all
}

function isGreater(change: unknown, held: unknown): boolean {
  const [text, heldText] = [changeText(change), changeText(held)]
  return text !== heldText && compareTexts(hashOfText(text), hashOfText(heldText)) > 0
}

export function changeText(change: unknown): string {
  return String(JSON.stringify(change))
}

function hashOfText(text: string): string {
  return toHex(sha256(utf8(text)))
}
