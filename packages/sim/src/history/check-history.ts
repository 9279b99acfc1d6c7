/** One seed, checked: held, or broken and shrunk to what it takes. */

import { HistoryFailure } from './check.ts'
import { drawPlan } from './draw-plan.ts'
import type { Plan } from './plan.ts'
import { type HistoryReport, runHistory } from './run-history.ts'
import { ALL, type Choice, chosen, shrink } from './shrink.ts'

export type CheckedHistory =
  | { readonly kind: 'held'; readonly plan: Plan; readonly report: HistoryReport }
  | {
      readonly kind: 'broken'
      /** As it was drawn. */
      readonly whole: Plan
      /** What is left of it, and how that fails. */
      readonly plan: Plan
      readonly choice: Choice
      readonly failure: HistoryFailure
    }

export function checkHistory(
  seed: number,
  { choice = ALL, isShrunk = true }: { readonly choice?: Choice; readonly isShrunk?: boolean } = {},
): CheckedHistory {
  const whole = drawPlan(seed)
  const plan = chosen(whole, choice)
  const first = failureOf(plan)
  if (!(first instanceof HistoryFailure)) return { kind: 'held', plan, report: first }
  if (!isShrunk) return { kind: 'broken', whole, plan, choice, failure: first }
  const shrunk = shrink(whole, choice, (candidate) => isSame(failureOf(candidate), first))
  const least = chosen(whole, shrunk)
  const failure = failureOf(least)
  return {
    kind: 'broken',
    whole,
    plan: least,
    choice: shrunk,
    failure: failure instanceof HistoryFailure ? failure : first,
  }
}

function failureOf(plan: Plan): HistoryFailure | HistoryReport {
  try {
    return runHistory(plan)
  } catch (error) {
    if (error instanceof HistoryFailure) return error
    throw error
  }
}

function isSame(outcome: HistoryFailure | HistoryReport, first: HistoryFailure): boolean {
  return outcome instanceof HistoryFailure && outcome.check === first.check
}
