/**
 * Peers that were proven before, by topic: where a node begins that can reach nobody else. Each was dialled by us and
 * proved itself there, so a stranger gets in only by being a server; which ones stay is decided by who was there last.
 */

import { type Endpoint, HOUR, MINUTE, type Millis } from '@shoal/base'
import { endpointKey } from './place.ts'

export const CACHED_PEERS_MAX = 64
export const CACHED_TOPICS_MAX = 32
/** Whoever was not there for so long is somebody else by now. */
export const CACHED_LIFETIME_MS: Millis = 30 * 24 * HOUR
/** Seen again sooner than this is not worth a write. */
const REFRESH_MS: Millis = 10 * MINUTE
const FAILURES_MAX = 255

export interface CachedPeer extends Endpoint {
  /** Wall time: it must mean something in the next run. */
  readonly provenAt: Millis
  /** Dials in a row since then that found nobody. */
  readonly failures: number
}

export type CachedTopics = ReadonlyMap<string, readonly CachedPeer[]>

export class PeerCache {
  /** By info hash in hex, the topic used longest ago first. BOUNDED: CACHED_TOPICS_MAX, each CACHED_PEERS_MAX. */
  readonly #topics = new Map<string, Map<string, CachedPeer>>()

  /** What is too old, or from a clock that was ahead, is left out. */
  constructor(now: Millis, kept: CachedTopics = new Map()) {
    for (const [topic, peers] of kept) {
      for (const peer of peers) {
        if (now - peer.provenAt > CACHED_LIFETIME_MS) continue
        this.#hold(topic, { ...peer, provenAt: Math.min(peer.provenAt, now) })
      }
    }
  }

  /** Those most likely to be there first. */
  peers(topic: string): readonly CachedPeer[] {
    return [...(this.#topics.get(topic)?.values() ?? [])].sort(isBetter)
  }

  /** True where there is something to write down. */
  handleProven(now: Millis, topic: string, { host, port }: Endpoint): boolean {
    const held = this.#topics.get(topic)?.get(endpointKey({ host, port }))
    if (held !== undefined && held.failures === 0 && Math.abs(now - held.provenAt) < REFRESH_MS) return false
    this.#hold(topic, { host, port, provenAt: now, failures: 0 })
    return true
  }

  handleFailed(topic: string, endpoint: Endpoint): boolean {
    const peers = this.#topics.get(topic)
    const held = peers?.get(endpointKey(endpoint))
    if (peers === undefined || held === undefined || held.failures >= FAILURES_MAX) return false
    peers.set(endpointKey(endpoint), { ...held, failures: held.failures + 1 })
    return true
  }

  /** Somebody else is there now, or we are. */
  forget(topic: string, endpoint: Endpoint): boolean {
    return this.#topics.get(topic)?.delete(endpointKey(endpoint)) ?? false
  }

  snapshot(): CachedTopics {
    return new Map([...this.#topics.keys()].map((topic) => [topic, this.peers(topic)]))
  }

  #hold(topic: string, peer: CachedPeer): void {
    const peers = this.#topics.get(topic) ?? new Map<string, CachedPeer>()
    this.#topics.delete(topic)
    const oldest = this.#topics.size >= CACHED_TOPICS_MAX ? this.#topics.keys().next().value : undefined
    if (oldest !== undefined) this.#topics.delete(oldest)
    this.#topics.set(topic, peers)
    peers.set(endpointKey(peer), peer)
    if (peers.size <= CACHED_PEERS_MAX) return
    const worst = [...peers.values()].sort(isBetter).at(-1)
    if (worst !== undefined) peers.delete(endpointKey(worst))
  }
}

function isBetter(a: CachedPeer, b: CachedPeer): number {
  return a.failures - b.failures || b.provenAt - a.provenAt
}
