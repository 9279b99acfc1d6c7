/**
 * kill -9 in the middle of writing, round after round, on a real server process and a real disk: what was acknowledged to a
 * client is there afterwards, as it was acknowledged, and the store always opens.
 */
import { mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { LevelDbStore, ToolDb } from '@shoal/tool-db'
import { freePort } from './db-measure.ts'
import { figureOf } from './figures.ts'
import { ShoalProcess } from './shoal-process.ts'
import { type AcceptOptions, atMost, type Verdict } from './verdict.ts'

const ROUNDS = 200
const ROUNDS_QUICK = 6
const OPEN_SECONDS = 5
/** The kill comes at a random moment of this span after the first acknowledgement. */
const KILL_WITHIN_MS = 600
const WRITERS = 32
/** Keys that are written again and again, beside those that are written once. */
const HOT_KEYS = 8
/** Of a file system in memory, which a crash of the process says nothing about disks on. */
const TMPFS = 0x01021994

/** What was acknowledged: the value of each key that is written once, the last one of each hot key. */
class Acknowledged {
  readonly values = new Map<string, number>()

  note(key: string, value: number): void {
    this.values.set(key, Math.max(value, this.values.get(key) ?? 0))
  }
}

export async function acceptCrash({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const rounds = quick ? ROUNDS_QUICK : ROUNDS
  const directory = mkdtempSync(join(tmpdir(), 'shoal-crash-'))
  if (statfsSync(directory).type === TMPFS) log('the temporary directory lies in memory: set TMPDIR to a real disk')
  try {
    const acknowledged = new Acknowledged()
    const openings: number[] = []
    let lost = 0
    for (let round = 0; round < rounds; round++) {
      const { seconds, missing } = await oneRound(round, join(directory, 'store'), acknowledged)
      openings.push(seconds)
      lost += missing
      if (round % 10 === 9) log(`round ${round + 1}: ${acknowledged.values.size} keys acknowledged, ${lost} lost`)
    }
    lost += await lostInStore(join(directory, 'store'), acknowledged)
    log(
      `${acknowledged.values.size} keys in ${rounds} rounds; started in ${Math.max(...openings).toFixed(2)} s at most`,
    )
    return [
      atMost(0, 'records', `acknowledged and lost in ${rounds} rounds of kill -9`, figureOf([lost])),
      atMost(OPEN_SECONDS, 's', 'start of the server after a crash, at most', figureOf([Math.max(...openings)])),
    ]
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Starts the server, reads what the round before left, writes until the server is killed. */
async function oneRound(
  round: number,
  store: string,
  acknowledged: Acknowledged,
): Promise<{ seconds: number; missing: number }> {
  const port = await freePort()
  const server = new ShoalProcess(
    ...['serve', '--topic', 'crash', '--port', String(port), '--bind', '127.0.0.1', '--store', store],
    ...['--no-dht', '--no-lan', '--durability', round % 2 === 0 ? 'memory' : 'sync'],
  )
  try {
    const { at } = await server.event('listening')
    const client = new ToolDb({ topic: 'crash', store: 'memory', peers: [{ host: '127.0.0.1', port }], ...UNLIMITED })
    try {
      await new Promise<void>((resolve) => (client.onConnect = resolve))
      const missing = await lostAtServer(client, round, acknowledged)
      await writeUntilKilled({ server, client, round, acknowledged })
      return { seconds: (at - server.startedAt) / 1000, missing }
    } finally {
      await client.close()
    }
  } finally {
    await server.stop('SIGKILL')
  }
}

const UNLIMITED = { limits: { messagesPerSecond: 1_000_000, bytesPerSecond: 1_000_000_000 } }

async function writeUntilKilled({
  server,
  client,
  round,
  acknowledged,
}: {
  server: ShoalProcess
  client: ToolDb
  round: number
  acknowledged: Acknowledged
}): Promise<void> {
  let isOver = false
  let onFirst = (): void => {}
  const first = new Promise<void>((resolve) => (onFirst = resolve))
  const writer = async (i: number): Promise<void> => {
    for (let n = 0; !isOver; n++) {
      const isHot = i < HOT_KEYS
      const key = isHot ? `hot-${i}` : `round-${round}-${i}-${n}`
      const value = isHot ? round * 1_000_000 + n + 1 : n + 1
      const put = client.putData(key, { n: value, text: 'x'.repeat((n * 37) % 900) }, false, { confirm: 1 })
      await put.then(
        () => {
          acknowledged.note(key, value)
          onFirst()
        },
        // Cut off: what nobody acknowledged may be there or not.
        () => undefined,
      )
    }
  }
  const writers = Promise.all(Array.from({ length: WRITERS }, (_, i) => writer(i)))
  await first
  await sleep(Math.random() * KILL_WITHIN_MS)
  await server.stop('SIGKILL')
  isOver = true
  await client.close()
  await writers
}

/** What a client is answered by the restarted server: the hot keys, and what was written in the round before. */
async function lostAtServer(client: ToolDb, round: number, acknowledged: Acknowledged): Promise<number> {
  let lost = 0
  const keys = [...acknowledged.values.keys()]
  const asked = keys.filter((key) => key.startsWith('hot-') || key.startsWith(`round-${round - 1}-`)).slice(-500)
  for (const key of asked) {
    const { record } = await client.getRecord<{ n: number }>(key, { timeoutMs: 10_000 })
    if (!isKept(key, record?.value.n, acknowledged)) lost++
  }
  return lost
}

/** Everything, from the rows themselves. */
async function lostInStore(directory: string, acknowledged: Acknowledged): Promise<number> {
  const store = new LevelDbStore(directory)
  try {
    let lost = 0
    const keys = [...acknowledged.values.keys()]
    for (let from = 0; from < keys.length; from += 1_000) {
      const page = keys.slice(from, from + 1_000)
      for (const [i, row] of (await store.readMany(page)).entries()) {
        const record = row === undefined ? undefined : (JSON.parse(row.value) as { v: { n: number } })
        if (!isKept(page[i] as string, record?.v.n, acknowledged)) lost++
      }
    }
    return lost
  } finally {
    await store.close()
  }
}

/** A hot key may hold a later value, which nobody was told of any more. */
function isKept(key: string, held: number | undefined, acknowledged: Acknowledged): boolean {
  const value = acknowledged.values.get(key) as number
  return held !== undefined && (key.startsWith('hot-') ? held >= value : held === value)
}
