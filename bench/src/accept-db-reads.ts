/**
 * Reads a second by a client of keys that the server holds, as multiples of npm tool-db in one run: keys that are new to the
 * client, many at a time and one after the other, and one key again and again.
 */
import { OUTSTANDING, withClient, withPair, write } from './db-measure.ts'
import type { Maker } from './db-peer-process.ts'
import { type Figure, figureOf, ratioOf } from './figures.ts'
import { type AcceptOptions, atLeast, type Verdict } from './verdict.ts'

const TIMES = 5
const WAYS = ['many at a time', 'one after the other', 'one key again and again'] as const
type Way = (typeof WAYS)[number]

export async function acceptDbReads({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const count = quick ? 1_000 : 5_000
  const makers: Maker[] = ['shoal', 'tool-db']
  const rates = new Map<string, number[]>()
  for (let i = 0; i < (quick ? 2 : 5); i++) {
    for (const maker of makers) {
      const sample = await readOnce(maker, count)
      for (const way of WAYS) {
        rates.set(`${maker} ${way}`, [...(rates.get(`${maker} ${way}`) ?? []), sample[way]])
        log(`${maker}, ${way}: ${Math.round(sample[way])} reads a second`)
      }
    }
  }
  const of = (maker: Maker, way: Way): Figure => figureOf(rates.get(`${maker} ${way}`) ?? [])
  return WAYS.map((way) =>
    atLeast(TIMES, 'times tool-db', `reads, ${way}`, ratioOf(of('shoal', way), of('tool-db', way))),
  )
}

/** A writer fills the server and leaves; the reader then holds nothing. */
async function readOnce(maker: Maker, count: number): Promise<Record<Way, number>> {
  return withPair(maker, async (pair) => {
    await write(pair, { prefix: 'one', count })
    await write(pair, { prefix: 'many', count })
    return withClient(pair, async (reader) => {
      await reader.request('read', { prefix: 'one', count: count / 2, outstanding: OUTSTANDING })
      const many = await reader.request<number>('read', { prefix: 'many', count, outstanding: OUTSTANDING })
      return withClient(pair, async (second) => {
        const single = await second.request<number>('read', { prefix: 'one', count, outstanding: 1 })
        const again = await second.request<number>('read-again', { key: 'many-1', count, outstanding: OUTSTANDING })
        return {
          'many at a time': count / many,
          'one after the other': count / single,
          'one key again and again': count / again,
        }
      })
    })
  })
}
