/**
 * Targets that are asked about again and again: who answered last, so that the next time a few of them are asked rather than
 * walked to. They take turns, so that what some of them keep back the others tell.
 */

import { MINUTE, type Millis } from '@shoal/base'
import { idKey, type NodeId, nodeIdBytes } from '../id/node-id.ts'
import { K } from '../routing/routing-table.ts'
import type { KnownCandidate, Lookup } from './lookup.ts'

const TARGETS_MAX = 64
/** Nodes come and go, and those who put an item walk to the closest that there are then. */
export const WALK_EVERY_MS: Millis = 10 * MINUTE

interface Visits {
  /** BOUNDED: the closest nodes of one walk. */
  nodes: readonly KnownCandidate[]
  walkedAt: Millis
  turn: number
}

export class ReturnVisits {
  /** BOUNDED: TARGETS_MAX, the one that was asked about longest ago out. */
  readonly #targets = new Map<string, Visits>()

  /** Whom to ask; `undefined` where it takes a walk, whose end is remembered. */
  take(now: Millis, target: NodeId): readonly KnownCandidate[] | undefined {
    const key = keyOf(target)
    const visits = this.#targets.get(key) ?? { nodes: [], walkedAt: now, turn: 0 }
    this.#targets.delete(key)
    if (this.#targets.size >= TARGETS_MAX) this.#forgetOldest()
    this.#targets.set(key, visits)
    // Of so few the walk may have begun before others were known; and where there are no others it costs no more.
    if (visits.nodes.length < K || now - visits.walkedAt >= WALK_EVERY_MS) return undefined
    const turn = visits.turn++ % 2
    return visits.nodes.filter((_, i) => i % 2 === turn)
  }

  handleWalked(now: Millis, lookup: Lookup): void {
    const visits = this.#targets.get(keyOf(lookup.target))
    if (visits === undefined) return
    visits.walkedAt = now
    visits.nodes = lookup.closest().flatMap(({ id, address }) => (id === undefined ? [] : [{ id, address }]))
  }

  /** Where half of those that were asked are gone, a walk finds others. */
  handleVisited(now: Millis, lookup: Lookup): void {
    const { queried, answered } = lookup.summary(now)
    const visits = this.#targets.get(keyOf(lookup.target))
    if (visits !== undefined && answered * 2 <= queried) visits.nodes = []
  }

  #forgetOldest(): void {
    const oldest = this.#targets.keys().next()
    if (!oldest.done) this.#targets.delete(oldest.value)
  }
}

function keyOf(target: NodeId): string {
  return idKey(nodeIdBytes(target), 0)
}
