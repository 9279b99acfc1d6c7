/** One of two servers dies by kill -9 and comes back on another port with the same store: how soon everyone is connected again. */
import { connectedTo } from './accept-join.ts'
import { figureOf } from './figures.ts'
import { type ShoalProcess, Swarm } from './shoal-process.ts'
import { type AcceptOptions, atMost, type Verdict } from './verdict.ts'

/** The issue names no time for this; a server that returns is a server that joins. */
const BOUND_S = 5

export async function acceptReconnect({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const seconds: number[] = []
  for (let run = 0; run < (quick ? 1 : 5); run++) {
    seconds.push(await reconnectOnce())
    log(`reconnect: ${seconds.at(-1)?.toFixed(2)} s`)
  }
  return [atMost(BOUND_S, 's', 'a server killed and back on another port is connected to all', figureOf(seconds))]
}

async function reconnectOnce(): Promise<number> {
  const swarm = await Swarm.start(20)
  try {
    const servers = [swarm.serve('a'), swarm.serve('b')]
    const [a, b] = servers as [ShoalProcess, ShoalProcess]
    swarm.watch('news')
    await Promise.all([connectedTo(a, b), connectedTo(b, a)])
    const [seen] = await Promise.all(
      servers.map((server) => server.event('connected', (line) => line['server'] === false)),
    )
    const before = await a.event('listening')

    await a.stop('SIGKILL')
    await b.event('disconnected', (line) => line['peerId'] === before['peerId'])
    const put = swarm.once('put', 'meanwhile', '"still here"')
    await put.event('result', (line) => Number(line['confirmed']) >= 1)

    const again = swarm.serve('a')
    const listening = await again.event('listening')
    if (listening['port'] === before['port']) throw new Error('it came back on the same port')
    if (listening['peerId'] !== before['peerId']) throw new Error('it came back with another key')
    const client = again.event('connected', (line) => line['peerId'] === seen?.['peerId'])
    const [fromB, fromClient] = await Promise.all([connectedTo(b, again, listening.at), client])
    return (Math.max(fromB, fromClient.at) - listening.at) / 1000
  } finally {
    await swarm.close()
  }
}
