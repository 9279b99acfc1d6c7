/** Sends queries to one node as fast as it is told to, and listens to nothing. */

import { type Endpoint, type Millis, SECOND } from '@shoal/base'
import type { Environment, Program } from '../world/machine.ts'
import { Enemy } from './enemy.ts'

const BURSTS_PER_SECOND = 20

export class Flooder extends Enemy {
  readonly #victim: Endpoint
  readonly #perBurst: number
  sent = 0

  constructor(environment: Environment, init: { victim: Endpoint; perSecond: number }) {
    super(environment)
    this.#victim = init.victim
    this.#perBurst = Math.max(Math.round(init.perSecond / BURSTS_PER_SECOND), 1)
    this.#burst(environment.now)
  }

  #burst(now: Millis): void {
    for (let i = 0; i < this.#perBurst; i++) {
      this.ask(this.#victim, 'get_peers', { id: this.text(20), info_hash: this.text(20) })
      this.sent++
    }
    const next = now + SECOND / BURSTS_PER_SECOND
    this.after(next, () => this.#burst(next))
  }
}

export function flooderProgram(victim: Endpoint, perSecond: number): Program<Flooder> {
  return { create: (environment) => new Flooder(environment, { victim, perSecond }) }
}
