/** How much a DHT server answers per second of processor time: ours, npm bittorrent-dht and a socket that echoes take turns. */
import { type RateSample, withServer } from './dht-measure.ts'
import type { ServerKind } from './dht-server-process.ts'
import { type Figure, figureOf } from './figures.ts'
import { LOADS, type Load } from './krpc-messages.ts'

export const KINDS: readonly ServerKind[] = ['shoal', 'bittorrent-dht', 'echo']

export interface Rates {
  readonly repetitions: number
  readonly seconds: number
  of(kind: ServerKind, load: Load, pick?: (sample: RateSample) => number): Figure
}

export async function measureRates({ quick, log }: { quick: boolean; log(line: string): void }): Promise<Rates> {
  const repetitions = quick ? 2 : 7
  const seconds = quick ? 0.7 : 2
  const samples = new Map<string, RateSample[]>()
  for (let i = 0; i < repetitions; i++) {
    for (const kind of KINDS) {
      await withServer(kind, async (server) => {
        for (const load of LOADS) {
          const sample = await server.rate(load, seconds)
          const name = `${kind} ${load}`
          samples.set(name, [...(samples.get(name) ?? []), sample])
          log(
            `${i + 1}/${repetitions} ${name}: ${Math.round(sample.perCpuSecond)} per CPU-second, ` +
              `${server.held} contacts, ${sample.lost} lost`,
          )
        }
      })
    }
  }
  return {
    repetitions,
    seconds,
    of: (kind, load, pick = (sample) => sample.perCpuSecond) =>
      figureOf((samples.get(`${kind} ${load}`) ?? []).map(pick)),
  }
}
