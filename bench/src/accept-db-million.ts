/** Puts a second to one server until it holds a million records: the last tenth against the first, and what the server takes of memory. */
import { withPair, write } from './db-measure.ts'
import { figureOf } from './figures.ts'
import { type AcceptOptions, atLeast, atMost, type Verdict } from './verdict.ts'

const TENTHS = 10
const SHARE = 0.9
const MEMORY_MB = 300
const PER_REQUEST = 20_000

export async function acceptDbMillion({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const tenth = quick ? 20_000 : 100_000
  const memory: number[] = []
  const rates: number[] = []
  const cpuRates: number[] = []
  await withPair('shoal', async (pair) => {
    await write(pair, { prefix: 'warm', count: 10_000 })
    for (let i = 0; i < TENTHS; i++) {
      const cpu = await pair.server.request<number>('cpu')
      let seconds = 0
      for (let first = i * tenth; first < (i + 1) * tenth; first += PER_REQUEST) {
        seconds += await write(pair, { prefix: 'key', first, count: PER_REQUEST })
        memory.push((await pair.server.request<number>('memory')) / 1_048_576)
      }
      rates.push(tenth / seconds)
      cpuRates.push(tenth / ((await pair.server.request<number>('cpu')) - cpu))
      log(
        `${(i + 1) * tenth} records: ${Math.round(rates[i] ?? 0)} puts a second, ` +
          `${Math.round(cpuRates[i] ?? 0)} per CPU-second of the server, ${Math.round(memory.at(-1) ?? 0)} MB`,
      )
    }
  })
  return [
    atLeast(SHARE, 'of the first tenth', 'puts a second in the last tenth', lastShare(rates)),
    atLeast(SHARE, 'of the first tenth', 'puts per CPU-second of the server in the last tenth', lastShare(cpuRates)),
    atMost(MEMORY_MB, 'MB', 'memory of the server at its most', figureOf([Math.max(...memory)])),
  ]
}

function lastShare(rates: readonly number[]): ReturnType<typeof figureOf> {
  return figureOf([(rates.at(-1) ?? 0) / (rates[0] ?? 1)])
}
