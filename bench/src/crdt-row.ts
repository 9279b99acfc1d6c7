/** A list merged from the changes of four people and read, ours and npm tool-db's in turn, in one process: CPU time alone. */

import { createRequire } from 'node:module'
import { ListCrdt } from '@shoal/tool-db'
import { figureOf } from './figures.ts'
import type { Row, RowOptions } from './row.ts'

type Maker = new (author: string, changes: never[]) => { readonly value: unknown[] }

const AUTHORS = 4

export async function crdtRow({ quick, log }: RowOptions): Promise<Row> {
  const theirs = (createRequire(import.meta.url)('tool-db') as { ListCrdt: Maker }).ListCrdt
  const count = quick ? 1_000 : 4_000
  const repetitions = quick ? 3 : 5
  const [ours, npm, large]: [number[], number[], number[]] = [[], [], []]
  for (let i = 0; i < repetitions; i++) {
    ours.push(changesPerSecond(ListCrdt as never, count))
    npm.push(changesPerSecond(theirs, count))
    large.push(changesPerSecond(ListCrdt as never, 100_000))
    log(`crdt ${i + 1}/${repetitions}`)
  }
  const subject = (name: string, samples: number[]) => ({ name, figure: figureOf(samples), beside: {} })
  return {
    name: 'crdt',
    title: 'changes of a list merged and read a second',
    subjects: [subject('shoal', ours), subject('tool-db', npm), subject('shoal, 100,000 changes', large)],
    ratios: [{ name: 'shoal / tool-db', value: figureOf(ours).median / figureOf(npm).median }],
    setting: `${count} changes of ${AUTHORS} authors; ${repetitions} alternating repetitions`,
  }
}

function changesPerSecond(Crdt: Maker, count: number): number {
  const index = (i: number): string => `author${i % AUTHORS}-${String(Math.floor(i / AUTHORS)).padStart(8, '0')}`
  const changes = Array.from({ length: count }, (_, i) => ({
    t: 'INS',
    v: i,
    i: index(i),
    ...(i >= AUTHORS && { p: index(i - AUTHORS) }),
  }))
  const start = process.cpuUsage()
  const { length } = new Crdt('reader', changes as never[]).value
  const { user, system } = process.cpuUsage(start)
  if (length !== count) throw new Error(`the list has ${length} items instead of ${count}`)
  return (count * 1e6) / (user + system)
}
