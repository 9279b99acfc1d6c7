/** What callers of a node wait for before they get to it: its first attempt to bootstrap, and that it is ready. */

import { ClosedError } from '@shoal/base'
import { whenAborted } from './abort.ts'
import { abortError } from './operations.ts'

interface Deferred {
  readonly promise: Promise<void>
  resolve(): void
  reject(error: unknown): void
}

export class Gate {
  readonly #ready: Deferred = deferred()
  /** The first attempt to bootstrap is over, whatever came of it. */
  readonly #attempted: Deferred = deferred()
  /** Those who wait for something, to be told when the node is closed. BOUNDED: by the callers, who each wait once. */
  readonly #waiting = new Set<() => void>()
  #isClosed = false

  constructor() {
    // Nobody has to wait for these, so their rejections must not end the process.
    for (const { promise } of [this.#ready, this.#attempted]) promise.catch(() => {})
  }

  get ready(): Promise<void> {
    return this.#ready.promise
  }

  attempted(): void {
    this.#attempted.resolve()
  }

  becomeReady(): void {
    this.#ready.resolve()
  }

  fail(error: unknown): void {
    this.#ready.reject(error)
    this.#attempted.reject(error)
  }

  close(): void {
    this.#isClosed = true
    this.fail(closedError())
    for (const stop of this.#waiting) stop()
  }

  /** Lookups wait for the first attempt to bootstrap: before that there is nobody to ask. */
  async whenAttempted(signal: AbortSignal | undefined): Promise<void> {
    await this.whileOpen(this.#attempted.promise, signal)
    this.throwIfOver(signal)
  }

  /** Waits for what others take their time for, no longer than until the signal aborts or the node is closed. */
  async whileOpen<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    this.throwIfOver(signal)
    let stop = (): void => {}
    const stopped = new Promise<never>((_resolve, reject) => {
      stop = () => reject(signal?.aborted ? abortError(signal) : closedError())
    })
    this.#waiting.add(stop)
    const release = whenAborted(signal, stop)
    try {
      return await Promise.race([work, stopped])
    } finally {
      this.#waiting.delete(stop)
      release()
    }
  }

  throwIfOver(signal: AbortSignal | undefined): void {
    if (this.#isClosed) throw closedError()
    if (signal?.aborted) throw abortError(signal)
  }
}

function closedError(): ClosedError {
  return new ClosedError('the DHT node was closed')
}

function deferred(): Deferred {
  let settle: Omit<Deferred, 'promise'> = { resolve: () => {}, reject: () => {} }
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject }
  })
  return { promise, resolve: () => settle.resolve(), reject: (error) => settle.reject(error) }
}
