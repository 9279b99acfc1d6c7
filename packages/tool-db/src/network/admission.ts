/** How many inbound connections there may be, in all and from one corner of the world. */

import { prefixOf } from './remote-address.ts'

export interface AdmissionLimits {
  readonly connectionsMax: number
  readonly connectionsPerPrefixMax: number
}

export class Admission {
  readonly #limits: AdmissionLimits
  #total = 0
  /** BOUNDED: connectionsMax, each entry holds at least one of them. */
  readonly #perPrefix = new Map<string, number>()

  constructor(limits: AdmissionLimits) {
    this.#limits = limits
  }

  /** The way to give the place back, or `undefined` where there is none. */
  enter(host: string): (() => void) | undefined {
    if (this.#total >= this.#limits.connectionsMax) return undefined
    const prefix = prefixOf(host)
    if (prefix !== undefined) {
      const count = this.#perPrefix.get(prefix) ?? 0
      if (count >= this.#limits.connectionsPerPrefixMax) return undefined
      this.#perPrefix.set(prefix, count + 1)
    }
    this.#total++
    let left = false
    return () => {
      if (left) return
      left = true
      this.#total--
      if (prefix !== undefined) this.#leavePrefix(prefix)
    }
  }

  #leavePrefix(prefix: string): void {
    const count = this.#perPrefix.get(prefix) as number
    if (count === 1) this.#perPrefix.delete(prefix)
    else this.#perPrefix.set(prefix, count - 1)
  }
}
