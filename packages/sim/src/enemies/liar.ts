/** Nodes that answer, and not the truth. Each kind lies in one way, so that a failure says which. */

import type { Endpoint, Millis } from '@shoal/base'
import type { Environment, Program } from '../world/machine.ts'
import { compactNode, compactPeer, Enemy, near, type Query } from './enemy.ts'

/**
 * garbage: bytes that are no answer; far: contacts as far away as can be, who do not exist; itself: itself by many ids, next to
 * whatever is wanted; late: an honest empty answer after ten seconds; never: nothing at all; peers: peers that nobody announced.
 */
export type Lie = 'garbage' | 'far' | 'itself' | 'late' | 'never' | 'peers'

export const LIES: readonly Lie[] = ['garbage', 'far', 'itself', 'late', 'never', 'peers']

const LATE_MS: Millis = 10_000
/** Peers that nobody announced have ports that nobody in a world announces, so that they are known when they are met. */
export const FORGED_PORT = 66

export class Liar extends Enemy {
  readonly #lie: Lie
  readonly #id: string

  constructor(environment: Environment, lie: Lie) {
    super(environment)
    this.#lie = lie
    this.#id = this.text(20)
  }

  protected override handleQuery(now: Millis, query: Query): void {
    const token = 'aaaa'
    const id = this.#id
    const eight = Array.from({ length: 8 })
    switch (this.#lie) {
      case 'never':
        break
      case 'garbage':
        this.send(query.from, this.random.bytes(1 + (this.random.uint32() % 200)))
        break
      case 'late':
        this.after(now + LATE_MS, () => this.answer(query, { id, token, nodes: '' }))
        break
      case 'far': {
        const nodes = eight.map(() => compactNode(near(opposite(query.target), 1, this.text(19)), this.#nobody()))
        this.answer(query, { id, token, nodes: nodes.join('') })
        break
      }
      case 'itself': {
        const nodes = eight.map((_, i) => compactNode(near(query.target, 18, this.text(2)), this.#alias(i)))
        this.answer(query, { id: near(query.target, 18, this.text(2)), token, nodes: nodes.join('') })
        break
      }
      case 'peers': {
        const values = eight.map(() => compactPeer({ ...this.#nobody(), port: FORGED_PORT }))
        this.answer(query, { id, token, nodes: '', values })
      }
    }
  }

  #alias(i: number): Endpoint {
    return { host: this.bound.host, port: this.bound.port + i }
  }

  #nobody(): Endpoint {
    const [a = 0, b = 0, c = 0] = this.random.bytes(3)
    return { host: `45.${a}.${b}.${1 + (c % 254)}`, port: 6_881 }
  }
}

function opposite(target: string): string {
  return String.fromCharCode(...Array.from(target, (character) => ~character.charCodeAt(0) & 0xff))
}

export function liarProgram(lie: Lie): Program<Liar> {
  return { create: (environment) => new Liar(environment, lie) }
}
