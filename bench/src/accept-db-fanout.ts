/**
 * One put to a thousand subscribers, from the call at the writer until each of them has it: sockets that only read, since a thousand
 * machines would not take the server's processor for their checks. Beside it, and not judged: a thousand whole clients, which
 * share these cores with the server and check the record each before its listener hears of it.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Child, withChildren } from './child.ts'
import { withPair } from './db-measure.ts'
import { type Figure, figureOf, rounded } from './figures.ts'
import { type AcceptOptions, atMost, type Verdict } from './verdict.ts'

const BOUND_MS = 100
const PROCESSES = 2
/** A listener that was told a moment ago waits so long for the next value: `triggerDebouce`. */
const DEBOUNCE_MS = 200
/** A thousand clients are compiled for some thousands of messages. */
const WARM_UP_ROUNDS = 8

export async function acceptDbFanout({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const subscribers = quick ? 200 : 1_000
  const rounds = quick ? 5 : 20
  const common = { subscribers, rounds, log }
  const figure = await fanout({ ...common, module: 'db-plain-subscribers-process' })
  const whole = await fanout({ ...common, module: 'db-subscribers-process' })
  log(
    `${subscribers} whole clients on the server's own cores: p99 ${rounded(whole.median)} ms (${rounded(whole.min)} to ${rounded(whole.max)})`,
  )
  return [atMost(BOUND_MS, 'ms', `p99 of one put to ${subscribers} subscribers`, figure)]
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
