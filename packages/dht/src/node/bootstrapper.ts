/**
 * Finds the way into the network of one address family, and never gives up: lets the engine walk to its own id, and begins
 * again with jittered back-off while nobody answers.
 */

import {
  type Backoff,
  backoffDelay,
  type Endpoint,
  type Family,
  familyOf,
  type RandomSource,
  SECOND,
} from '@shoal/base'

const BACKOFF: Backoff = { first: SECOND / 2, most: 60 * SECOND }

export interface BootstrapperInit {
  readonly family: Family
  /** There is nobody given to begin with: nobody has to wait for it. */
  readonly isAlone: boolean
  /** Whether there is anywhere to try again: nodes given, or contacts remembered. */
  readonly hasWay: () => boolean
  readonly random: RandomSource
  /** Addresses to begin with, of any family. */
  readonly resolve: () => Promise<readonly Endpoint[]>
  /** Walks to our own id by these addresses; resolves to the number of contacts there are then. */
  readonly walk: (nodes: readonly Endpoint[]) => Promise<number>
}

export class Bootstrapper {
  readonly #init: BootstrapperInit
  readonly #stop = new AbortController()
  #isRunning = false

  constructor(init: BootstrapperInit) {
    this.#init = init
  }

  /**
   * Runs until there are contacts, or there is no way to any; `onAttempt` is told after each attempt whether others need not
   * wait for the next. A run that goes on is not begun twice.
   */
  async run(onAttempt: (isDone: boolean) => void): Promise<void> {
    const { family, isAlone, hasWay, resolve, walk, random } = this.#init
    if (this.#isRunning) return
    this.#isRunning = true
    try {
      for (let failures = 1; !this.#stop.signal.aborted; failures++) {
        const nodes = (await resolve()).filter(({ host }) => familyOf(host) === family)
        if (this.#stop.signal.aborted) return
        const contacts = await walk(nodes)
        if (this.#stop.signal.aborted) return
        onAttempt(contacts > 0 || isAlone)
        if (contacts > 0 || !hasWay()) return
        await this.#rest(backoffDelay(BACKOFF, failures, random))
      }
    } finally {
      this.#isRunning = false
    }
  }

  close(): void {
    this.#stop.abort()
  }

  #rest(ms: number): Promise<void> {
    const { signal } = this.#stop
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms)
      signal.addEventListener('abort', done, { once: true })
      function done(): void {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
    })
  }
}
