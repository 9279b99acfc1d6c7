/** Work on keys, one after the other where they share one. All keys of a piece of work are taken at once: no deadlock. */
export class KeyLocks {
  /** BOUNDED: by the callers of run(), each of which waits. */
  readonly #lastTurn = new Map<string, Promise<void>>()

  /** Takes its place in the queue before it returns. */
  async run<T>(keys: Iterable<string>, work: () => Promise<T>): Promise<T> {
    const mine = new Set(keys)
    let release: () => void = () => undefined
    const turn = new Promise<void>((resolve) => {
      release = resolve
    })
    const before: (Promise<void> | undefined)[] = []
    for (const key of mine) {
      before.push(this.#lastTurn.get(key))
      this.#lastTurn.set(key, turn)
    }
    try {
      await Promise.all(before)
      return await work()
    } finally {
      for (const key of mine) if (this.#lastTurn.get(key) === turn) this.#lastTurn.delete(key)
      release()
    }
  }

  /** Resolves when everything that waits now is through. */
  async idle(): Promise<void> {
    await Promise.all(this.#lastTurn.values())
  }
}
