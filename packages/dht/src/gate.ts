/** What callers of a node wait for before they get to it: its first attempt to bootstrap, and that it is ready. */

import { ClosedError } from '@shoal/base'
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
    this.fail(new ClosedError('the DHT node was closed'))
  }

  /** Lookups wait for the first attempt to bootstrap: before that there is nobody to ask. */
  async whenAttempted(signal: AbortSignal | undefined): Promise<void> {
    this.throwIfOver(signal)
    let onAbort: (() => void) | undefined
    const aborted = new Promise<never>((_resolve, reject) => {
      onAbort = () => reject(abortError(signal))
      signal?.addEventListener('abort', onAbort, { once: true })
    })
    try {
      await Promise.race([this.#attempted.promise, aborted])
    } finally {
      if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort)
    }
    this.throwIfOver(signal)
  }

  throwIfOver(signal: AbortSignal | undefined): void {
    if (this.#isClosed) throw new ClosedError('the DHT node was closed')
    if (signal?.aborted) throw abortError(signal)
  }
}

function deferred(): Deferred {
  let settle: Omit<Deferred, 'promise'> = { resolve: () => {}, reject: () => {} }
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject }
  })
  return { promise, resolve: () => settle.resolve(), reject: (error) => settle.reject(error) }
}
