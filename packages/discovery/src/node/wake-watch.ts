/**
 * Has this machine slept, or is it on another network? Nobody tells a program. The wall clock that runs ahead of the monotonic one
 * (which stands still in sleep) tells of the one, other addresses of our own of the other; both cost a look every few seconds and no packet.
 */

import { networkInterfaces } from 'node:os'
import { type Millis, SECOND } from '@shoal/base'

const LOOK_EVERY_MS: Millis = 3 * SECOND
/** Less is a clock that was set, or a process that was busy. */
const SLEPT_MS: Millis = 15 * SECOND

export type WakeReason = 'slept' | 'addresses'

export interface Surroundings {
  wallNow(): Millis
  monotonicNow(): Millis
  /** Every address of this machine that leads out of it. */
  addresses(): readonly string[]
}

export class WakeWatch {
  readonly #surroundings: Surroundings
  readonly #onWake: (reason: WakeReason) => void
  readonly #timer: NodeJS.Timeout
  #ahead: Millis
  #addresses: string

  constructor(onWake: (reason: WakeReason) => void, surroundings: Surroundings = OURS) {
    this.#surroundings = surroundings
    this.#onWake = onWake
    this.#ahead = this.#aheadNow()
    this.#addresses = this.#addressesNow()
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS)
    this.#timer.unref()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const ahead = this.#aheadNow()
    const addresses = this.#addressesNow()
    const hasSlept = ahead - this.#ahead >= SLEPT_MS
    // Addresses that are merely gone are no network to look into; they come back, or others do.
    const hasMoved = addresses !== this.#addresses && addresses !== ''
    this.#ahead = ahead
    this.#addresses = addresses
    if (hasSlept) this.#onWake('slept')
    else if (hasMoved) this.#onWake('addresses')
  }

  #aheadNow(): Millis {
    return this.#surroundings.wallNow() - this.#surroundings.monotonicNow()
  }

  #addressesNow(): string {
    return [...this.#surroundings.addresses()].sort().join(' ')
  }
}

const OURS: Surroundings = {
  wallNow: () => Date.now(),
  monotonicNow: () => performance.now(),
  addresses: () =>
    Object.values(networkInterfaces()).flatMap((list) =>
      (list ?? []).flatMap(({ internal, address }) => (internal ? [] : [address])),
    ),
}
