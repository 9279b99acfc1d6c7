/** What a lookup costs grows with the logarithm of the network: messages at ten thousand nodes against those at a thousand. */
import { figureOf } from './figures.ts'
import { simulate } from './sim-run.ts'
import { type AcceptOptions, atMost, type Verdict } from './verdict.ts'

const GROWTH_MAX = 1.6

export async function acceptSimGrowth({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const [small, large] = quick ? [200, 2_000] : [1_000, 10_000]
  const queries: number[] = []
  for (const nodes of [small, large]) {
    const run = await simulate('steady-state', { nodes, hours: 0.2, seed: 1 })
    queries.push(run.figure('queries.mean'))
    log(`${nodes} nodes: ${queries.at(-1)} queries a lookup`)
  }
  const growth = (queries[1] as number) / (queries[0] as number)
  return [atMost(GROWTH_MAX, 'times', `queries of a lookup, ${large} nodes against ${small}`, figureOf([growth]))]
}
