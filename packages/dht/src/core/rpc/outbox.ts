/** Datagrams that wait for the driver, which drains them after every input. */

import type { Endpoint } from '@shoal/base'
import { KrpcWriter } from '../krpc/writer.ts'

export interface Transmit {
  readonly to: Endpoint
  readonly bytes: Uint8Array
}

export class Outbox {
  readonly #writer = new KrpcWriter()
  /**
   * From #head to #tail; the places are used again, because to shorten an array and fill it anew costs more than an answer.
   * BOUNDED: by what one input can cause (the queries that may be in flight, and one answer), since the driver drains it.
   */
  readonly #waiting: (Transmit | undefined)[] = []
  #head = 0
  #tail = 0

  /** Begins a datagram; `commit` sends it. */
  begin(): KrpcWriter {
    this.#writer.begin()
    return this.#writer
  }

  commit(to: Endpoint): void {
    this.#waiting[this.#tail++] = { to, bytes: this.#writer.end() }
  }

  poll(): Transmit | undefined {
    if (this.#head === this.#tail) {
      this.#head = 0
      this.#tail = 0
      return undefined
    }
    const transmit = this.#waiting[this.#head]
    this.#waiting[this.#head++] = undefined
    return transmit
  }
}
