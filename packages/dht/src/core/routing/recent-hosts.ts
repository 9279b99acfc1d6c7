/** Hosts (or endpoints) of which something was true lately: kept in two generations, so that remembering and forgetting cost one step each. */

import type { Millis } from '@shoal/base'

/** Of one generation; a fuller one ends early. */
const HOSTS_MAX = 4_096

export class RecentHosts {
  /** Kept at least so long, and at most twice, unless there are too many. */
  readonly #keptFor: Millis
  #endsAt: Millis
  /** BOUNDED: HOSTS_MAX. */
  #young = new Set<string>()
  /** BOUNDED: HOSTS_MAX. */
  #old = new Set<string>()

  constructor(keptFor: Millis, now: Millis) {
    this.#keptFor = keptFor
    this.#endsAt = now + keptFor
  }

  add(now: Millis, host: string): void {
    this.#turn(now)
    if (this.#young.size >= HOSTS_MAX) this.#age(now)
    this.#young.add(host)
  }

  has(now: Millis, host: string): boolean {
    this.#turn(now)
    return this.#young.has(host) || this.#old.has(host)
  }

  #turn(now: Millis): void {
    if (now < this.#endsAt) return
    const isLongPast = now >= this.#endsAt + this.#keptFor
    this.#age(now)
    if (isLongPast) this.#old.clear()
  }

  #age(now: Millis): void {
    const old = this.#old
    old.clear()
    this.#old = this.#young
    this.#young = old
    this.#endsAt = now + this.#keptFor
  }
}
