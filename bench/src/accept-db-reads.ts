/**
 * Reads of keys that the server holds, as multiples of npm tool-db in one run: by the clock of a client that reads one key again and
 * again, or keys that are new to it, many at a time and one after the other; and by the server's processor time. What is new
 * to a client is checked before it is handed over (tool-db hands it over and checks it later), so beside it stands the most
 * that any client could reach on this machine: a bare WebSocket that answers at once, and one check of a signature for each answer.
 */
import { Child, withChildren } from './child.ts'
import { OUTSTANDING, withClient, withPair, write } from './db-measure.ts'
import type { Maker } from './db-peer-process.ts'
import { type Figure, figureOf, ratioOf, rounded } from './figures.ts'
import { type AcceptOptions, atLeast, type Verdict } from './verdict.ts'

const TIMES = 5
/** tool-db answers the same question 33 times a second, but for the first 64. */
const AGAIN = 1_000
const MAKERS: readonly Maker[] = ['shoal', 'tool-db']
const NEW = { 'many at a time': OUTSTANDING, 'one after the other': 1 } as const

/** Reads a second, by the way in which they are made. */
type Rates = Readonly<Record<string, number>>
type Log = (line: string) => void

export async function acceptDbReads({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const count = quick ? 2_000 : 10_000
  const samples = new Map<string, Rates[]>()
  const add = (who: string, rates: Rates): void => {
    samples.set(who, [...(samples.get(who) ?? []), rates])
    for (const [way, rate] of Object.entries(rates)) log(`${who}, ${way}: ${Math.round(rate)} a second`)
  }
  for (let i = 0; i < (quick ? 2 : 5); i++) {
    for (const maker of MAKERS) add(maker, await ratesOf(maker, count))
    add('bare', await bareRates(count))
  }
  const of = (who: string, way: string): Figure => figureOf((samples.get(who) ?? []).map((rates) => rates[way] ?? 0))
  for (const way of newWays()) tellLimit(way, ratioOf(of('bare', way), of('tool-db', way)), log)
  return Object.keys(samples.get('shoal')?.[0] ?? {}).map((way) =>
    atLeast(TIMES, 'times tool-db', `reads, ${way}`, ratioOf(of('shoal', way), of('tool-db', way))),
  )
}

function newWays(): readonly string[] {
  return Object.keys(NEW).map((way) => `new keys, ${way}`)
}

function tellLimit(way: string, limit: Figure, log: Log): void {
  log(`the limit of ${way}: ${rounded(limit.median)} times tool-db (a bare WebSocket and one check)`)
}

/** A writer fills the server and leaves; each reader then holds nothing, and is warmed with other keys. */
async function ratesOf(maker: Maker, count: number): Promise<Rates> {
  return withPair(maker, async (pair) => {
    for (const prefix of ['warm', ...Object.keys(NEW)]) await write(pair, { prefix, count })
    const rates: Record<string, number> = {}
    for (const [way, outstanding] of Object.entries(NEW)) {
      await withClient(pair, async (reader) => {
        await reader.request('read', { prefix: 'warm', count, outstanding: OUTSTANDING })
        const before = await pair.server.request<number>('cpu')
        rates[`new keys, ${way}`] = count / (await reader.request<number>('read', { prefix: way, count, outstanding }))
        const used = (await pair.server.request<number>('cpu')) - before
        if (outstanding > 1) rates[`new keys, ${way}, for each CPU-second of the server`] = count / used
        const again = { key: `${way}-1`, count: AGAIN, outstanding }
        if (outstanding > 1)
          rates['one key again and again'] = again.count / (await reader.request<number>('read-again', again))
      })
    }
    return rates
  })
}

async function bareRates(count: number): Promise<Rates> {
  const [server, client] = [new Child('websocket-echo-process', {}), new Child('websocket-echo-process', {})]
  return withChildren([server, client], async () => {
    const port = await server.request<number>('listen')
    await client.request('read', { port, count, outstanding: OUTSTANDING })
    const rates: Record<string, number> = {}
    for (const [way, outstanding] of Object.entries(NEW)) {
      rates[`new keys, ${way}`] = count / (await client.request<number>('read', { port, count, outstanding }))
    }
    return rates
  })
}
