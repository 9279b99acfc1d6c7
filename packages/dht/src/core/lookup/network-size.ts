/**
 * How many nodes the network has, from how close the closest ones were to the targets of our lookups: n ids spread evenly
 * leave the k-th closest at k/n of the whole space. Sums over all lookups, not means of quotients: nodes crowded around one
 * target, by chance or by an attacker, then hardly count.
 */

import { K } from '../routing/routing-table.ts'

/** Ids that answered, and the share of the space that they take up around the target: 0 to 1. */
export interface Density {
  readonly nodes: number
  readonly share: number
}

export interface NetworkSizeEstimate {
  readonly nodes: number
  /** The true number lies between these with 95% probability, as far as ids are spread evenly. */
  readonly low: number
  readonly high: number
  /** Targets that were looked up. */
  readonly samples: number
}

const SAMPLES_MAX = 64
/** Two standard deviations. */
const DEVIATIONS = 1.96
/** With so many nodes seen, crowds show more clearly. */
const SURE_FROM_NODES = 8 * K
/** The eight closest take up less than this of what is usual: by chance, once in a thousand lookups or less. */
const CROWDED_WHEN_SURE = 1 / 4
const CROWDED = 1 / 8

export class NetworkSize {
  /** By target; a target counts once, however often it is looked up. BOUNDED: SAMPLES_MAX, oldest out. */
  readonly #samples = new Map<string, Density>()

  /** `undefined`: nothing could be seen. */
  add(target: string, density: Density | undefined): void {
    if (density === undefined || density.nodes === 0 || density.share <= 0) return
    this.#samples.delete(target)
    this.#samples.set(target, density)
    if (this.#samples.size <= SAMPLES_MAX) return
    for (const oldest of this.#samples.keys()) {
      this.#samples.delete(oldest)
      return
    }
  }

  get estimate(): NetworkSizeEstimate | undefined {
    const { nodes, share } = this.#sum(undefined)
    if (nodes < 2) return undefined
    const most = (nodes - 1) / share
    const deviation = DEVIATIONS / Math.sqrt(nodes)
    // A network all of which answered is not estimated but counted.
    const counted = Math.max(...[...this.#samples.values()].map((sample) => sample.nodes))
    return {
      nodes: Math.round(Math.max(most, counted)),
      low: Math.round(Math.max(most / (1 + deviation), counted)),
      high: Math.round(Math.max(most / Math.max(1 - deviation, 0.1), counted)),
      samples: this.#samples.size,
    }
  }

  /** What is usual around another target than this one: `undefined` where we have not seen enough yet. */
  usual(target: string): { readonly share: number; readonly crowdedBelow: number } | undefined {
    const { nodes, share } = this.#sum(target)
    if (nodes < K) return undefined
    const usual = (K * share) / nodes
    return { share: usual, crowdedBelow: usual * (nodes >= SURE_FROM_NODES ? CROWDED_WHEN_SURE : CROWDED) }
  }

  #sum(without: string | undefined): Density {
    let nodes = 0
    let share = 0
    for (const [target, sample] of this.#samples) {
      if (target === without) continue
      nodes += sample.nodes
      share += sample.share
    }
    return { nodes, share }
  }
}
