/** From a put at one client until a listener at another hears of it, two servers apart, on loopback. */

import { percentile } from './accept-db-fanout.ts'
import { Child, withChildren } from './child.ts'
import { freePort } from './db-measure.ts'
import { figureOf } from './figures.ts'
import { type AcceptOptions, atMost, type Verdict } from './verdict.ts'

const BOUND_MS = 10

export async function acceptDbSeen({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const p50: number[] = []
  for (let run = 0; run < (quick ? 1 : 3); run++) {
    const times = await seenOnce(quick ? 50 : 500)
    p50.push(percentile(times, 0.5))
    log(`p50 ${percentile(times, 0.5).toFixed(2)} ms, p99 ${percentile(times, 0.99).toFixed(2)} ms`)
  }
  return [atMost(BOUND_MS, 'ms', 'p50 from a put to its being seen two servers on', figureOf(p50))]
}

async function seenOnce(count: number): Promise<number[]> {
  const [near, far] = [await freePort(), await freePort()]
  const first = new Child('db-peer-process', { maker: 'shoal', port: near, server: true })
  const second = new Child('db-peer-process', { maker: 'shoal', port: far, server: true, peers: [near] })
  const clients = new Child('db-seen-process', { ports: [near, far] })
  return withChildren([first, second, clients], async () => {
    await first.request('ready')
    await second.request('ready')
    await clients.request('ready')
    await clients.request('measure', 50)
    return clients.request<number[]>('measure', count)
  })
}
