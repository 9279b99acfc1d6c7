/** Signed puts a second from a client until they are stored on the server, as multiples of npm tool-db and npm gun in one run. */
import type { Maker } from './db-peer-process.ts'
import { measurePuts } from './db-puts.ts'
import { ratioOf } from './figures.ts'
import { type AcceptOptions, atLeast, type Verdict } from './verdict.ts'

/** tool-db searches lists that grow: it is measured at no more than the last of them. */
const SIZES: readonly number[] = [2_000, 10_000, 20_000]
const TIMES_TOOL_DB = 3
const TIMES_GUN = 25

export async function acceptDbPuts({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const verdicts: Verdict[] = []
  for (const puts of quick ? [10_000] : SIZES) {
    const isLast = quick || puts === SIZES.at(-1)
    const makers: readonly Maker[] = isLast ? ['shoal', 'tool-db', 'gun'] : ['shoal', 'tool-db']
    const figures = await measurePuts(makers, { puts, repetitions: quick ? 2 : 5, log })
    const ours = figures.of('shoal', 'perSecond')
    const ratio = ratioOf(ours, figures.of('tool-db', 'perSecond'))
    verdicts.push(atLeast(TIMES_TOOL_DB, 'times tool-db', `puts a second, ${puts} records`, ratio))
    if (!isLast) continue
    const toGun = ratioOf(ours, figures.of('gun', 'perSecond'))
    verdicts.push(atLeast(TIMES_GUN, 'times gun', `puts a second, ${puts} records`, toGun))
  }
  return verdicts
}
