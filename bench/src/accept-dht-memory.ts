/**
 * Memory: what an idle node holds in a process of two hundred, and a server after a million announcements of distinct
 * info hashes, which must also still answer about as fast as one with an empty store, asked in turns.
 */
import { Child, withChildren } from './child.ts'
import { type ServerUnderLoad, withServer } from './dht-measure.ts'
import { figureOf, ratioOf } from './figures.ts'
import { type AcceptOptions, atLeast, atMost, type Verdict } from './verdict.ts'

const NODES = 200
const ANNOUNCES = 1_000_000
const HEAP_BOUND_MB = 0.1
const RSS_BOUND_MB = 150
const RATE_BOUND = 0.9
const MB = 1024 * 1024

export async function acceptDhtMemory({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  return [await idle(), ...(await flooded({ quick, log }))]
}

async function idle(): Promise<Verdict> {
  const swarm = new Child('dht-swarm-process', { kind: 'shoal', count: NODES })
  return withChildren([swarm], async () => {
    await swarm.request('start')
    const bytes = await swarm.request<number>('heapPerNode')
    return atMost(HEAP_BOUND_MB, 'MB', `heap and buffers of an idle node, one of ${NODES}`, figureOf([bytes / MB]))
  })
}

async function flooded({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const announces = quick ? ANNOUNCES / 10 : ANNOUNCES
  const repetitions = quick ? 2 : 5
  return withServer('shoal', (full) =>
    withServer('shoal', async (empty) => {
      const start = performance.now()
      await full.ask('announce_peer', announces)
      const { infoHashes, rssBytes } = await full.server.request<{ infoHashes: number; rssBytes: number }>('memory')
      const seconds = (performance.now() - start) / 1000
      log(`${announces} announcements in ${seconds.toFixed(1)} s, ${infoHashes} info hashes kept`)
      const rates: [full: number[], empty: number[]] = [[], []]
      for (let i = 0; i < repetitions; i++) {
        rates[0].push(await rateOf(full, quick))
        rates[1].push(await rateOf(empty, quick))
      }
      const ratio = ratioOf(figureOf(rates[0]), figureOf(rates[1]))
      return [
        atMost(
          RSS_BOUND_MB,
          'MB',
          `memory of a process (RSS) after ${announces} announcements`,
          figureOf([rssBytes / MB]),
        ),
        atLeast(RATE_BOUND, 'of the rate with an empty store', 'get_peers per CPU-second after them', ratio),
      ]
    }),
  )
}

async function rateOf(server: ServerUnderLoad, quick: boolean): Promise<number> {
  return (await server.rate('get_peers', quick ? 0.7 : 2)).perCpuSecond
}
