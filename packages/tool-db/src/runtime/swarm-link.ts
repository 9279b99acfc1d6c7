/**
 * Discovery's candidates to the node, and what became of each back. One is taken when there is room to dial it, and no sooner: whose
 * turn it is, discovery decides best at the last moment, when it has heard of more.
 */

import { formatEndpoint } from '@shoal/base'
import type { Candidate, Swarm, SwarmSession, Topic } from '@shoal/peer'
import type { SwarmEffect } from '../core/node/effects.ts'
import type { Driver } from './driver.ts'

/** Taken beyond what is dialled at once, so that the node sees that others wait. */
const WAITING_MAX = 8

export interface SwarmLinkInit {
  readonly topic: Topic
  readonly port: number | undefined
  readonly driver: Driver
  readonly dialsMax: number
  onCandidate(candidate: Candidate): void
}

export class SwarmLink {
  readonly #init: SwarmLinkInit
  readonly #session: SwarmSession
  #done: Promise<void> | undefined
  /** Candidates that nothing was reported of yet. BOUNDED: dialsMax and WAITING_MAX. */
  readonly #untried = new Set<string>()
  #onRoom: (() => void) | undefined

  /** A server announces its port. */
  constructor(swarm: Swarm, init: SwarmLinkInit) {
    const { topic, port } = init
    this.#init = init
    this.#session = swarm.join(topic.kind === 'plain' ? topic.name : topic, port === undefined ? {} : { port })
  }

  /** From now on the node hears of it, and may have something to say to it. */
  begin(): void {
    const { driver } = this.#init
    this.#session.watchRoster?.((roster) => driver.input((node, now) => node.handleTopicRoster(now, roster)))
    this.#done = this.#read()
  }

  handle(effect: SwarmEffect): void {
    switch (effect.kind) {
      case 'report':
        this.#session.report(effect.endpoint, effect.outcome)
        if (this.#untried.delete(formatEndpoint(effect.endpoint))) this.#onRoom?.()
        return
      case 'roster':
        this.#session.offerRoster?.(effect.roster)
        return
      case 'announce':
        if (this.#init.port !== undefined) this.#session.announce?.(effect.on)
    }
  }

  async leave(): Promise<void> {
    const left = this.#session.leave()
    this.#onRoom?.()
    await left
    await this.#done
  }

  async #read(): Promise<void> {
    const { driver, dialsMax, onCandidate } = this.#init
    for await (const candidate of this.#session) {
      onCandidate(candidate)
      const { host, port } = candidate
      this.#untried.add(formatEndpoint(candidate))
      driver.input((node, now) => node.handleCandidate(now, { host, port }, 'proposed'))
      if (this.#untried.size >= dialsMax + WAITING_MAX) await this.#room()
    }
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#onRoom = () => {
        this.#onRoom = undefined
        resolve()
      }
    })
  }
}
