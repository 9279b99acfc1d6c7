/**
 * Puts of a client to a server that is catching up, against puts to one that has nothing else to do; and how much longer the
 * catching up takes beside them.
 */
import { Child, withChildren } from './child.ts'
import { OUTSTANDING } from './db-measure.ts'
import { reached, type SyncServer, withFilled, withServer } from './db-sync-measure.ts'
import { figureOf } from './figures.ts'
import { type AcceptOptions, atLeast, atMost, type Verdict } from './verdict.ts'

const SHARE_OF_PUTS = 0.6
const TIMES_AS_LONG = 4
const PER_REQUEST = 500
/** What still waits for a server when the first one connects goes the ordinary way. */
const SENT_LIVE = 1

export async function acceptSyncLive({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const count = quick ? 20_000 : 100_000
  return withFilled({ count, log }, async ({ server, place }) => {
    const [shares, times]: [number[], number[]] = [[], []]
    for (let round = 0; round < (quick ? 1 : 3); round++) {
      const start = performance.now()
      const alone = await withServer({ directory: place(`alone${round}`), peers: [server.port] }, async (joiner) => {
        await reached(joiner, 'sync.stored', count - SENT_LIVE)
        const seconds = (performance.now() - start) / 1000
        const rate = await withClient(joiner, (client) => putsWhile(client, 'alone', async () => untilDone(quick)))
        return { seconds, rate }
      })
      const beside = await withServer({ directory: place(`live${round}`), peers: [] }, (joiner) =>
        withClient(joiner, async (client) => {
          await client.request('put', { prefix: 'warm', first: 0, count: 2_000, outstanding: OUTSTANDING })
          const began = performance.now()
          await joiner.child.request('connect', server.port)
          const rate = await putsWhile(client, `live${round}`, () => reached(joiner, 'sync.stored', count - SENT_LIVE))
          return { seconds: (performance.now() - began) / 1000, rate }
        }),
      )
      shares.push(beside.rate / alone.rate)
      times.push(beside.seconds / alone.seconds)
      log(
        `alone ${alone.seconds.toFixed(1)} s and ${Math.round(alone.rate)} puts a second, ` +
          `together ${beside.seconds.toFixed(1)} s and ${Math.round(beside.rate)}`,
      )
    }
    return [
      atLeast(SHARE_OF_PUTS, 'of the undisturbed', 'puts a second beside catching up', figureOf(shares)),
      atMost(TIMES_AS_LONG, 'times as long', 'catching up beside puts', figureOf(times)),
    ]
  })
}

async function withClient<T>({ port }: SyncServer, use: (client: Child) => Promise<T>): Promise<T> {
  const client = new Child('db-peer-process', { maker: 'shoal encrypted', port, server: false })
  return withChildren([client], async () => {
    await client.request('ready')
    return use(client)
  })
}

function untilDone(quick: boolean): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, quick ? 5_000 : 15_000))
}

/** Puts a second for as long as something else lasts. */
async function putsWhile(client: Child, prefix: string, work: () => Promise<unknown>): Promise<number> {
  let isOver = false
  const done = work().finally(() => {
    isOver = true
  })
  const start = performance.now()
  let first = 0
  for (; !isOver; first += PER_REQUEST) {
    await client.request('put', { prefix, first, count: PER_REQUEST, outstanding: OUTSTANDING })
  }
  await done
  return (first * 1000) / (performance.now() - start)
}
