/**
 * A server that joins one with a million records, on loopback and on disk: its processor time, from its start until it has them all, verified and
 * stored, against that of checking as many signatures and doing nothing else; and the memory of both.
 */
import { reached, withFilled, withServer } from './db-sync-measure.ts'
import { figureOf } from './figures.ts'
import { type AcceptOptions, atMost, type Verdict } from './verdict.ts'

const TIMES_VERIFYING = 1.5
const MEMORY_MB = 400
const VERIFIES = 10_000

export async function acceptSyncJoin({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const count = quick ? 50_000 : 1_000_000
  return withFilled({ count, log }, async ({ server, place }) => {
    const join = { directory: place('joiner'), peers: [server.port] }
    return withServer(join, async (joiner) => {
      const { child } = joiner
      await reached(joiner, 'now.sync-items', count)
      await reached(joiner, 'sync.completed', 1)
      const cpu = await child.request<number>('cpu')
      const perSecond = await child.request<number>('verifies', VERIFIES)
      const [micros, verifying] = [(cpu * 1e6) / count, 1e6 / perSecond]
      log(`${micros.toFixed(1)} us of processor time for each record, ${verifying.toFixed(1)} us for each signature`)
      const memory: number[] = []
      for (const each of [server.child, child]) memory.push((await each.request<number>('memory-max')) / 1_048_576)
      log(`memory: ${memory.map((each) => Math.round(each)).join(' and ')} MB`)
      return [
        atMost(
          TIMES_VERIFYING,
          'times verifying',
          `processor time of a joiner, ${count} records`,
          figureOf([micros / verifying]),
        ),
        atMost(MEMORY_MB, 'MB', 'memory of the larger of the two', figureOf([Math.max(...memory)])),
      ]
    })
  })
}
