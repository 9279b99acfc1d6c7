/** Looks for nodes that answer at length: asks everybody in turn for a popular info hash, with the shortest question there is. */

import type { Endpoint, Millis, RandomSource } from '@shoal/base'
import type { Machine } from '../world/machine.ts'
import { krpcQuery } from './krpc-writer.ts'

/** Keeps under the rate that honest nodes allow one address. */
const PACE_MS: Millis = 100

export interface AmplifierOptions {
  readonly victims: readonly Endpoint[]
  readonly infoHash: Uint8Array
}

export class Amplifier implements Machine<never> {
  bytesSent = 0
  bytesReceived = 0
  readonly #question: Uint8Array
  readonly #victims: readonly Endpoint[]
  #asked = 0
  #isDue = false
  #wakeAt: Millis

  constructor(now: Millis, random: RandomSource, { victims, infoHash }: AmplifierOptions) {
    const args = { id: random.bytes(20), info_hash: infoHash }
    this.#question = krpcQuery({ transaction: 'a', method: 'get_peers', args })
    this.#victims = victims
    this.#wakeAt = now
  }

  handleDatagram(_now: Millis, _from: Endpoint, bytes: Uint8Array): void {
    this.bytesReceived += bytes.length
  }

  handleTimeout(now: Millis): void {
    this.#isDue = true
    this.#wakeAt = now + PACE_MS
  }

  pollTransmit(): { readonly to: Endpoint; readonly bytes: Uint8Array } | undefined {
    const to = this.#victims[this.#asked % this.#victims.length]
    if (!this.#isDue || to === undefined) return undefined
    this.#isDue = false
    this.#asked++
    this.bytesSent += this.#question.length
    return { to, bytes: this.#question }
  }

  pollEvent(): undefined {
    return undefined
  }

  pollTimeout(): Millis {
    return this.#wakeAt
  }
}
