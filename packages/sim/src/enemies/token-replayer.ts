/** Collects write tokens, and uses them when they must not work any more (BEP 5: after ten minutes). */

import { type Endpoint, MINUTE, type Millis, type RandomSource } from '@shoal/base'
import { textAt, viewKrpc } from '../oracles/krpc-view.ts'
import type { Machine } from '../world/machine.ts'
import { krpcQuery } from './krpc-writer.ts'
import { ANNOUNCEMENT, announcementWith, type Loot } from './token-loot.ts'

/** Past the ten minutes, and long past: whoever never renews his secret takes all of them. */
const WAITS_MS: readonly Millis[] = [11 * MINUTE, 16 * MINUTE, 31 * MINUTE]
/** Keeps under the rate that honest nodes allow one address. */
const PACE_MS: Millis = 250
const QUESTION = 'gp'

interface Deed {
  readonly at: Millis
  readonly to: Endpoint
  readonly bytes: Uint8Array
}

export class TokenReplayer implements Machine<never> {
  readonly #id: Uint8Array
  readonly #loot: Loot
  /** BOUNDED: by the victims, four for each. */
  #deeds: Deed[] = []
  readonly #outbox: Deed[] = []

  constructor(random: RandomSource, loot: Loot) {
    this.#id = random.bytes(20)
    this.#loot = loot
  }

  rob(now: Millis, victims: readonly Endpoint[]): void {
    const bytes = krpcQuery({
      transaction: QUESTION,
      method: 'get_peers',
      args: { id: this.#id, info_hash: this.#id },
    })
    for (const [i, to] of victims.entries()) this.#deeds.push({ at: now + i * PACE_MS, to, bytes })
  }

  handleDatagram(now: Millis, from: Endpoint, bytes: Uint8Array): void {
    const view = viewKrpc(bytes)
    if (view?.kind !== 'answer') return
    if (view.transaction === ANNOUNCEMENT) this.#loot.accepted++
    const token = textAt(view.values, 'token')
    if (view.transaction !== QUESTION || token === undefined) return
    this.#loot.tokens.push({ victim: from, token })
    for (const wait of WAITS_MS) {
      this.#deeds.push({ at: now + wait, to: from, bytes: announcementWith(token, this.#id) })
      this.#loot.tried++
    }
  }

  handleTimeout(now: Millis): void {
    this.#outbox.push(...this.#deeds.filter(({ at }) => at <= now))
    this.#deeds = this.#deeds.filter(({ at }) => at > now)
  }

  pollTransmit(): Deed | undefined {
    return this.#outbox.shift()
  }

  pollEvent(): undefined {
    return undefined
  }

  pollTimeout(): Millis | undefined {
    return this.#deeds.reduce<Millis | undefined>((first, { at }) => Math.min(first ?? at, at), undefined)
  }
}
