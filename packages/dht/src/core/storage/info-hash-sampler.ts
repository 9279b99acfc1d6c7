/**
 * The info hashes that we show to indexers (BEP 51). All of them where they fit into an answer; else a random subset, which
 * stays the same for a while, so that nobody gains by asking more often, and drawing it costs little.
 */

import { type Millis, type RandomSource, randomBelow, SECOND } from '@shoal/base'
import type { PeerStore } from './peer-store.ts'

export const SAMPLES_MAX = 20
/** How long a subset stays, in seconds: BEP 51 allows up to 21,600. */
export const SAMPLE_INTERVAL_S = 600

export interface InfoHashSample {
  /** Of 20 bytes, one character a byte. */
  readonly samples: readonly string[]
  /** How many there are in all. */
  readonly num: number
  /** Seconds until there is something new to learn. */
  readonly interval: number
}

export class InfoHashSampler {
  readonly #peers: PeerStore
  readonly #random: RandomSource
  /** BOUNDED: SAMPLES_MAX. */
  #samples: readonly string[] = []
  #drawnUntil: Millis = 0

  constructor(peers: PeerStore, random: RandomSource) {
    this.#peers = peers
    this.#random = random
  }

  sample(now: Millis): InfoHashSample {
    this.#peers.expire(now)
    const num = this.#peers.infoHashes
    if (num <= SAMPLES_MAX) {
      this.#drawnUntil = 0
      return { samples: [...this.#peers.hashes()], num, interval: 0 }
    }
    if (now >= this.#drawnUntil) {
      this.#samples = this.#draw()
      this.#drawnUntil = now + SAMPLE_INTERVAL_S * SECOND
    }
    return { samples: this.#samples, num, interval: Math.ceil((this.#drawnUntil - now) / SECOND) }
  }

  /** Each info hash with the same chance, in one pass (reservoir sampling). */
  #draw(): readonly string[] {
    const drawn: string[] = []
    let seen = 0
    for (const infoHash of this.#peers.hashes()) {
      if (drawn.length < SAMPLES_MAX) drawn.push(infoHash)
      else {
        const at = randomBelow(this.#random, seen + 1)
        if (at < SAMPLES_MAX) drawn[at] = infoHash
      }
      seen++
    }
    return drawn
  }
}
