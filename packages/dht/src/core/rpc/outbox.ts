/** Datagrams that wait for the driver, which drains them after every input. */

import type { Endpoint } from '@shoal/base'
import { KrpcWriter } from '../krpc/writer.ts'

export interface Transmit {
  readonly to: Endpoint
  readonly bytes: Uint8Array
}

/** One for all engines of a process: a message is begun and ended within one call, and ten thousand engines need no ten thousand blocks. */
const WRITER = new KrpcWriter()

export class Outbox {
  /**
   * From #head to #tail; the places are used again, because to shorten an array and fill it anew costs more than an answer.
   * BOUNDED: by what one input can cause (the queries that may be in flight, and one answer), since the driver drains it.
   */
  readonly #waiting: (Transmit | undefined)[] = []
  #head = 0
  #tail = 0

  /** Begins a datagram; `commit` sends it. */
  begin(): KrpcWriter {
    WRITER.begin()
    return WRITER
  }

  commit(to: Endpoint): void {
    this.#waiting[this.#tail++] = { to, bytes: WRITER.end() }
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
