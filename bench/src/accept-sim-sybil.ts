/** Sixty-four ids around an info hash, while half of the honest have ids that do not follow from their addresses. */
import { figureOf } from './figures.ts'
import { simulate } from './sim-run.ts'
import { type AcceptOptions, atLeast, type Verdict } from './verdict.ts'

const SUCCESS_MIN = 0.95

export async function acceptSimSybil({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const run = await simulate('sybil', { nodes: quick ? 500 : 2_000, hours: quick ? 0.02 : 0.1, seed: 1 })
  log(
    `without the defence: ${run.figure('validIdsWithoutDefence.success')} and ${run.figure('invalidIdsWithoutDefence.success')}`,
  )
  return [
    atLeast(SUCCESS_MIN, '', 'found though 64 valid ids are closer', figureOf([run.figure('validIds.success')])),
    atLeast(SUCCESS_MIN, '', 'found though 64 invalid ids are closer', figureOf([run.figure('invalidIds.success')])),
  ]
}
