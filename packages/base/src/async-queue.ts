/** The bridge from drained events to `for await`: one reader, a bound, and an end. */

export interface AsyncQueueInit {
  /** How many values may wait for the reader; beyond it the oldest is dropped. */
  readonly limit: number
  /** Called once when the reader stops early (`break`, `return`), so that the producer can stop too. */
  readonly onReturn?: () => void
}

export class AsyncQueue<T> implements AsyncIterableIterator<T> {
  readonly #limit: number
  readonly #onReturn: (() => void) | undefined
  /** BOUNDED: limit, oldest out. */
  readonly #values: T[] = []
  /** BOUNDED: by the callers of next(), each of which waits. */
  readonly #waiting: { resolve(result: IteratorResult<T>): void; reject(error: unknown): void }[] = []
  #end: { kind: 'open' } | { kind: 'done' } | { kind: 'failed'; error: unknown } = { kind: 'open' }

  constructor(init: AsyncQueueInit) {
    this.#limit = init.limit
    this.#onReturn = init.onReturn
  }

  /** False where the queue has ended, so the value goes nowhere. */
  push(value: T): boolean {
    if (this.#end.kind !== 'open') return false
    const reader = this.#waiting.shift()
    if (reader) reader.resolve({ done: false, value })
    else {
      if (this.#values.length >= this.#limit) this.#values.shift()
      this.#values.push(value)
    }
    return true
  }

  /** No more values; those that wait are still read. */
  end(): void {
    if (this.#end.kind !== 'open') return
    this.#end = { kind: 'done' }
    for (const reader of this.#waiting.splice(0)) reader.resolve({ done: true, value: undefined })
  }

  /** Ends with an error, which the reader gets after the values that wait. */
  fail(error: unknown): void {
    if (this.#end.kind !== 'open') return
    this.#end = { kind: 'failed', error }
    const first = this.#waiting.shift()
    if (first) {
      this.#end = { kind: 'done' }
      first.reject(error)
    }
    for (const reader of this.#waiting.splice(0)) reader.resolve({ done: true, value: undefined })
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#values.length > 0) return Promise.resolve({ done: false, value: this.#values.shift() as T })
    switch (this.#end.kind) {
      case 'done':
        return Promise.resolve({ done: true, value: undefined })
      case 'failed': {
        const { error } = this.#end
        this.#end = { kind: 'done' }
        return Promise.reject(error)
      }
      case 'open':
        return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
    }
  }

  return(): Promise<IteratorResult<T>> {
    const wasOpen = this.#end.kind === 'open'
    this.end()
    this.#values.length = 0
    if (wasOpen) this.#onReturn?.()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
