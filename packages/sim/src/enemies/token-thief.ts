/** Uses write tokens at once that were given to somebody else: they must work for that address alone (BEP 5). */

import type { Endpoint, Millis, RandomSource } from '@shoal/base'
import { viewKrpc } from '../oracles/krpc-view.ts'
import type { Machine } from '../world/machine.ts'
import { ANNOUNCEMENT, announcementWith, type Loot } from './token-loot.ts'

const PACE_MS: Millis = 250

export class TokenThief implements Machine<never> {
  readonly #id: Uint8Array
  readonly #loot: Loot
  readonly #outbox: { readonly to: Endpoint; readonly bytes: Uint8Array }[] = []
  #used = 0
  #wakeAt: Millis

  constructor(now: Millis, random: RandomSource, loot: Loot) {
    this.#id = random.bytes(20)
    this.#loot = loot
    this.#wakeAt = now + PACE_MS
  }

  handleDatagram(_now: Millis, _from: Endpoint, bytes: Uint8Array): void {
    const view = viewKrpc(bytes)
    if (view?.kind === 'answer' && view.transaction === ANNOUNCEMENT) this.#loot.accepted++
  }

  handleTimeout(now: Millis): void {
    this.#wakeAt = now + PACE_MS
    const next = this.#loot.tokens[this.#used]
    if (next === undefined) return
    this.#used++
    this.#loot.tried++
    this.#outbox.push({ to: next.victim, bytes: announcementWith(next.token, this.#id) })
  }

  pollTransmit(): { readonly to: Endpoint; readonly bytes: Uint8Array } | undefined {
    return this.#outbox.shift()
  }

  pollEvent(): undefined {
    return undefined
  }

  pollTimeout(): Millis {
    return this.#wakeAt
  }
}
