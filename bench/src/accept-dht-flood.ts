/**
 * Eight pings outstanding at a server, alone and then beside as much garbage as this machine can send: the share of
 * answers that still come. The undisturbed rate is taken before and after each flood. A ping that is lost is given up after 200 ms,
 * in which its place answers nothing: one in a thousand lost costs half of the answers. Beside it a socket with as large
 * a receive buffer, which does nothing but look at a datagram's end, shows what Node's own takes.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Child, withChildren } from './child.ts'
import { startGarbage } from './dht-garbage.ts'
import { NODE_ID } from './dht-measure.ts'
import type { ServerKind } from './dht-server-process.ts'
import { figureOf, rounded } from './figures.ts'
import { type AcceptOptions, atLeast, type Verdict } from './verdict.ts'

const PINGS_OUTSTANDING = 8
const BOUND_SHARE = 0.45

const KINDS = ['shoal', 'bittorrent-dht', 'picky-echo'] as const satisfies readonly ServerKind[]

interface Sample {
  readonly share: number
  /** Pings without an answer, a second. */
  readonly lostPerSecond: number
  readonly garbagePerSecond: number
  readonly undisturbed: number
}

export async function acceptDhtFlood({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const repetitions = quick ? 1 : 5
  const seconds = quick ? 1 : 3
  const samples: Record<(typeof KINDS)[number], Sample[]> = { shoal: [], 'bittorrent-dht': [], 'picky-echo': [] }
  for (let i = 0; i < repetitions; i++) {
    for (const kind of KINDS) {
      const sample = await floodOnce(kind, seconds)
      samples[kind].push(sample)
      log(
        `${kind}: ${rounded(Math.round(sample.undisturbed))} answers a second undisturbed, share ${sample.share.toFixed(4)} ` +
          `beside ${rounded(Math.round(sample.garbagePerSecond))} garbage datagrams a second, ` +
          `${rounded(sample.lostPerSecond)} pings a second lost`,
      )
    }
  }
  const garbage = figureOf(samples.shoal.map(({ garbagePerSecond }) => garbagePerSecond))
  const what = `pings answered beside ${rounded(Math.round(garbage.median))} garbage datagrams a second`
  return [atLeast(BOUND_SHARE, 'of the undisturbed', what, figureOf(samples.shoal.map(({ share }) => share)))]
}

async function floodOnce(kind: ServerKind, seconds: number): Promise<Sample> {
  const server = new Child('dht-server-process', { kind, nodeId: NODE_ID })
  return withChildren([server], async () => {
    const port = await server.request<number>('port')
    const pinger = new Child('dht-load-process', { port, sources: PINGS_OUTSTANDING, echo: kind === 'picky-echo' })
    const flood = startGarbage(port)
    const sample = withChildren([pinger], async () => {
      await pinger.request('start', 'ping')
      await sleep(500)
      const before = await rateOf(counted(pinger, 'answered'), seconds)
      await flood.start()
      await sleep(300)
      const [during, lostPerSecond, garbagePerSecond] = await Promise.all([
        rateOf(counted(pinger, 'answered'), seconds),
        rateOf(counted(pinger, 'lost'), seconds),
        rateOf(() => flood.sent(), seconds),
      ])
      await flood.stop()
      await sleep(500)
      const after = await rateOf(counted(pinger, 'answered'), seconds)
      const undisturbed = (before + after) / 2
      return { share: during / undisturbed, lostPerSecond, garbagePerSecond, undisturbed }
    })
    return sample.finally(() => flood.end())
  })
}

function counted(pinger: Child, what: 'answered' | 'lost'): () => Promise<number> {
  return async () => (await pinger.request<Record<typeof what, number>>('counts'))[what]
}

async function rateOf(look: () => Promise<number>, seconds: number): Promise<number> {
  const [before, at] = [await look(), performance.now()]
  await sleep(seconds * 1000)
  return (((await look()) - before) * 1000) / (performance.now() - at)
}
