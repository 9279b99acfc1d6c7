/** Stores on a disk that were damaged while nobody had them open, and what another server makes of them again. */

import { readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { MapCrdt } from '../../src/index.ts'
import type { AllOptions } from '../../src/options.ts'
import { ToolDb } from '../../src/tool-db.ts'
import { copyOf, filesOf, flipBit } from './level-rows.ts'
import { temporaryDirectories } from './temporary-directory.ts'

const COUNT = 1_200
const TABLE = /\.(ldb|sst)$/
const LOG = /\.log$/
const newDirectory = temporaryDirectories()

/** Two stores with the same records: one as it stays, one in several tables and a log. */
let [whole, parted] = ['', '']

async function opened(storageName: string, options: Partial<AllOptions> = {}): Promise<ToolDb> {
  const db = new ToolDb({
    server: true,
    port: 0,
    bind: '127.0.0.1',
    topic: 'repair',
    storageName,
    scrub: 0,
    ...options,
  })
  await db.ready
  return db
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error('it never came')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function placeOf(db: ToolDb): { host: string; port: number } {
  return { host: '127.0.0.1', port: db.address?.port ?? 0 }
}

async function recordsOf(db: ToolDb): Promise<readonly string[]> {
  let text = ''
  for await (const chunk of db.exportRecords()) text += chunk
  // The first and the last line are about the export. Fields stand in the order in which a record came here.
  const lines = text.trimEnd().split('\n').slice(1, -1)
  return lines.map((line) => JSON.stringify(Object.entries(JSON.parse(line) as object).sort())).sort()
}

beforeAll(async () => {
  const [first, second] = [join(newDirectory(), 'whole'), join(newDirectory(), 'parted')]
  const a = await opened(first)
  const puts = Array.from({ length: COUNT }, (_, i) => a.putData(`k${i}`, { i, text: `${i}`.repeat(100) }))
  await Promise.all(puts)
  await a.putData('==name', 'mine')
  const document = new MapCrdt(a.userAccount.getAddress() ?? '')
  document.SET('x', 1)
  await a.putCrdt('document', document)
  await Promise.all(Array.from({ length: 20 }, (_, i) => a.deleteData(`k${i}`)))
  const b = await opened(second, { peers: [placeOf(a)] })
  await until(() => b.stats()['now.sync-items'] === COUNT + 2)
  await Promise.all([a.close(), b.close()])
  await intoTables(second)
  ;[whole, parted] = [first, second]
})

async function intoTables(directory: string): Promise<void> {
  const rows = new ClassicLevel(directory)
  const entries = await rows.iterator().all()
  await rows.close()
  rmSync(directory, { recursive: true })
  const small = new ClassicLevel(directory, { writeBufferSize: 131_072, maxFileSize: 1_048_576, compression: false })
  // A record and its item were written together.
  const isInLog = ([key, value]: [string, string]): boolean =>
    /^k\d*7$/.test(key.startsWith('\u0000sync:') ? value : key)
  const inLog = entries.filter(isInLog)
  const inTables = entries.filter((entry) => !isInLog(entry))
  for (let from = 0; from < inTables.length; from += 200) {
    await small.batch(inTables.slice(from, from + 200).map(([key, value]) => ({ type: 'put', key, value })))
  }
  await small.compactRange('\u0000', '\uffff')
  await small.close()
  const again = new ClassicLevel(directory)
  for (const [key, value] of inLog) if (key.startsWith('k')) await again.batch(withItem(key, value, inLog))
  await again.close()
  expect(filesOf(directory, TABLE).length).toBeGreaterThan(1)
}

function withItem(
  key: string,
  value: string,
  entries: [string, string][],
): { type: 'put'; key: string; value: string }[] {
  const items = entries.filter((entry) => entry[1] === key)
  return [[key, value] as const, ...items].map(([rowKey, text]) => ({ type: 'put', key: rowKey, value: text }))
}

function at<T>(list: readonly T[], index: number): T {
  return list.at(index) as T
}

const DAMAGES: Record<string, (directory: string) => void> = {
  'a table is lost': (copy) => rmSync(at(filesOf(copy, TABLE), 0)),
  'all tables but one are lost': (copy) => {
    for (const file of filesOf(copy, TABLE).slice(1)) rmSync(file)
  },
  'bits flip in every table': (copy) => {
    for (const file of filesOf(copy, TABLE)) {
      const { length } = readFileSync(file)
      for (let i = 1; i < 10; i++) flipBit(file, Math.floor((length * i) / 10))
    }
  },
  'the log is cut': (copy) => {
    const log = at(filesOf(copy, LOG), 0)
    truncateSync(log, Math.floor(readFileSync(log).length * 0.4))
  },
  'the log is lost': (copy) => rmSync(at(filesOf(copy, LOG), 0)),
  'bits flip in the log, a table is cut, and the manifest is lost': (copy) => {
    const log = at(filesOf(copy, LOG), 0)
    flipBit(log, Math.floor(readFileSync(log).length / 2))
    const table = at(filesOf(copy, TABLE), 0)
    truncateSync(table, Math.floor(readFileSync(table).length / 3))
    for (const name of readdirSync(copy)) if (name.startsWith('MANIFEST')) rmSync(join(copy, name))
  },
}

for (const [what, damage] of Object.entries(DAMAGES)) {
  test(`[Y-32] ${what}: the store opens, and after a comparison with another server it is equal to it again`, async () => {
    const peer = await opened(copyOf(whole, join(newDirectory(), 'peer')))
    onTestFinished(() => peer.close())
    const directory = copyOf(parted, join(newDirectory(), 'store'))
    damage(directory)
    const alone = await opened(directory)
    const held = await recordsOf(alone)
    await alone.close()
    const expected = await recordsOf(peer)
    expect(held.length).toBeLessThanOrEqual(expected.length)
    const db = await opened(directory, { peers: [placeOf(peer)] })
    onTestFinished(() => db.close())
    await until(() => db.stats()['now.sync-items'] === COUNT + 2)
    expect(await recordsOf(db)).toEqual(expected)
  })
}

test('[Y-30] a record that was changed behind all checksums is found on a disk, kept aside, told, and brought again', async () => {
  const peer = await opened(copyOf(whole, join(newDirectory(), 'peer')))
  onTestFinished(() => peer.close())
  const directory = copyOf(parted, join(newDirectory(), 'store'))
  const level = new ClassicLevel(directory)
  const record = JSON.parse((await level.get('k700')) ?? '') as { v: { text: string } }
  await level.put('k700', JSON.stringify({ ...record, v: { ...record.v, i: 701 } }))
  await level.close()
  const db = await opened(directory, { scrub: 1 })
  onTestFinished(() => db.close())
  const told: unknown[] = []
  db.on('record-damaged', (found) => told.push(found))
  const report = new Promise((resolve) => db.on('scrubbed', resolve))
  expect(await db.getData('k700')).toMatchObject({ i: 701 })
  // Meanwhile others are served.
  for (let i = 0; i < 50; i++) await db.putData(`live${i}`, i)
  await until(() => told.length > 0)
  expect(told).toEqual([{ key: 'k700', damage: 'content' }])
  expect(await report).toMatchObject({ damaged: 1, complete: true })
  expect(await db.getData('k700')).toBeNull()
  const { host, port } = placeOf(peer)
  db.network.connectTo(host, port)
  await until(async () => (await db.getData('k700')) !== null)
  expect(await db.getData('k700')).toMatchObject({ i: 700 })
  expect(db.stats()).toMatchObject({ 'scrub.damaged': 1, 'scrub.repaired': 1, 'now.scrub-missing': 0 })
})
