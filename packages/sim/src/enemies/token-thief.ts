<<<<<<< HEAD
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
=======
/**
 * Two who try to announce with a token that is not theirs: the scout asks for tokens and passes them on, the thief announces with
 * them from his own address, at once and again when they have long expired. Whoever stores such a peer has a hole.
 */

import { type Endpoint, MINUTE, type Millis } from '@shoal/base'
import type { Environment, Program } from '../world/machine.ts'
import type { Bencoded } from './bencode.ts'
import { Enemy } from './enemy.ts'

/** Peers announced with stolen tokens have this port, so that they are known when they are met. */
export const STOLEN_PORT = 67
const EXPIRED_AFTER_MS: Millis = 16 * MINUTE

export interface Loot {
  readonly victims: readonly Endpoint[]
  /** 20 characters. */
  readonly infoHash: string
  /** By victim, `host:port`. BOUNDED: by the victims. */
  readonly tokens: Map<string, string>
}

export class TokenScout extends Enemy {
  readonly #loot: Loot

  constructor(environment: Environment, loot: Loot) {
    super(environment)
    this.#loot = loot
    const id = this.text(20)
    for (const victim of loot.victims) this.ask(victim, 'get_peers', { id, info_hash: loot.infoHash })
    // Its own token is its own to use, though not when it is old.
    this.after(environment.now + EXPIRED_AFTER_MS, () => this.#announce(id))
  }

  #announce(id: string): void {
    for (const victim of this.#loot.victims) {
      const token = this.#loot.tokens.get(`${victim.host}:${victim.port}`)
      if (token === undefined) continue
      this.ask(victim, 'announce_peer', { id, info_hash: this.#loot.infoHash, port: STOLEN_PORT, token })
    }
  }

  protected override handleAnswer(_now: Millis, from: Endpoint, { token }: { readonly [key: string]: Bencoded }): void {
    if (typeof token === 'string') this.#loot.tokens.set(`${from.host}:${from.port}`, token)
  }
}

export class TokenThief extends Enemy {
  readonly #loot: Loot
  readonly #id: string
  announced = 0

  constructor(environment: Environment, loot: Loot) {
    super(environment)
    this.#loot = loot
    this.#id = this.text(20)
    this.#announce(environment.now)
  }

  #announce(now: Millis): void {
    for (const victim of this.#loot.victims) {
      const token = this.#loot.tokens.get(`${victim.host}:${victim.port}`)
      if (token === undefined) continue
      this.announced++
      this.ask(victim, 'announce_peer', { id: this.#id, info_hash: this.#loot.infoHash, port: STOLEN_PORT, token })
    }
    const next = now + MINUTE
    this.after(next, () => this.#announce(next))
  }
}

export function scoutProgram(loot: Loot): Program<TokenScout> {
  return { create: (environment) => new TokenScout(environment, loot) }
}

export function thiefProgram(loot: Loot): Program<TokenThief> {
  return { create: (environment) => new TokenThief(environment, loot) }
}
>>>>>>> c81d5f5 (Ask once more where everything hangs on one datagram; sim: enemies, and scenarios of what goes wrong)
