/**
 * What a database server with a thousand connected clients costs while nobody does anything: the share of one core that its
 * process uses, measured over whole minutes, so that every sign of life that is due falls into each of them.
 */
import { Child, withChildren } from './child.ts'
import { figureOf } from './figures.ts'
import { type AcceptOptions, atMost, type Verdict } from './verdict.ts'

const CLIENTS = 1_000
const CROWDS = 4
const BOUND_PERCENT = 2
const WINDOW_S = 60
/** What the handshakes left to do: timers of theirs, caches, the collector. */
const SETTLE_S = 20

export async function acceptDbIdle({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const server = new Child('db-crowd-process', {})
  return withChildren([server], async () => {
    const port = await server.request<number>('port')
    const crowds = Array.from({ length: CROWDS }, () => new Child('db-crowd-process', { port }))
    return withChildren(crowds, async () => {
      const start = performance.now()
      for (const crowd of crowds) await crowd.request('join', CLIENTS / CROWDS)
      log(`${CLIENTS} clients connected after ${((performance.now() - start) / 1000).toFixed(1)} s`)
      await seconds(SETTLE_S)
      const shares: number[] = []
      for (let window = 0; window < (quick ? 1 : 3); window++) shares.push(await shareOfCore(server))
      const connected = await server.request<number>('peers')
      if (connected !== CLIENTS) throw new Error(`${connected} of ${CLIENTS} clients were connected at the end`)
      return [atMost(BOUND_PERCENT, '% of one core', `idle server with ${CLIENTS} connected clients`, figureOf(shares))]
    })
  })
}

async function shareOfCore(server: Child): Promise<number> {
  const [before, start] = [await server.request<number>('cpu'), performance.now()]
  await seconds(WINDOW_S)
  const used = (await server.request<number>('cpu')) - before
  return (100 * used) / ((performance.now() - start) / 1000)
}

function seconds(count: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, count * 1000))
}
