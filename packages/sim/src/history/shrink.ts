/**
 * Delta debugging (Zeller and Hildebrandt 2002, ddmin): of the steps of a failed history, then of its hosts, those are left out whose
 * absence does not keep it from failing.
 */

import type { Plan } from './plan.ts'

/** What of a drawn plan takes part. */
export interface Choice {
  /** By their place in the plan; all where it is absent. */
  readonly steps: readonly number[] | undefined
  /** Hosts that do not exist. */
  readonly without: readonly string[]
}

export const ALL: Choice = { steps: undefined, without: [] }

/** Runs that may be spent on one failure. */
const RUNS_MAX = 400

export function chosen(plan: Plan, { steps, without }: Choice): Plan {
  const isThere = ({ name }: { readonly name: string }): boolean => !without.includes(name)
  return {
    ...plan,
    servers: plan.servers.filter(isThere),
    clients: plan.clients.filter(isThere),
    steps: steps === undefined ? plan.steps : plan.steps.filter((_, i) => steps.includes(i)),
  }
}

export function shrink(plan: Plan, from: Choice, isFailing: (candidate: Plan) => boolean): Choice {
  let runs = 0
  const fails = (choice: Choice): boolean => runs++ < RUNS_MAX && isFailing(chosen(plan, choice))
  let steps = leastOf(from.steps ?? [...plan.steps.keys()], (kept) => fails({ ...from, steps: kept }))
  let { without } = from
  for (const { name } of [...plan.clients, ...plan.servers]) {
    if (without.includes(name)) continue
    const fewer = { steps, without: [...without, name] }
    if (fails(fewer)) without = fewer.without
  }
  steps = leastOf(steps, (kept) => fails({ steps: kept, without }))
  return { steps, without }
}

/** A list from which no piece can go: halves first, then ever smaller pieces. */
function leastOf(all: readonly number[], isEnough: (kept: readonly number[]) => boolean): readonly number[] {
  let kept = all
  let size = Math.ceil(kept.length / 2)
  while (size >= 1 && kept.length > 0) {
    const fewer = withoutOnePiece(kept, size, isEnough)
    if (fewer !== undefined) kept = fewer
    else if (size === 1) break
    else size = Math.ceil(size / 2)
    size = Math.min(size, Math.max(1, Math.ceil(kept.length / 2)))
  }
  return kept
}

function withoutOnePiece(
  kept: readonly number[],
  size: number,
  isEnough: (kept: readonly number[]) => boolean,
): readonly number[] | undefined {
  for (let at = 0; at < kept.length; at += size) {
    const fewer = [...kept.slice(0, at), ...kept.slice(at + size)]
    if (isEnough(fewer)) return fewer
  }
  return undefined
}
