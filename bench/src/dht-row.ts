/**
 * Queries answered per second of the server's processor time. Three servers take turns: ours, npm bittorrent-dht, and a
 * socket that echoes, which is what Node's UDP itself costs. Each has a table of 200 contacts; the load is another process.
 */
import { SOURCES } from './dht-measure.ts'
import { KINDS, measureRates } from './dht-rates.ts'
import { LOADS } from './krpc-messages.ts'
import type { Row, RowOptions } from './row.ts'

export async function dhtRow({ quick, log }: RowOptions): Promise<Row> {
  const rates = await measureRates({ quick, log: (line) => log(`dht ${line}`) })
  return {
    name: 'dht',
    title: 'queries answered per CPU-second of the server',
    subjects: LOADS.flatMap((load) =>
      KINDS.map((kind) => ({
        name: `${load} ${kind}`,
        figure: rates.of(kind, load),
        beside: {
          'per second': rates.of(kind, load, (sample) => sample.perSecond).median,
          lost: rates.of(kind, load, (sample) => sample.lost).max,
        },
      })),
    ),
    ratios: LOADS.flatMap((load) =>
      (['bittorrent-dht', 'echo'] as const).map((other) => ({
        name: `${load}: shoal / ${other}`,
        value: rates.of('shoal', load).median / rates.of(other, load).median,
      })),
    ),
    setting:
      `a table of 200 contacts, ${SOURCES} source addresses, ${SOURCES} queries outstanding, ` +
      `${rates.repetitions} alternating repetitions of ${rates.seconds} s`,
  }
}
