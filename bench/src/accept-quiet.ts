/**
 * What a settled client asks of the DHT: queries a second over the ten minutes that follow its being connected to
 * both servers. The client is the real command with real sockets, in a process whose time is virtual.
 */
import { Child, withChildren } from './child.ts'
import { figureOf } from './figures.ts'
import { type ShoalProcess, Swarm } from './shoal-process.ts'
import { TopicOwner } from './topic-owner.ts'
import { type AcceptOptions, atMost, type Verdict } from './verdict.ts'

const BOUND_PER_SECOND = 1
const TEN_MINUTES_S = 600
/** Large enough that a lookup is a walk; in a network of twenty nodes one answer tells of nearly all. */
const NODES = 100

export async function acceptQuiet({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const verdicts: Verdict[] = []
  for (const [what, serve] of [
    ['a settled client', servePlain],
    ['one of a topic with an owner', serveOwned],
  ] as const) {
    const rates: number[] = []
    for (let run = 0; run < (quick ? 1 : 3); run++) {
      const { queries, settled } = await quietOnce(serve)
      rates.push((queries - settled) / TEN_MINUTES_S)
      log(`${what}: ${settled} queries until it was connected, ${queries - settled} in the ten minutes after`)
    }
    verdicts.push(atMost(BOUND_PER_SECOND, 'a second', `DHT queries of ${what} over ten minutes`, figureOf(rates)))
  }
  return verdicts
}

type Serve = (swarm: Swarm) => Promise<readonly ShoalProcess[]>

function servePlain(swarm: Swarm): Promise<readonly ShoalProcess[]> {
  return Promise.resolve([swarm.serve('a'), swarm.serve('b')])
}

/** With a roster, which is read again and again. */
async function serveOwned(swarm: Swarm): Promise<readonly ShoalProcess[]> {
  const owner = await TopicOwner.of(swarm)
  await owner.revoke('nobody')
  return [await owner.certified('a'), await owner.certified('b')]
}

async function quietOnce(serve: Serve): Promise<{ settled: number; queries: number }> {
  const swarm = await Swarm.start(NODES)
  try {
    const servers = await serve(swarm)
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
