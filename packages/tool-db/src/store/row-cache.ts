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

export class RowCache {
  readonly #init: RowCacheInit
  /** BOUNDED: rowsMax and sizeMax, the oldest out. */
  readonly #rows = new Map<string, RowText>()
  #size = 0

  constructor(init: RowCacheInit) {
    this.#init = init
  }

  /** False where nothing is known of the row. */
  has(key: string): boolean {
    return this.#rows.has(key)
  }

  get(key: string): RowText {
    return this.#rows.get(key)
  }

  set(key: string, text: RowText): void {
    this.forget(key)
    this.#rows.set(key, text)
    this.#size += sizeOf(key, text)
    const { rowsMax, sizeMax } = this.#init
    if (this.#rows.size <= rowsMax && this.#size <= sizeMax) return
    for (const oldest of this.#rows.keys()) {
      if (this.#rows.size <= rowsMax && this.#size <= sizeMax) return
      this.forget(oldest)
    }
  }

  forget(key: string): void {
    if (!this.#rows.has(key)) return
    this.#size -= sizeOf(key, this.#rows.get(key))
    this.#rows.delete(key)
  }
}

function sizeOf(key: string, text: RowText): number {
  return key.length + (text?.length ?? 0)
}
