/**
 * Finds the way into the network, and never gives up: resolves the names given, lets the engine walk to its own id,
 * and begins again with jittered back-off while nobody answers.
 */

import { lookup } from 'node:dns/promises'
import {
  type Backoff,
  backoffDelay,
  type Endpoint,
  type Family,
  parseIp,
  type RandomSource,
  SECOND,
  scopeOf,
} from '@shoal/base'
import type { Network } from '../core/routing/network-policy.ts'

const BACKOFF: Backoff = { first: SECOND / 2, most: 60 * SECOND }
/** A resolver that hangs must not hold up the addresses that are known. */
const RESOLVE_TIMEOUT_MS = 5 * SECOND

export interface BootstrapperInit {
  readonly family: Family
  readonly nodes: readonly Endpoint[]
  readonly random: RandomSource
  /** Called once, when the addresses are known for the first time. */
  readonly onResolved: (nodes: readonly Endpoint[]) => void
  /** Walks to our own id by these addresses; resolves to the number of contacts there are then. */
  readonly walk: (nodes: readonly Endpoint[]) => Promise<number>
}

export class Bootstrapper {
  readonly #init: BootstrapperInit
  readonly #stop = new AbortController()
  #isResolved = false
  #isRunning = false

  constructor(init: BootstrapperInit) {
    this.#init = init
  }

  /**
   * Runs until there are contacts, or ends at once where there is nobody to begin with; `onAttempt` is told after each
   * attempt whether that is so. A run that goes on is not begun twice.
   */
  async run(onAttempt: (isDone: boolean) => void): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    try {
      for (let failures = 1; !this.#stop.signal.aborted; failures++) {
        const nodes = await this.#resolveAll()
        if (this.#stop.signal.aborted) return
        if (!this.#isResolved && (nodes.length > 0 || this.#init.nodes.length === 0)) {
          this.#isResolved = true
          this.#init.onResolved(nodes)
        }
        const contacts = nodes.length === 0 ? 0 : await this.#init.walk(nodes)
        if (this.#stop.signal.aborted) return
        const isDone = contacts > 0 || this.#init.nodes.length === 0
        onAttempt(isDone)
        if (isDone) return
        await this.#rest(backoffDelay(BACKOFF, failures, this.#init.random))
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

  async #resolveAll(): Promise<readonly Endpoint[]> {
    const resolved = await Promise.all(this.#init.nodes.map((node) => this.#resolve(node)))
    return resolved.flat()
  }

  async #resolve(node: Endpoint): Promise<readonly Endpoint[]> {
    const { family } = this.#init
    const bytes = parseIp(node.host)
    if (bytes !== undefined) return (bytes.length === 4) === (family === 'ipv4') ? [node] : []
    const names = lookup(node.host, { family: family === 'ipv4' ? 4 : 6, all: true }).then(
      (found) => found.map(({ address }) => ({ host: address, port: node.port })),
      () => [],
    )
    return Promise.race([names, this.#rest(RESOLVE_TIMEOUT_MS).then(() => [])])
  }
}

/** `private` where all these literal addresses are loopback or private, and there are any. */
export function networkOf(hosts: readonly string[]): Network {
  const isPrivate = (host: string): boolean => {
    const bytes = parseIp(host)
    const scope = bytes === undefined ? 'martian' : scopeOf(bytes)
    return scope === 'loopback' || scope === 'private'
  }
  return hosts.length > 0 && hosts.every(isPrivate) ? 'private' : 'mainline'
}
