/** How soon the first peer is there, in median round trips of the dataset, after a warm and after a cold start; and whether it is found at all. */
import { figureOf } from './figures.ts'
import { simulate } from './sim-run.ts'
import { type AcceptOptions, atLeast, atMost, type Verdict } from './verdict.ts'

const SUCCESS_MIN = 0.999

export async function acceptSimFirstPeer({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const nodes = quick ? 1_000 : 10_000
  const warm = await simulate('warm-start', { nodes, hours: quick ? 0.1 : 0.5, seed: 1 })
  log(`warm: ${warm.figure('lookups')} lookups, first peer after ${warm.figure('firstPeerMs.p50')} ms (p50)`)
  const cold = await simulate('cold-start', { nodes, hours: quick ? 0.1 : 0.3, seed: 1 })
  log(`cold: ${cold.figure('lookups')} lookups, first peer after ${cold.figure('firstPeerMs.p50')} ms (p50)`)
  const settled = await simulate('churn', { nodes: 1_000, hours: quick ? 0.25 : 2, seed: 1 })
  log(`churn: ${settled.figure('lookups')} lookups`)
  const trips = 'median round trips'
  const inTrips = (run: typeof warm, share: string) => figureOf([run.figure(`firstPeerInRoundTrips.${share}`)])
  return [
    atMost(3, trips, 'warm start, time to first peer, p50', inTrips(warm, 'p50')),
    atMost(10, trips, 'warm start, time to first peer, p95', inTrips(warm, 'p95')),
    atMost(30, trips, 'cold start with one bootstrap node, time to first peer, p95', inTrips(cold, 'p95')),
    atLeast(
      SUCCESS_MIN,
      '',
      'warm start, lookups that found a peer of a minute ago',
      figureOf([warm.figure('success')]),
    ),
    atLeast(SUCCESS_MIN, '', 'churn, lookups that found a peer of a minute ago', figureOf([settled.figure('success')])),
  ]
}
