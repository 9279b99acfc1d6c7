/** Twenty DHT nodes and two servers; how soon a client that knows only the topic is connected to each, and to a third that joins later. */
import { figureOf } from './figures.ts'
import { type ShoalProcess, Swarm } from './shoal-process.ts'
import { type AcceptOptions, atMost, type Verdict } from './verdict.ts'

const CLIENT_BOUND_S = 2
const NEWCOMER_BOUND_S = 5

export async function acceptJoin({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const client: number[] = []
  const newcomer: number[] = []
  for (let run = 0; run < (quick ? 1 : 5); run++) {
    const times = await joinOnce()
    client.push(times.client)
    newcomer.push(times.newcomer)
    log(`join: client ${times.client.toFixed(2)} s, newcomer ${times.newcomer.toFixed(2)} s`)
  }
  return [
    atMost(CLIENT_BOUND_S, 's', 'a client is connected to both servers after its start', figureOf(client)),
    atMost(NEWCOMER_BOUND_S, 's', 'the client is connected to a third server after it listens', figureOf(newcomer)),
  ]
}

async function joinOnce(): Promise<{ client: number; newcomer: number }> {
  const swarm = await Swarm.start(20)
  try {
    const servers = [swarm.serve('a'), swarm.serve('b')]
    const [a, b] = servers as [ShoalProcess, ShoalProcess]
    await Promise.all([...servers.map((server) => server.event('announced')), connectedTo(a, b), connectedTo(b, a)])

    const client = swarm.watch('news')
    const seen = await Promise.all(servers.map((server) => server.event('connected', ({ server }) => server === false)))
    const peerId = seen[0]?.['peerId']

    const third = swarm.serve('c')
    const listening = await third.event('listening')
    const met = await third.event('connected', (line) => line['peerId'] === peerId)
    return {
      client: (Math.max(...seen.map(({ at }) => at)) - client.startedAt) / 1000,
      newcomer: (met.at - listening.at) / 1000,
    }
  } finally {
    await swarm.close()
  }
}

/** Resolves once `one` says that it is connected to `other`. */
export async function connectedTo(one: ShoalProcess, other: ShoalProcess, after = 0): Promise<number> {
  const { peerId } = await other.event('listening')
  return (await one.event('connected', (line) => line['peerId'] === peerId, after)).at
}
