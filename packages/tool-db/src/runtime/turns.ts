/** Writing and changing who writes: many may write together, but the user changes only while nobody does. */

export class Turns {
  #together = 0
  /** Resolves, whatever comes of it, when whoever asked last to be alone is through. */
  #alone: Promise<unknown> | undefined
  #onNobody: (() => void) | undefined

  async together<T>(work: () => Promise<T>): Promise<T> {
    while (this.#alone !== undefined) await this.#alone
    this.#together++
    try {
      return await work()
    } finally {
      if (--this.#together === 0) this.#onNobody?.()
    }
  }

  alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#afterAll(this.#alone, work)
    const end: Promise<void> = turn.then(
      () => this.#ended(end),
      () => this.#ended(end),
    )
    this.#alone = end
    return turn
  }

  async #afterAll<T>(before: Promise<unknown> | undefined, work: () => Promise<T>): Promise<T> {
    await before
    if (this.#together > 0) await new Promise<void>((resolve) => (this.#onNobody = resolve))
    this.#onNobody = undefined
    return work()
  }

  #ended(end: Promise<unknown>): void {
    if (this.#alone === end) this.#alone = undefined
  }
}
