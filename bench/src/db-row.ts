/** Signed puts a second: ours, npm tool-db and npm gun in turn, at several numbers of records. */
import { OUTSTANDING } from './db-measure.ts'
import type { Maker } from './db-peer-process.ts'
import { measurePuts, type PutsFigures } from './db-puts.ts'
import type { Row, RowOptions, Subject } from './row.ts'

const MAKERS: readonly Maker[] = ['shoal', 'shoal encrypted', 'tool-db', 'gun']

export async function dbRow({ quick, log }: RowOptions): Promise<Row> {
  const repetitions = quick ? 2 : 5
  const sizes = quick ? [2_000] : [2_000, 10_000]
  const subjects: Subject[] = []
  const ratios: { name: string; value: number }[] = []
  for (const puts of sizes) {
    const figures = await measurePuts(MAKERS, { puts, repetitions, log: (line) => log(`db ${line}`) })
    for (const maker of MAKERS) subjects.push(subjectOf(maker, puts, figures))
    const ours = figures.of('shoal', 'perSecond').median
    for (const maker of ['shoal encrypted', 'tool-db', 'gun'] as const) {
      ratios.push({ name: `shoal / ${maker} at ${puts}`, value: ours / figures.of(maker, 'perSecond').median })
    }
  }
  return {
    name: 'db',
    title: 'signed puts a second, client to server, stored',
    subjects,
    ratios,
    setting: `${OUTSTANDING} outstanding, in warm processes; ${repetitions} alternating repetitions; gun with a fortieth of the puts`,
  }
}

function subjectOf(maker: Maker, puts: number, figures: PutsFigures): Subject {
  return {
    name: `${maker}, ${puts} records`,
    figure: figures.of(maker, 'perSecond'),
    beside: {
      'per CPU-second of the server': figures.of(maker, 'perServerCpuSecond').median,
      'of the client': figures.of(maker, 'perClientCpuSecond').median,
    },
  }
}
