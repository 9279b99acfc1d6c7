/**
 * Whose turn it is to be dialled. What was given by hand, what discovery proposes and each teller's word take turns, the
 * tellers that proved something before the others, so that a thousand dead endpoints of a stranger delay a genuine server
 * by one turn and not by a thousand.
 */

import { type DialEntry, isOnlyTold } from './dial-entry.ts'

interface Share {
  /** The first added first. */
  readonly entries: Set<DialEntry>
  readonly isFavoured: boolean
  servedAt: number
}

/** Every so many turns, one goes to a teller that proved nothing, whatever else waits. */
const OTHERS_EVERY = 4

export class DialQueue {
  /** Those that wait, by teller or kind of source. BOUNDED: by the entries, TELLERS_MAX and two for each. */
  readonly #shares = new Map<string, Share>()
  /** When each was served last: a share that is empty for a moment keeps its turn. BOUNDED: REMEMBERED_MAX. */
  readonly #servedAt = new Map<string, number>()
  #turn = 0

  get isEmpty(): boolean {
    return this.#shares.size === 0
  }

  add(entry: DialEntry): void {
    if (entry.sources.has('given')) this.#addTo('given', true, entry)
    if (entry.sources.has('proposed')) this.#addTo('proposed', true, entry)
    for (const { name, proven } of entry.tellers.values()) this.#addTo(`by ${name}`, proven, entry)
    if (isOnlyTold(entry) && entry.tellers.size === 0) this.#addTo('told', false, entry)
  }

  delete(entry: DialEntry): void {
    for (const [name, { entries }] of this.#shares) {
      if (entries.delete(entry) && entries.size === 0) this.#shares.delete(name)
    }
  }

  /** The entry whose turn it is, taken out. */
  take(): DialEntry | undefined {
    const name = this.#next()
    const share = name === undefined ? undefined : this.#shares.get(name)
    const [entry] = share?.entries ?? []
    if (name === undefined || share === undefined || entry === undefined) return undefined
    share.servedAt = ++this.#turn
    this.#remember(name)
    this.delete(entry)
    return entry
  }

  clear(): void {
    this.#shares.clear()
  }

  #addTo(name: string, isFavoured: boolean, entry: DialEntry): void {
    const share = this.#shares.get(name)
    if (share !== undefined) share.entries.add(entry)
    else this.#shares.set(name, { entries: new Set([entry]), isFavoured, servedAt: this.#servedAt.get(name) ?? 0 })
  }

  #next(): string | undefined {
    const isOthersTurn = this.#turn % OTHERS_EVERY === OTHERS_EVERY - 1
    let best: { readonly name: string; readonly share: Share } | undefined
    for (const [name, share] of this.#shares) {
      const isFavoured = share.isFavoured !== isOthersTurn
      const isBestFavoured = best !== undefined && best.share.isFavoured !== isOthersTurn
      const isBefore =
        best === undefined || (isFavoured === isBestFavoured ? share.servedAt < best.share.servedAt : isFavoured)
      if (isBefore) best = { name, share }
    }
    return best?.name
  }

  #remember(name: string): void {
    this.#servedAt.delete(name)
    this.#servedAt.set(name, this.#turn)
    if (this.#servedAt.size <= REMEMBERED_MAX) return
    const oldest = this.#servedAt.keys().next()
    if (!oldest.done) this.#servedAt.delete(oldest.value)
  }
}

const REMEMBERED_MAX = 1_024
