/**
 * Nodes come and go as on Mainline: those that are here leave when their session is over, half of them without a word; others come, as many as
 * leave on average, and half of those were here before and still have their state file.
 */

import type { Millis, RandomSource } from '@shoal/base'
import { randomBelow, randomFraction } from '@shoal/base'
import type { DhtHost, DhtWorld } from '../dht/dht-world.ts'
import { exponential } from '../random/distributions.ts'
import { MEAN_SESSION_MS, residualSession, sessionLength } from './session-lengths.ts'

/** Derived: nobody has published how many programs are killed rather than closed, or how many nodes come back. */
const CRASH_SHARE = 0.5
const RETURNING_SHARE = 0.5

export interface ChurnInit {
  readonly dht: DhtWorld
  /** Builds somebody who was never here. */
  readonly newcomer: (random: RandomSource) => DhtHost
  /** Sessions are so many times shorter than on Mainline. */
  readonly haste?: number
  /** Nothing more happens from then on. */
  readonly until?: Millis
}

export class Churn {
  departures = 0
  arrivals = 0
  readonly #init: ChurnInit
  readonly #random: RandomSource
  readonly #haste: number
  readonly #until: Millis
  /** Those that left and may come back. BOUNDED: by the hosts of the world. */
  readonly #away: DhtHost[] = []

  constructor(init: ChurnInit) {
    this.#init = init
    this.#haste = init.haste ?? 1
    this.#until = init.until ?? Number.POSITIVE_INFINITY
    this.#random = init.dht.world.random('churn')
  }

  /** From now on the hosts that run leave one by one, and others come. */
  begin(hosts: readonly DhtHost[]): void {
    for (const host of hosts) this.#leaveAfter(host, residualSession(this.#random) / this.#haste)
    this.#arriveLater(MEAN_SESSION_MS / this.#haste / hosts.length)
  }

  #leaveAfter(host: DhtHost, ms: number): void {
    const { world } = this.#init.dht
    const isCrash = randomFraction(this.#random) < CRASH_SHARE
    if (world.now + ms > this.#until) return
    world.at(world.now + ms, () => {
      world.stop(host, isCrash ? 'crash' : 'orderly')
      this.departures++
      this.#away.push(host)
    })
  }

  /** Arrivals are a Poisson process that balances the departures. */
  #arriveLater(mean: number): void {
    const { world } = this.#init.dht
    const at = world.now + exponential(mean, this.#random)
    if (at > this.#until) return
    world.at(at, () => {
      const host = this.#returning() ?? this.#init.newcomer(this.#random)
      world.start(host)
      this.arrivals++
      this.#leaveAfter(host, sessionLength(this.#random) / this.#haste)
      this.#arriveLater(mean)
    })
  }

  #returning(): DhtHost | undefined {
    const isReturning = randomFraction(this.#random) < RETURNING_SHARE
    if (!isReturning || this.#away.length === 0) return undefined
    return this.#away.splice(randomBelow(this.#random, this.#away.length), 1)[0]
  }
}
