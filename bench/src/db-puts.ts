/**
 * Signed puts a second, from a client to a server that stores them in LevelDB (gun: in its own files), all makers in turn.
 * A run ends when the server has said `put` for the last one; ours says so after its commit, tool-db before its own, gun
 * when it acknowledges. That every record is in the server's store is checked afterwards. Nobody asks the disk to flush.
 */

import { checkStored, cpuOf, withPair, write } from './db-measure.ts'
import type { Maker } from './db-peer-process.ts'
import { type Figure, figureOf } from './figures.ts'
import type { RowOptions } from './row.ts'

export interface PutsSample {
  readonly perSecond: number
  readonly perServerCpuSecond: number
  readonly perClientCpuSecond: number
}

/** gun signs some two hundred puts a second: of the load it gets what takes it about as long as the others take for theirs. */
const GUN_SHARE = 40
/** Compiling goes on for some ten thousand puts, at both ends. tool-db's lists grow with them, so it is not more. */
const WARM_UP = 10_000
const GUN_WARM_UP = 50

export class PutsFigures {
  readonly #samples = new Map<Maker, PutsSample[]>()

  add(maker: Maker, sample: PutsSample): void {
    this.#samples.set(maker, [...(this.#samples.get(maker) ?? []), sample])
  }

  of(maker: Maker, name: keyof PutsSample): Figure {
    return figureOf((this.#samples.get(maker) ?? []).map((sample) => sample[name]))
  }
}

export async function measurePuts(
  makers: readonly Maker[],
  { puts, repetitions, log }: Pick<RowOptions, 'log'> & { readonly puts: number; readonly repetitions: number },
): Promise<PutsFigures> {
  const figures = new PutsFigures()
  for (let i = 0; i < repetitions; i++) {
    for (const maker of makers) {
      const sample = await once(maker, maker === 'gun' ? Math.ceil(puts / GUN_SHARE) : puts)
      figures.add(maker, sample)
      log(`${puts} puts, ${i + 1}/${repetitions} ${maker}: ${Math.round(sample.perSecond)} a second`)
    }
  }
  return figures
}

/** Processes are warm before they are measured, as those are that run for months: each maker has put as many records before. */
function once(maker: Maker, puts: number): Promise<PutsSample> {
  return withPair(maker, async (pair) => {
    await write(pair, { prefix: 'warm', count: maker === 'gun' ? GUN_WARM_UP : WARM_UP })
    const before = await cpuOf(pair)
    const seconds = await write(pair, { prefix: 'key', count: puts })
    const after = await cpuOf(pair)
    await checkStored(pair, 'key', puts)
    return {
      perSecond: puts / seconds,
      perServerCpuSecond: puts / (after.server - before.server),
      perClientCpuSecond: puts / (after.client - before.client),
    }
  })
}
