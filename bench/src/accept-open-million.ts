/** How long a server takes to open a store of a million signed records and to answer a reader, also after kill -9. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ToolDb } from '@shoal/tool-db'
import { freePort } from './db-measure.ts'
import { figureOf } from './figures.ts'
import { ShoalProcess } from './shoal-process.ts'
import { type AcceptOptions, atMost, type Verdict } from './verdict.ts'

const RECORDS = 1_000_000
const RECORDS_QUICK = 50_000
const RUNS = 5
const SECONDS = 5
const PUTS_AT_ONCE = 500
const TOPIC = 'open'

export async function acceptOpenMillion({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const records = quick ? RECORDS_QUICK : RECORDS
  const directory = mkdtempSync(join(tmpdir(), 'shoal-open-'))
  const store = join(directory, 'store')
  try {
    await fill(store, records)
    log(`${records} records in ${Math.round(sizeOf(store) / 1_048_576)} MB`)
    const seconds: number[] = []
    for (let run = 0; run < RUNS; run++) {
      seconds.push(await openAndAnswer(store, `key-${Math.floor(Math.random() * records)}`))
      log(`run ${run + 1}: ${seconds.at(-1)?.toFixed(2)} s`)
    }
    return [
      atMost(SECONDS, 's', `from the start of a server to its first answer, ${records} records`, figureOf(seconds)),
    ]
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** As a server alone on its topic stores what is put there. */
async function fill(store: string, records: number): Promise<void> {
  const port = await freePort()
  const db = new ToolDb({ topic: TOPIC, server: true, bind: '127.0.0.1', port, storageName: store })
  for (let first = 0; first < records; first += PUTS_AT_ONCE) {
    await Promise.all(
      Array.from({ length: PUTS_AT_ONCE }, (_, i) =>
        db.putData(`key-${first + i}`, { i: first + i, text: 'a value of some fifty bytes, as a chat message is' }),
      ),
    )
  }
  await db.close()
}

async function openAndAnswer(store: string, key: string): Promise<number> {
  const port = await freePort()
  const server = new ShoalProcess(
    ...['serve', '--topic', TOPIC, '--port', String(port), '--bind', '127.0.0.1', '--store', store],
    ...['--no-dht', '--no-lan'],
  )
  try {
    await server.event('listening')
    const client = new ToolDb({ topic: TOPIC, store: 'memory', peers: [{ host: '127.0.0.1', port }] })
    try {
      await new Promise<void>((resolve) => (client.onConnect = resolve))
      if ((await client.getData(key, false, SECONDS * 2_000)) === null) throw new Error(`${key} was not found`)
      return (performance.now() - server.startedAt) / 1000
    } finally {
      await client.close()
    }
  } finally {
    // Not told to end: what it had not written to its tables yet is read from the log again.
    await server.stop('SIGKILL')
  }
}

function sizeOf(directory: string): number {
  return readdirSync(directory).reduce((size, name) => size + statSync(join(directory, name)).size, 0)
}
