/** Discovery's candidates to the node, and what became of each back. */

import type { Candidate, Swarm, SwarmSession } from '@shoal/peer'
import type { Effect } from '../core/node/effects.ts'
import type { Driver } from './driver.ts'

export class SwarmLink {
  readonly #session: SwarmSession
  readonly #done: Promise<void>

  /** A server announces its port. */
  constructor(
    swarm: Swarm,
    init: { topic: string; port: number | undefined; driver: Driver; onCandidate(candidate: Candidate): void },
  ) {
    this.#session = swarm.join(init.topic, init.port === undefined ? {} : { port: init.port })
    this.#done = this.#read(init)
  }

  report(effect: Effect & { kind: 'report' }): void {
    this.#session.report(effect.endpoint, effect.outcome)
  }

  async leave(): Promise<void> {
    await this.#session.leave()
    await this.#done
  }

  async #read(init: { driver: Driver; onCandidate(candidate: Candidate): void }): Promise<void> {
    for await (const candidate of this.#session) {
      init.onCandidate(candidate)
      const { host, port } = candidate
      init.driver.input((node, now) => node.handleCandidate(now, { host, port }, 'proposed'))
    }
  }
}
