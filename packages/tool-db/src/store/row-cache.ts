/**
 * Rows that were read or written a moment ago, and those that were found missing. Reading, comparing and committing a record
 * asks for one row twice within a millisecond, and an engine's answer costs more than all else that is done to a record.
 * Only for an engine that nobody else writes to.
 */

/** A row's text; `undefined` where there is no such row. */
export type RowText = string | undefined

export interface RowCacheInit {
  readonly rowsMax: number
  /** UTF-16 units of keys and values together. */
  readonly sizeMax: number
}

/** What is known of a row: its text, `null` where it is known not to be there, `undefined` where nothing is known. */
export type Known = string | null | undefined

export class RowCache {
  readonly #init: RowCacheInit
  // Two halves: when the young one is full, it becomes the old one, and what was old is gone. To take the oldest out one by
  // one would leave holes in the table, which is then copied again and again.
  /** BOUNDED: half of rowsMax, and of sizeMax. */
  #young = new Map<string, string | null>()
  /** BOUNDED: as the young one. */
  #old: Map<string, string | null> = new Map()
  #youngSize = 0

  constructor(init: RowCacheInit) {
    this.#init = init
  }

  get(key: string): Known {
    const young = this.#young.get(key)
    return young === undefined ? this.#old.get(key) : young
  }

  set(key: string, text: RowText): void {
    const { rowsMax, sizeMax } = this.#init
    const size = key.length + (text?.length ?? 0)
    if (size > sizeMax / 2) {
      this.forget(key)
      return
    }
    // What is there is written over: a row that was read comes again when it is written.
    const known = this.#young.get(key)
    if (known !== undefined) this.#youngSize -= key.length + (known?.length ?? 0)
    if (this.#young.size >= rowsMax / 2 || this.#youngSize + size > sizeMax / 2) {
      this.#old = this.#young
      this.#young = new Map()
      this.#youngSize = 0
    }
    this.#young.set(key, text ?? null)
    this.#youngSize += size
  }

  forget(key: string): void {
    this.#old.delete(key)
    const text = this.#young.get(key)
    if (text === undefined) return
    this.#young.delete(key)
    this.#youngSize -= key.length + (text?.length ?? 0)
  }
}
