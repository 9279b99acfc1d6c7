/**
 * Finds the way into the network of one address family, and never gives up: lets the engine walk to its own id, and begins
 * again with jittered back-off while nobody answers, and now and then while too few do: they may be liars who name nobody.
 */

import {
  type Backoff,
  backoffDelay,
  type Endpoint,
  type Family,
  familyOf,
  MINUTE,
  type RandomSource,
  SECOND,
} from '@shoal/base'

const BACKOFF: Backoff = { first: SECOND / 2, most: 60 * SECOND }
const WHILE_FEW: Backoff = { first: 30 * SECOND, most: 5 * MINUTE }

/** How many contacts there are. */
export type Acquaintance = 'nobody' | 'few' | 'enough'

export interface BootstrapperInit {
  readonly family: Family
  /** There is nobody given to begin with: nobody has to wait for it. */
  readonly isAlone: boolean
  /** Whether there is anywhere to try again: nodes given, or contacts remembered. */
  readonly hasWay: () => boolean
  readonly random: RandomSource
  /** Addresses to begin with, of any family. */
  readonly resolve: () => Promise<readonly Endpoint[]>
  /** Walks to our own id by these addresses; resolves to whom we know then. */
  readonly walk: (nodes: readonly Endpoint[]) => Promise<Acquaintance>
}

export class Bootstrapper {
  readonly #init: BootstrapperInit
  readonly #stop = new AbortController()
  #isRunning = false
  /** Ends the pause that is made while there are few contacts. */
  #hurry = new AbortController()

  constructor(init: BootstrapperInit) {
    this.#init = init
  }

  /**
   * Runs until there are enough contacts, or there is no way to any; `onAttempt` is told after each attempt whether others need not
   * wait for the next. A run that goes on is not begun twice; one that pauses goes on at once.
   */
  async run(onAttempt: (isDone: boolean) => void): Promise<void> {
    const { family, isAlone, hasWay, resolve, walk, random } = this.#init
    this.#hurry.abort()
    if (this.#isRunning) return
    this.#isRunning = true
    try {
      for (let failures = 0, pauses = 0; !this.#stop.signal.aborted; ) {
        const nodes = (await resolve()).filter(({ host }) => familyOf(host) === family)
        if (this.#stop.signal.aborted) return
        const known = await walk(nodes)
        if (this.#stop.signal.aborted) return
        onAttempt(known !== 'nobody' || isAlone)
        if (known === 'enough' || !hasWay()) return
        if (known === 'nobody') await this.#rest(backoffDelay(BACKOFF, ++failures, random), this.#stop.signal)
        else await this.#pause(backoffDelay(WHILE_FEW, ++pauses, random))
      }
    } finally {
      this.#isRunning = false
    }
  }

  close(): void {
    this.#stop.abort()
  }

  #pause(ms: number): Promise<void> {
    this.#hurry = new AbortController()
    return this.#rest(ms, AbortSignal.any([this.#stop.signal, this.#hurry.signal]))
  }

  #rest(ms: number, signal: AbortSignal): Promise<void> {
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
