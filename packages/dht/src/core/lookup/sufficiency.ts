/**
 * How many of the closest nodes are enough for a lookup, or for an announcement. Usually eight whose ids follow from their
 * addresses (BEP 42); where too few have such ids, sixteen of any kind. Where nodes crowd around the target far more closely
 * than around others, somebody may have placed them there to hide what is announced: then all within the usual distance,
 * so that the honest ones are among them.
 */

import { distanceShare, type NodeId } from '../id/node-id.ts'
import { K } from '../routing/routing-table.ts'

/** Whatever crowds around the target. */
const ENOUGH_MAX = 40
const ANY_MAX = 2 * K

/** The share of the space that the eight closest nodes usually take up, and below which it is a crowd. */
export interface UsualDensity {
  readonly share: number
  readonly crowdedBelow: number
}

export class Sufficiency {
  readonly #target: NodeId
  readonly #usual: UsualDensity | undefined
  #any = 0
  #secure = 0
  #isCrowded: boolean | undefined

  constructor(target: NodeId, usual: UsualDensity | undefined) {
    this.#target = target
    this.#usual = usual
  }

  /**
   * Whether a node stands in a crowd of which enough were counted already: it is neither asked nor told. Twice as many as usually stand
   * within its distance have a place beside the first sixteen, so that however large the crowd is, those beyond it have their turn.
   */
  skips(id: NodeId | undefined): boolean {
    if (!this.isCrowded || this.#usual === undefined || id === undefined) return false
    return this.#any >= ANY_MAX + Math.floor((2 * K * distanceShare(this.#target, id)) / this.#usual.share)
  }

  /** Those counted stand more closely than chance has it. */
  get isCrowded(): boolean {
    return this.#isCrowded === true
  }

  /** Counts nodes from the closest outward; true where no more are needed after this one. */
  count(id: NodeId | undefined, isSecure: boolean): boolean {
    this.#any++
    if (isSecure) this.#secure++
    if (this.#secure < K && this.#any < ANY_MAX) return false
    if (this.#usual === undefined || id === undefined || this.#any >= ENOUGH_MAX) return true
    const share = distanceShare(this.#target, id)
    this.#isCrowded ??= share < this.#usual.crowdedBelow
    return !this.#isCrowded || share >= this.#usual.share
  }
}
