/** The last events of a run, for whoever has to find out what went wrong. */

import type { Endpoint, Millis } from '@shoal/base'
import type { Fate } from '../world/observer.ts'
import { describeKrpc, type KrpcView } from './krpc-view.ts'

const KEPT = 8_192

interface RecentEvent {
  readonly at: Millis
  readonly host: string
  readonly what: 'sends to' | 'is handed from' | Fate
  readonly other: Endpoint | undefined
  readonly view: KrpcView | undefined
}

export class RecentEvents {
  /** BOUNDED: KEPT, oldest out. */
  readonly #events: RecentEvent[] = []
  #next = 0

  add(event: RecentEvent): void {
    this.#events[this.#next] = event
    this.#next = (this.#next + 1) % KEPT
  }

  /** The last `count` lines that have to do with this host, or with one of these endpoints. */
  around(host: string, count: number): string[] {
    const inOrder = [...this.#events.slice(this.#next), ...this.#events.slice(0, this.#next)]
    return inOrder
      .filter((event) => event.host === host)
      .slice(-count)
      .map(({ at, what, other, view }) => {
        const whom = other === undefined ? '' : ` ${other.host}:${other.port}: ${describeKrpc(view)}`
        return `${(at / 1_000).toFixed(3).padStart(12)} s  ${host} ${what}${whom}`
      })
  }
}
