/** The addresses of the nodes to begin with: literal ones as they are, names as the system's resolver knows them. */

import { lookup } from 'node:dns/promises'
import { type Endpoint, type Family, familyOf, formatIp, parseIp, SECOND, scopeOf } from '@shoal/base'
import type { Network } from '../core/routing/network-policy.ts'

/** A resolver that hangs must not hold up the addresses that are known. */
const RESOLVE_TIMEOUT_MS = 5 * SECOND

export class Resolver {
  readonly #nodes: readonly Endpoint[]
  readonly #families: readonly Family[]
  readonly #onFirst: (nodes: readonly Endpoint[]) => void
  readonly #stop = new AbortController()
  #isFirst = true
  #running: Promise<readonly Endpoint[]> | undefined

  /** `onFirst` is called once, before anybody gets them, when addresses are known for the first time or there are none to wait for. */
  constructor(nodes: readonly Endpoint[], families: readonly Family[], onFirst: (nodes: readonly Endpoint[]) => void) {
    this.#nodes = nodes
    this.#families = families
    this.#onFirst = onFirst
  }

  /** Of all families; whoever asks meanwhile shares the answer. */
  resolve(): Promise<readonly Endpoint[]> {
    this.#running ??= this.#resolve().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  close(): void {
    this.#stop.abort()
  }

  async #resolve(): Promise<readonly Endpoint[]> {
    const patience = new Patience(RESOLVE_TIMEOUT_MS, this.#stop.signal)
    const resolved = (await Promise.all(this.#nodes.map((node) => this.#resolveOne(node, patience)))).flat()
    patience.end()
    const isKnown = resolved.length > 0 || this.#nodes.length === 0
    if (this.#isFirst && isKnown && !this.#stop.signal.aborted) {
      this.#isFirst = false
      this.#onFirst(resolved)
    }
    return resolved
  }

  async #resolveOne(node: Endpoint, patience: Patience): Promise<readonly Endpoint[]> {
    const bytes = parseIp(node.host)
    if (bytes !== undefined) return this.#ofFamilies([{ host: formatIp(bytes), port: node.port }])
    const names = lookup(node.host, { all: true }).then(
      (found) => this.#ofFamilies(found.map(({ address }) => ({ host: address, port: node.port }))),
      () => [],
    )
    return Promise.race([names, patience.over.then(() => [])])
  }

  #ofFamilies(nodes: readonly Endpoint[]): readonly Endpoint[] {
    return nodes.filter(({ host }) => this.#families.includes(familyOf(host)))
  }
}

/** How long all names of one attempt are waited for together; it leaves nothing behind. */
class Patience {
  /** The time is over, or `end` was called. */
  readonly over: Promise<void>
  #end: () => void = () => {}

  constructor(ms: number, signal: AbortSignal) {
    this.over = new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        resolve()
      }
      const timer = setTimeout(end, ms)
      timer.unref()
      signal.addEventListener('abort', end, { once: true })
      this.#end = end
    })
  }

  end(): void {
    this.#end()
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
