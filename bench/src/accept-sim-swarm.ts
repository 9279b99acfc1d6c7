/** Discovery over the DHT in the simulator: how soon the first server is proven, and how soon a bad day is over. */
import { figureOf } from './figures.ts'
import { simulate } from './sim-run.ts'
import { type AcceptOptions, atLeast, atMost, type Verdict } from './verdict.ts'

const CACHE_ROUND_TRIPS_MAX = 5
const COLD_MS_MAX = 1_500
const SEEDS = [1, 2, 3, 4, 5]

export async function acceptSimSwarm({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const served: number[] = []
  for (const seed of quick ? SEEDS.slice(0, 2) : SEEDS) {
    const day = await simulate('swarm-faults', { nodes: 150, hours: 0.05, seed })
    served.push(day.figure('served.in30Seconds'))
    log(
      `seed ${seed}: served while parted ${day.figure('served.whileParted')}, the last client ${day.figure('healedMs.most')} ms after the healing`,
    )
  }
  const nodes = quick ? 300 : 10_000
  const starts = await simulate('swarm-start', { nodes, hours: quick ? 0.01 : 0.05, seed: 1 })
  log(`served of all starts: cold ${starts.figure('cold.share')}, warm ${starts.figure('warm.share')}`)
  return [
    atLeast(1, '', 'clients with three servers within 30 s after the healing', figureOf([Math.min(...served)])),
    atMost(
      CACHE_ROUND_TRIPS_MAX,
      'round trips',
      `from the cache to the first proven server, p50, ${nodes} nodes`,
      figureOf([starts.figure('warm.inRoundTrips.p50')]),
    ),
    atMost(
      COLD_MS_MAX,
      'ms',
      `from nothing but a bootstrap node to that, p50, ${nodes} nodes`,
      figureOf([starts.figure('cold.ms.p50')]),
    ),
  ]
}
