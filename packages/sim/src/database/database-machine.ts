/** The database node in the shape of a machine of the world. It speaks over connections and not by datagrams; its effects come out as events. */

import { HOUR, MINUTE, type Millis } from '@shoal/base'
import { nobleEngine, nobleVerifyEd25519 } from '@shoal/peer'
import { DatabaseNode, DEFAULT_LIMITS, type Effect, type NodeConfig, type NodeEvent } from '@shoal/tool-db/core'
import type { Environment, Machine } from '../world/machine.ts'
import { sha256 } from './sha-256.ts'

/** Between two comparisons of servers that are connected all the time. */
const SYNC_INTERVAL: Millis = MINUTE
/** Longer than any history. */
const HORIZON: Millis = 24 * HOUR
/** Of a core that nothing takes long on: as outside. */
const SCRUB = 0.02

export type DatabaseOutput =
  | { readonly kind: 'effect'; readonly effect: Effect }
  | { readonly kind: 'event'; readonly event: NodeEvent }

export class DatabaseMachine implements Machine<DatabaseOutput> {
  readonly node: DatabaseNode
  /** BOUNDED: drained after every input. */
  readonly #outputs: DatabaseOutput[] = []
  #read = 0

  constructor({ random }: Environment, config: NodeConfig) {
    this.node = new DatabaseNode(config, {
      random,
      sha256,
      limits: DEFAULT_LIMITS,
      noise: nobleEngine(random),
      verifyEd25519: nobleVerifyEd25519,
      sync: { interval: SYNC_INTERVAL, horizon: HORIZON, scrub: SCRUB },
    })
  }

  handleDatagram(): void {}

  handleTimeout(now: Millis): void {
    this.node.handleTimeout(now)
  }

  pollTransmit(): undefined {
    return undefined
  }

  pollEvent(): DatabaseOutput | undefined {
    if (this.#read >= this.#outputs.length) {
      this.#outputs.length = 0
      this.#read = 0
      for (const effect of this.node.takeEffects()) this.#outputs.push({ kind: 'effect', effect })
      for (const event of this.node.takeEvents()) this.#outputs.push({ kind: 'event', event })
    }
    return this.#outputs[this.#read++]
  }

  /** Clocks of programs show whole milliseconds. */
  pollTimeout(): Millis | undefined {
    const at = this.node.pollTimeout()
    return at === undefined ? undefined : Math.ceil(at)
  }
}
