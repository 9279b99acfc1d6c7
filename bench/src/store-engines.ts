/**
 * The engines that a store could stand on, side by side: `npm run engines -w bench`. LMDB is no dependency of anything here: install
 * it first with `npm install --no-save lmdb@3.5.6`. Rows are as long as records and compress as they do.
 */
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Figure, figureOf, rounded, table } from './figures.ts'

type Rows = readonly (readonly [key: string, value: string])[]

interface Engine {
  write(rows: Rows): Promise<unknown>
  /** Many at once. */
  read(keys: readonly string[]): Promise<unknown>
  readNow(key: string): unknown
  close(): Promise<unknown>
}

interface Batch {
  put(key: string, value: string): unknown
  write(options: { sync: boolean }): Promise<unknown>
}

interface LevelLike {
  open(): Promise<unknown>
  batch(): Batch
  getMany(keys: readonly string[]): Promise<unknown>
  getSync(key: string): unknown
  close(): Promise<unknown>
}

interface LmdbLike {
  transaction(work: () => void): Promise<unknown>
  put(key: string, value: string): unknown
  getMany(keys: readonly string[]): Promise<unknown>
  get(key: string): unknown
  close(): Promise<unknown>
}

const ENGINES: Readonly<Record<string, (directory: string, sync: boolean) => Promise<Engine>>> = {
  'classic-level': openLevel,
  lmdb: openLmdb,
}

const ROWS = Number(process.env['ROWS'] ?? 100_000)
const REPETITIONS = 5
const AT_ONCE = 64
const FLUSHES = 300

async function openLevel(directory: string, sync: boolean): Promise<Engine> {
  const { ClassicLevel } = await loaded<{ ClassicLevel: new (directory: string) => LevelLike }>('classic-level')
  const level = new ClassicLevel(directory)
  await level.open()
  return {
    write: (rows) => {
      const batch = level.batch()
      for (const [key, value] of rows) batch.put(key, value)
      return batch.write({ sync })
    },
    read: (keys) => level.getMany(keys),
    readNow: (key) => level.getSync(key),
    close: () => level.close(),
  }
}

async function openLmdb(directory: string, sync: boolean): Promise<Engine> {
  const { open } = await loaded<{ open(options: object): LmdbLike }>('lmdb')
  const lmdb = open({ path: directory, encoding: 'string', noSync: !sync, overlappingSync: false })
  return {
    write: (rows) =>
      lmdb.transaction(() => {
        for (const [key, value] of rows) lmdb.put(key, value)
      }),
    read: (keys) => lmdb.getMany(keys),
    readNow: (key) => lmdb.get(key),
    close: () => lmdb.close(),
  }
}

/** By name, since nothing here depends on it. */
async function loaded<T>(name: string): Promise<T> {
  try {
    return (await import(name)) as T
  } catch (cause) {
    throw new Error(`${name} is not installed: npm install --no-save ${name}`, { cause })
  }
}

const AUTHOR = randomBytes(64).toString('base64url')

function rowOf(i: number): readonly [string, string] {
  const digest = (name: string, algorithm = 'sha256'): string =>
    createHash(algorithm).update(`${name}${i}`).digest('hex')
  const value = { i, text: 'a value of some fifty bytes, as a chat message is' }
  const [n, t, h, s] = [`2.0.${digest('n')}`, 1_795_917_546_016 + i, digest('h'), digest('s', 'sha512')]
  return [`key-${i}`, JSON.stringify({ k: `key-${i}`, a: AUTHOR, n, t, h, s, v: value, c: null })]
}

/** Rows for each second of processor time, and for each second. */
async function rates(count: number, work: () => Promise<void>): Promise<{ perCpu: number; perSecond: number }> {
  const [cpu, start] = [process.cpuUsage(), performance.now()]
  await work()
  const { user, system } = process.cpuUsage(cpu)
  return { perCpu: (count * 1e6) / (user + system), perSecond: (count * 1_000) / (performance.now() - start) }
}

async function measure(open: (directory: string, sync: boolean) => Promise<Engine>): Promise<Record<string, number>> {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-engine-'))
  // In no order: keys of records come as they like.
  const rows = Array.from({ length: ROWS }, (_, i) => rowOf((i * 7_919) % ROWS))
  const each = async (size: number, groups: number, work: (rows: Rows) => Promise<unknown>): Promise<void> => {
    for (let i = 0; i < groups; i++) {
      const from = (i * size) % ROWS
      await work(rows.slice(from, from + size))
    }
  }
  try {
    const engine = await open(directory, false)
    const written = await rates(ROWS, () => each(AT_ONCE, ROWS / AT_ONCE, (some) => engine.write(some)))
    const keysOf = (some: Rows): string[] => some.map(([key]) => key)
    const read = await rates(ROWS, () => each(AT_ONCE, ROWS / AT_ONCE, (some) => engine.read(keysOf(some))))
    const readNow = await rates(ROWS, async () => {
      for (const [key] of rows) engine.readNow(key)
    })
    await engine.close()
    const size = readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0)
    const syncing = await open(directory, true)
    const shared = await rates(FLUSHES * AT_ONCE, () => each(AT_ONCE, FLUSHES, (some) => syncing.write(some)))
    const alone = await rates(FLUSHES, () => each(1, FLUSHES, (some) => syncing.write(some)))
    await syncing.close()
    return {
      'written per CPU-second': written.perCpu,
      'written per second': written.perSecond,
      'read per CPU-second, 64 at once': read.perCpu,
      'read per CPU-second, at once in this thread': readNow.perCpu,
      'flushed per second, 64 to a flush': shared.perSecond,
      'flushed per second, one to a flush': alone.perSecond,
      'bytes on disk for each row': size / ROWS,
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const samples: Record<string, Record<string, number[]>> = {}
for (let repetition = 0; repetition < REPETITIONS; repetition++) {
  for (const [name, open] of Object.entries(ENGINES)) {
    for (const [what, value] of Object.entries(await measure(open))) {
      samples[what] ??= {}
      const ofEngine = (samples[what][name] ??= [])
      ofEngine.push(value)
    }
    console.error(`  ${name} ${repetition + 1} of ${REPETITIONS}`)
  }
}
const shown = ({ median, min, max }: Figure): string => `${rounded(median)} (${rounded(min)} to ${rounded(max)})`
console.log(
  table([
    [`${ROWS} rows`, ...Object.keys(ENGINES)],
    ...Object.entries(samples).map(([what, byEngine]) => [
      what,
      ...Object.keys(ENGINES).map((name) => shown(figureOf(byEngine[name] ?? []))),
    ]),
  ]),
)
