/** Signed puts a second from a client until they are stored on the server, as multiples of npm tool-db and npm gun in one run. */
import type { Maker } from './db-peer-process.ts'
import { measurePuts } from './db-puts.ts'
import { ratioOf } from './figures.ts'
import { type AcceptOptions, atLeast, type Verdict } from './verdict.ts'

/** tool-db searches lists that grow: with those of the warm-up it holds 20,000 records in the end, and is measured at no more. */
const PUTS = 10_000
const MAKERS: readonly Maker[] = ['shoal', 'tool-db', 'gun']
const TIMES_TOOL_DB = 3
const TIMES_GUN = 25

export async function acceptDbPuts({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const figures = await measurePuts(MAKERS, { puts: PUTS, repetitions: quick ? 2 : 5, log })
  const ours = figures.of('shoal', 'perSecond')
  const what = `puts a second, record ${PUTS.toLocaleString('en')} to ${(2 * PUTS).toLocaleString('en')}`
  return [
    atLeast(TIMES_TOOL_DB, 'times tool-db', what, ratioOf(ours, figures.of('tool-db', 'perSecond'))),
    atLeast(TIMES_GUN, 'times gun', what, ratioOf(ours, figures.of('gun', 'perSecond'))),
  ]
}
