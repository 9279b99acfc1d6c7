/**
 * One put to a thousand subscribers, from the call at the writer: until each subscriber was sent it (sockets that only read, so that
 * what is measured is the server), and until the listener of each whole client, which checks it first, hears of it.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Child, withChildren } from './child.ts'
import { withPair } from './db-measure.ts'
import { type Figure, figureOf } from './figures.ts'
import { type AcceptOptions, atMost, type Verdict } from './verdict.ts'

const BOUND_MS = 100
const PROCESSES = 2
/** A listener that was told a moment ago waits so long for the next value: `triggerDebouce`. */
const DEBOUNCE_MS = 200
/** A thousand clients are compiled for some thousands of messages. */
const WARM_UP_ROUNDS = 8

const SUBSCRIBERS = {
  'db-plain-subscribers-process': 'sockets',
  'db-subscribers-process': 'whole clients, on the same two cores',
} as const

export async function acceptDbFanout({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const subscribers = quick ? 200 : 1_000
  const rounds = quick ? 5 : 20
  const verdicts: Verdict[] = []
  for (const [module, what] of Object.entries(SUBSCRIBERS)) {
    const figure = await fanout({ module, subscribers, rounds, log: (line) => log(`${what}: ${line}`) })
    verdicts.push(atMost(BOUND_MS, 'ms', `p99 of one put to ${subscribers} ${what}`, figure))
  }
  return verdicts
}

interface Fanout {
  readonly module: string
  readonly subscribers: number
  readonly rounds: number
  readonly log: (line: string) => void
}

function fanout({ module, subscribers, rounds, log }: Fanout): Promise<Figure> {
  return withPair('shoal', async ({ port, client }) => {
    const options = { port, count: subscribers / PROCESSES, key: 'news-0' }
    const children = Array.from({ length: PROCESSES }, () => new Child(module, options))
    return withChildren(children, async () => {
      await Promise.all(children.map((child) => child.request('ready')))
      const p99: number[] = []
      for (let round = 0; round < rounds + WARM_UP_ROUNDS; round++) {
        await delay(DEBOUNCE_MS)
        const heard = children.map((child) => child.request<number[]>('hear', round))
        const start = await client.request<number>('put-at', { key: 'news-0', value: { round } })
        const times = (await Promise.all(heard)).flat().map((at) => at - start)
        if (round >= WARM_UP_ROUNDS) p99.push(percentile(times, 0.99))
        log(`round ${round}: p50 ${percentile(times, 0.5).toFixed(1)} ms, p99 ${percentile(times, 0.99).toFixed(1)} ms`)
      }
      return figureOf(p99)
    })
  })
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}
