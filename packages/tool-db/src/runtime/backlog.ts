/**
 * What waits to be sent to those who don't read, all of them together: each may have its buffer, but a thousand strangers
 * may not have a thousand full ones. Beyond the sum the largest is given up.
 */

import type { Millis } from '@shoal/base'

/** Less than this is no backlog. */
const LAG_SIZE_MIN = 262_144
/** What comes in between is little, and looking costs time. */
const LOOK_EVERY: Millis = 50

export interface Lagging {
  readonly backlog: number
}

export class Backlog<T> {
  readonly #sizeMax: number
  /** BOUNDED: by the channels. */
  readonly #lagging = new Map<T, Lagging>()
  #lookedAt: Millis = Number.NEGATIVE_INFINITY

  constructor(init: { readonly sizeMax: number }) {
    this.#sizeMax = init.sizeMax
  }

  /** After something was sent on it: the channels that are to be given up. */
  note(now: Millis, id: T, channel: Lagging): readonly T[] {
    if (channel.backlog < LAG_SIZE_MIN) return []
    this.#lagging.set(id, channel)
    if (now >= this.#lookedAt && now < this.#lookedAt + LOOK_EVERY) return []
    this.#lookedAt = now
    return this.#overdrawn()
  }

  remove(id: T): void {
    this.#lagging.delete(id)
  }

  #overdrawn(): readonly T[] {
    let total = 0
    const sizes: [id: T, size: number][] = []
    for (const [id, channel] of this.#lagging) {
      const size = channel.backlog
      if (size < LAG_SIZE_MIN) {
        this.#lagging.delete(id)
        continue
      }
      total += size
      sizes.push([id, size])
    }
    if (total <= this.#sizeMax) return []
    const givenUp: T[] = []
    for (const [id, size] of sizes.sort((a, b) => b[1] - a[1])) {
      if (total <= this.#sizeMax) break
      total -= size
      givenUp.push(id)
    }
    return givenUp
  }
}
