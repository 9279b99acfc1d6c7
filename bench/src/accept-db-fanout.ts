/** One put to a thousand subscribers: from the call at the writer until each subscriber's listener hears of it. */
import { setTimeout as delay } from 'node:timers/promises'
import { Child, withChildren } from './child.ts'
import { withPair } from './db-measure.ts'
import { figureOf } from './figures.ts'
import { type AcceptOptions, atMost, type Verdict } from './verdict.ts'

const BOUND_MS = 100
const PROCESSES = 2
/** A listener that was told a moment ago waits so long for the next value: `triggerDebouce`. */
const DEBOUNCE_MS = 200

export async function acceptDbFanout({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const subscribers = quick ? 200 : 1_000
  const rounds = quick ? 5 : 20
  const p99: number[] = []
  await withPair('shoal', async ({ port, client }) => {
    const perProcess = subscribers / PROCESSES
    const children = Array.from(
      { length: PROCESSES },
      () => new Child('db-subscribers-process', { port, count: perProcess, key: 'news-0' }),
    )
    await withChildren(children, async () => {
      for (const child of children) await child.request('ready')
      for (let round = 0; round < rounds + 2; round++) {
        await delay(DEBOUNCE_MS)
        const heard = children.map((child) => child.request<number[]>('hear', round))
        const start = await client.request<number>('put-at', { key: 'news-0', value: { round } })
        const times = (await Promise.all(heard)).flat().map((at) => at - start)
        // The first two compile.
        if (round >= 2) p99.push(percentile(times, 0.99))
        log(`round ${round}: p50 ${percentile(times, 0.5).toFixed(1)} ms, p99 ${percentile(times, 0.99).toFixed(1)} ms`)
      }
    })
  })
  return [atMost(BOUND_MS, 'ms', `p99 of one put to ${subscribers} subscribers`, figureOf(p99))]
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}
