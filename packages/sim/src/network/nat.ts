/**
 * A network address translator in front of one host, by the four classic kinds (RFC 3489) and one that lets no UDP through. A
 * mapping lives as long as the host sends through it (RFC 4787, REQ-6: traffic from inside refreshes it).
 */

import { type Endpoint, formatEndpoint, type Millis, type RandomSource, randomBelow } from '@shoal/base'

export type NatKind = 'none' | 'full-cone' | 'restricted' | 'port-restricted' | 'symmetric' | 'udp-blocked'

/** RFC 4787, REQ-5: two minutes at least, five are recommended; homes have the former. */
export const MAPPING_LIFETIME_MS: Millis = 120_000
/** Where more partners are open than that, those that expired are cleared away. */
const SWEEP_FROM = 512
const FIRST_PORT = 1_024

interface Hole {
  /** Port outside. */
  port: number
  usedAt: Millis
}

export class Nat {
  readonly kind: Exclude<NatKind, 'none'>
  readonly #random: RandomSource
  readonly #lifetime: Millis
  /** The one mapping of a cone. */
  #cone: Hole = { port: 0, usedAt: Number.NEGATIVE_INFINITY }
  /** By partner (host, or endpoint, as the kind has it). BOUNDED: swept by age from SWEEP_FROM on. */
  readonly #holes = new Map<string, Hole>()
  #sweepFrom = SWEEP_FROM

  constructor(kind: Exclude<NatKind, 'none'>, random: RandomSource, lifetime: Millis = MAPPING_LIFETIME_MS) {
    this.kind = kind
    this.#random = random
    this.#lifetime = lifetime
  }

  /** The host sends: the port that the datagram has outside, or `undefined` where it does not get through. */
  outbound(now: Millis, to: Endpoint): number | undefined {
    if (this.kind === 'udp-blocked') return undefined
    const partner = this.#partner(to)
    if (this.kind === 'symmetric') return this.#use(now, partner, () => this.#newPort())
    if (!this.#isLive(now, this.#cone)) {
      this.#holes.clear()
      this.#cone = { port: this.#newPort(), usedAt: now }
    }
    this.#cone.usedAt = now
    const { port } = this.#cone
    if (this.kind !== 'full-cone') this.#use(now, partner, () => port)
    return port
  }

  /** Somebody sends to this port outside: whether it reaches the host. */
  inbound(now: Millis, from: Endpoint, port: number): boolean {
    if (this.kind === 'udp-blocked') return false
    if (this.kind !== 'symmetric' && (!this.#isLive(now, this.#cone) || this.#cone.port !== port)) return false
    if (this.kind === 'full-cone') return true
    const hole = this.#holes.get(this.#partner(from))
    return hole !== undefined && hole.port === port && this.#isLive(now, hole)
  }

  /** It was switched off and on, or its lease is another: all mappings are gone. */
  reset(): void {
    this.#cone = { port: 0, usedAt: Number.NEGATIVE_INFINITY }
    this.#holes.clear()
  }

  #partner(endpoint: Endpoint): string {
    return this.kind === 'restricted' ? endpoint.host : formatEndpoint(endpoint)
  }

  #use(now: Millis, partner: string, newPort: () => number): number {
    const known = this.#holes.get(partner)
    if (known !== undefined && this.#isLive(now, known)) {
      known.usedAt = now
      return known.port
    }
    const hole = { port: newPort(), usedAt: now }
    this.#holes.set(partner, hole)
    if (this.#holes.size >= this.#sweepFrom) this.#sweep(now)
    return hole.port
  }

  #sweep(now: Millis): void {
    for (const [partner, hole] of this.#holes) if (!this.#isLive(now, hole)) this.#holes.delete(partner)
    this.#sweepFrom = Math.max(SWEEP_FROM, 2 * this.#holes.size)
  }

  #isLive(now: Millis, hole: Hole): boolean {
    return now - hole.usedAt < this.#lifetime
  }

  #newPort(): number {
    return FIRST_PORT + randomBelow(this.#random, 65_536 - FIRST_PORT)
  }
}
