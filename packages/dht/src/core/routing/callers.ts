/**
 * Who called on us uninvited. A NAT lets us in for a while for that alone, so that such a node answers us and nobody else: whether strangers
 * reach it shows only later.
 */

import type { Millis } from '@shoal/base'
import { NAT_LIFETIME_MS } from './contact.ts'
import { RecentHosts } from './recent-hosts.ts'

/** NATs are seldom taken down. */
const UNREACHABLE_FOR_MS: Millis = 60 * 60_000

export class Callers {
  readonly #called: RecentHosts
  readonly #unreachable: RecentHosts

  constructor(now: Millis) {
    this.#called = new RecentHosts(NAT_LIFETIME_MS, now)
    this.#unreachable = new RecentHosts(UNREACHABLE_FOR_MS, now)
  }

  called(now: Millis, host: string): void {
    this.#called.add(now, host)
  }

  hasCalled(now: Millis, host: string): boolean {
    return this.#called.has(now, host)
  }

  /** It called, answered at first, and was silent when its NAT had forgotten us. */
  wasOutOfReach(now: Millis, host: string): void {
    this.#unreachable.add(now, host)
  }

  isOutOfReach(now: Millis, host: string): boolean {
    return this.#unreachable.has(now, host)
  }
}
