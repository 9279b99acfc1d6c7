import { readFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { program, testNeeding } from '../../../../test/support/requirements.ts'
import { readLog, writtenLog } from '../../src/store/level-files/log-file.ts'
import { LevelDbStore } from '../../src/store/leveldb.ts'
import { child, STORE_PROCESS, storeProcess } from './child-process.ts'
import { copyOf, filesOf } from './level-rows.ts'
import { temporaryDirectories } from './temporary-directory.ts'

const newDirectory = temporaryDirectories()

/** Where each record of a log ends: a log of the records up to it is so long. */
function endsOf(records: readonly Uint8Array[]): readonly number[] {
  return records.map((_, i) => writtenLog(records.slice(0, i + 1)).length)
}

test('[ST-41] cut at every byte of its last records, a store opens with all that was written before the cut, and nothing else', async () => {
  const directory = newDirectory()
  const writer = storeProcess('pairs', directory, 'memory')
  await writer.until(() => writer.lines.includes('13'))
  writer.process.kill('SIGKILL')
  await writer.ended
  const [log] = filesOf(directory, /\.log$/) as [string]
  const whole = readFileSync(log)
  const { records, state } = readLog(whole)
  expect(state).toEqual({ kind: 'whole' })
  const ends = endsOf(records)
  expect(ends.at(-1)).toBe(whole.length)
  // Record 0 is the format mark; each of the others writes two rows.
  const from = ends[records.length - 4] as number
  const pairs = Array.from({ length: records.length - 1 }, (_, i) => [`a${i}`, `b${i}`]).flat()
  const base = newDirectory()
  for (let cut = from; cut <= whole.length; cut++) {
    const copy = copyOf(directory, join(base, String(cut)))
    truncateSync(join(copy, log.slice(directory.length + 1)), cut)
    const store = new LevelDbStore(copy)
    const rows = await store.readMany(pairs)
    const kept = ends.filter((end) => end <= cut).length - 1
    expect(
      rows.map((row) => row?.value),
      `cut at ${cut}`,
    ).toEqual(pairs.map((key, i) => (i < 2 * kept ? `"${key}"` : undefined)))
    expect(store.condition).toMatchObject({ damage: [], cut: ends.includes(cut) ? 0 : 1 })
    await store.close()
  }
}, 120_000)

interface Call {
  readonly name: string
  /** The path of its file descriptor. */
  readonly path: string
  readonly text: string
  /** Line at which it was over. */
  readonly at: number
}

/** What strace says, each call where it came to its end. */
function callsOf(trace: string): readonly Call[] {
  const begun = new Map<string, string>()
  return trace.split('\n').flatMap((line, at) => {
    const [, pid = '', rest = ''] = /^(\d+)\s+(.*)$/.exec(line) ?? []
    const unfinished = /^(.*) <unfinished \.\.\.>$/.exec(rest)?.[1]
    if (unfinished !== undefined) begun.set(pid, unfinished)
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)?.[1]
    const text = resumed === undefined ? rest : `${begun.get(pid) ?? ''}${resumed}`
    const [, name = '', path = ''] = /^(\w+)\(\d+<([^>]*)>/.exec(text) ?? []
    return unfinished !== undefined || name === '' ? [] : [{ name, path, text, at }]
  })
}

testNeeding(program('strace', 'strace'))(
  "[ST-40] sync: the log is flushed before the commit is acknowledged, and so is the directory's entry of a new log",
  async () => {
    const directory = newDirectory()
    const trace = join(newDirectory(), 'trace')
    const running = child('/usr/bin/env', [
      ...['strace', '-f', '-y', '-qq', '-s', '64', '-o', trace, '-e', 'trace=write,fdatasync,fsync'],
      ...[process.execPath, STORE_PROCESS, 'pairs', directory, 'sync', '2000000', '6'],
    ])
    await running.ended
    const calls = callsOf(readFileSync(trace, 'utf8'))
    const logs = new Set<string>()
    for (let i = 0; i <= 5; i++) {
      const told = calls.find(({ name, text }) => name === 'write' && text.includes(`"${i}\\n"`)) as Call
      const before = calls.filter(({ at }) => at < told.at)
      const written = before.findLast(({ name, path }) => name === 'write' && path.endsWith('.log')) as Call
      const since = before.filter(({ at }) => at > written.at)
      expect(
        since.some(({ name, path }) => name === 'fdatasync' && path === written.path),
        `commit ${i}`,
      ).toBe(true)
      if (!logs.has(written.path)) {
        const isFlushed = since.some(({ name, path }) => name === 'fsync' && path === directory)
        expect(isFlushed, `the entry of ${written.path}`).toBe(true)
      }
      logs.add(written.path)
    }
    // Values of two megabytes: the engine has begun a new log on the way.
    expect(logs.size).toBeGreaterThan(1)
  },
  60_000,
)

const ACKNOWLEDGES = `
  import { ToolDb } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)}
  const options = { topic: 'trace', encryption: false }
  const server = new ToolDb({ ...options, server: true, port: 0, bind: '127.0.0.1', storageName: process.argv[1], durability: 'sync' })
  await server.ready
  const client = new ToolDb({ ...options, store: 'memory', peers: [{ host: '127.0.0.1', port: server.address.port }] })
  await new Promise((resolve) => (client.onConnect = resolve))
  for (let i = 0; i < 5; i++) await client.putData('traced-' + i, i, false, { confirm: 1 })
  await Promise.all([client.close(), server.close()])
  console.log('closed')
`

testNeeding(program('strace', 'strace'))(
  '[ST-40] a server with durability sync writes the acknowledgement to the socket only after the log was flushed',
  async () => {
    const directory = join(newDirectory(), 'db')
    const trace = join(newDirectory(), 'trace')
    const running = child('/usr/bin/env', [
      ...['strace', '-f', '-y', '-qq', '-s', '4000', '-o', trace, '-e', 'trace=write,writev,sendmsg,fdatasync'],
      ...[process.execPath, '--input-type=module', '-e', ACKNOWLEDGES, directory],
    ])
    await running.ended
    expect(running.lines).toContain('closed')
    const calls = callsOf(readFileSync(trace, 'utf8'))
    const isLog = (call: Call): boolean => call.name === 'write' && call.path.endsWith('.log')
    const isAck = ({ path, text }: Call): boolean => /socket|TCP/.test(path) && text.includes('\\"type\\":\\"ack\\"')
    for (let i = 0; i < 5; i++) {
      const written = calls.findIndex((call) => isLog(call) && call.text.includes(`traced-${i}`))
      expect(written, `traced-${i} in the log`).toBeGreaterThan(0)
      const after = calls.slice(written)
      const flushed = after.findIndex(({ name, path }) => name === 'fdatasync' && path === calls[written]?.path)
      const acknowledged = after.findIndex(isAck)
      expect(flushed, `traced-${i} flushed`).toBeGreaterThan(0)
      expect(acknowledged, `traced-${i} acknowledged`).toBeGreaterThan(flushed)
    }
  },
  60_000,
)
