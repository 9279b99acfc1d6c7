/** Two servers with a million records and a hundred differences, fifty on each side: from the call to connect until both hold all, and the bytes of it. */
import { reached, type SyncServer, withFilled, withServer } from './db-sync-measure.ts'
import { type Figure, figureOf } from './figures.ts'
import { type AcceptOptions, atMost, type Verdict } from './verdict.ts'

const BOUND_MS = 500
const BYTES_PER_DIFFERENCE = 4_096
const EACH = 50
/** A key of this length and a hash, for each record: what telling everything would take. */
const KEY_AND_HASH_BYTES = 10 + 32

export async function acceptSyncDifferences({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const count = quick ? 50_000 : 1_000_000
  return withFilled({ count, log }, async ({ server, place }) => {
    await withServer({ directory: place('other'), peers: [server.port] }, async (joiner) => {
      await reached(joiner, 'now.sync-items', count)
      await joiner.child.request('close')
    })
    log('the other has joined')
    const [ms, bytes]: [number[], number[]] = [[], []]
    let held = count
    for (let round = 0; round < (quick ? 2 : 5); round++) {
      const sample = await withServer({ directory: place('other'), peers: [] }, async (other) => {
        for (const each of [server, other]) await reached(each, 'now.sync-ready', 1)
        return settle(server, other, { round, held })
      })
      held += 2 * EACH
      ms.push(sample.ms)
      bytes.push(sample.bytes / (2 * EACH))
      log(
        `equal after ${sample.ms.toFixed(0)} ms, ${sample.bytes} bytes; all keys and hashes: ${held * KEY_AND_HASH_BYTES}`,
      )
    }
    return [
      atMost(BOUND_MS, 'ms', `${2 * EACH} differences in ${count} records`, figureOf(ms)),
      atMost(BYTES_PER_DIFFERENCE, 'bytes', 'compared for each difference', figureOf(bytes) as Figure),
    ]
  })
}

async function settle(
  server: SyncServer,
  other: SyncServer,
  { round, held }: { readonly round: number; readonly held: number },
): Promise<{ ms: number; bytes: number }> {
  const both = [server, other]
  for (const [i, { child }] of both.entries()) await child.request('put', { prefix: `round${round}-${i}`, count: EACH })
  const before = await comparedBytes(both)
  const start = await other.child.request<number>('connect', server.port)
  const ends = await Promise.all(both.map((each) => reached(each, 'now.sync-items', held + 2 * EACH, 5)))
  const result = { ms: Math.max(...ends) - start, bytes: (await comparedBytes(both)) - before }
  await other.child.request('close')
  return result
}

async function comparedBytes(servers: readonly SyncServer[]): Promise<number> {
  let bytes = 0
  for (const { child } of servers) bytes += await child.request<number>('stat', 'sync.compared-bytes')
  return bytes
}
