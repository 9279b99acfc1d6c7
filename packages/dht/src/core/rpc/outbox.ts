/** Datagrams that wait for the driver, which drains them after every input. */

import type { Endpoint } from '@shoal/base'
import { KrpcWriter } from '../krpc/writer.ts'

export interface Transmit {
  readonly to: Endpoint
  readonly bytes: Uint8Array
}

export class Outbox {
  readonly #writer = new KrpcWriter()
  /** BOUNDED: by what one input can cause (the queries that may be in flight, and one answer), since the driver drains it. */
  readonly #waiting: Transmit[] = []
  #head = 0

  /** Begins a datagram; `commit` sends it. */
  begin(): KrpcWriter {
    this.#writer.begin()
    return this.#writer
  }

  commit(to: Endpoint): void {
    this.#waiting.push({ to, bytes: this.#writer.end() })
  }

  poll(): Transmit | undefined {
    const transmit = this.#waiting[this.#head]
    if (transmit === undefined) {
      if (this.#head > 0) {
        this.#waiting.length = 0
        this.#head = 0
      }
      return undefined
    }
    this.#head++
    return transmit
  }
}
