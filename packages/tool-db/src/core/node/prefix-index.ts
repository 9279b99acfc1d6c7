/**
 * What is meant by everything that begins with a text, found by key without searching a list: one look for each length
 * that any prefix has.
 */

export class PrefixIndex<T> {
  /** BOUNDED: by whoever adds. */
  readonly #byPrefix = new Map<string, Set<T>>()
  /** How many prefixes there are of each length. BOUNDED: by the longest key. */
  readonly #lengths = new Map<number, number>()

  get size(): number {
    return this.#byPrefix.size
  }

  add(prefix: string, value: T): void {
    const values = this.#byPrefix.get(prefix)
    if (values !== undefined) {
      values.add(value)
      return
    }
    this.#byPrefix.set(prefix, new Set([value]))
    this.#lengths.set(prefix.length, (this.#lengths.get(prefix.length) ?? 0) + 1)
  }

  remove(prefix: string, value: T): void {
    const values = this.#byPrefix.get(prefix)
    if (values === undefined || !values.delete(value) || values.size > 0) return
    this.#byPrefix.delete(prefix)
    const left = (this.#lengths.get(prefix.length) ?? 1) - 1
    if (left > 0) this.#lengths.set(prefix.length, left)
    else this.#lengths.delete(prefix.length)
  }

  hasMatch(key: string): boolean {
    if (this.size === 0) return false
    for (const length of this.#lengths.keys()) {
      if (length <= key.length && this.#byPrefix.has(key.slice(0, length))) return true
    }
    return false
  }

  *matches(key: string): Iterable<T> {
    for (const length of this.#lengths.keys()) {
      if (length > key.length) continue
      const values = this.#byPrefix.get(key.slice(0, length))
      if (values !== undefined) yield* values
    }
  }
}
