/** The first look-up and the first announce of a join: over when both are, and good when either reached anybody. */

export class FirstRound {
  #pending: number
  #hasSucceeded = false
  #error: Error | null = null
  #onDone: ((error: Error | null) => void) | undefined

  constructor(parts: number, onDone: (error: Error | null) => void) {
    this.#pending = parts
    this.#onDone = onDone
  }

  get isOver(): boolean {
    return this.#onDone === undefined
  }

  /** `error` is null where the part succeeded. */
  handlePart(error: Error | null): void {
    if (error === null) this.#hasSucceeded = true
    else this.#error = error
    this.#pending -= 1
    if (this.#pending === 0) this.finish(this.#hasSucceeded ? null : this.#error)
  }

  /** Says how it ended, once; what comes later is not the first round's. */
  finish(error: Error | null): void {
    const onDone = this.#onDone
    this.#onDone = undefined
    onDone?.(error)
  }
}
