/**
 * What a settled client asks of the DHT: queries a second over the ten minutes that follow its being connected to
 * both servers. The client is the real command with real sockets, in a process whose time is virtual.
 */
import { Child, withChildren } from './child.ts'
import { figureOf } from './figures.ts'
import { Swarm } from './shoal-process.ts'
import { type AcceptOptions, atMost, type Verdict } from './verdict.ts'

const BOUND_PER_SECOND = 1
const TEN_MINUTES_S = 600
/** Large enough that a lookup is a walk; in a network of twenty nodes one answer tells of nearly all. */
const NODES = 100

export async function acceptQuiet({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const rates: number[] = []
  for (let run = 0; run < (quick ? 1 : 3); run++) {
    const { queries, settled } = await quietOnce()
    rates.push((queries - settled) / TEN_MINUTES_S)
    log(`quiet: ${settled} queries until it was connected, ${queries - settled} in the ten minutes after`)
  }
  return [atMost(BOUND_PER_SECOND, 'a second', 'DHT queries of a settled client over ten minutes', figureOf(rates))]
}

async function quietOnce(): Promise<{ settled: number; queries: number }> {
  const swarm = await Swarm.start(NODES)
  try {
    const servers = [swarm.serve('a'), swarm.serve('b')]
    await Promise.all(servers.map((server) => server.event('announced')))
    const client = new Child('quiet-client-process', { command: swarm.watchCommand('news') })
    return await withChildren([client], async () => {
      let connected = false
      const both = Promise.all(servers.map((server) => server.event('connected', (line) => line['server'] === false)))
      const seen = both.then(() => (connected = true))
      while (!connected) await client.request('advance', 200)
      await seen
      const settled = await client.request<number>('queries')
      await client.request('advance', TEN_MINUTES_S * 1000)
      return { settled, queries: await client.request<number>('queries') }
    })
  } finally {
    await swarm.close()
  }
}
