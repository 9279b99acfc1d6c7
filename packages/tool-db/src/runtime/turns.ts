/** Writing and changing who writes: many may write together, but the user changes only while nobody does. */

export class Turns {
  /** BOUNDED: by the callers, each of whom waits. */
  readonly #together = new Set<Promise<unknown>>()
  #alone: Promise<unknown> = Promise.resolve()

  async together<T>(work: () => Promise<T>): Promise<T> {
    await this.#alone.catch(() => undefined)
    const turn = work()
    this.#together.add(turn)
    try {
      return await turn
    } finally {
      this.#together.delete(turn)
    }
  }

  alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#alone
      .catch(() => undefined)
      .then(() => Promise.allSettled(this.#together))
      .then(work)
    this.#alone = turn.catch(() => undefined)
    return turn
  }
}
