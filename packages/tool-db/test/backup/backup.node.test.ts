/** Export and import: what comes out goes in again, and what is cut, forged or of somebody else's is told. */

import { createRequire } from 'node:module'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { exportRecords } from '../../src/backup/export.ts'
import { type ImportOutcome, importRecords } from '../../src/backup/import.ts'
import { LevelDbStore, MapCrdt, MemoryStore, ToolDb } from '../../src/index.ts'
import { temporaryDirectory } from '../face/world.ts'
import { TheirEcdsaUser, theirs } from '../records/golden.ts'

const RealLevelDb = createRequire(import.meta.url)('@tool-db/leveldb-store').default
const TOPIC = 'backup'

async function database(options: object = {}): Promise<ToolDb> {
  const db = new ToolDb({ topic: TOPIC, store: 'memory', ...options })
  onTestFinished(() => db.close())
  await db.ready
  return db
}

async function textOf(db: ToolDb): Promise<string> {
  let text = ''
  for await (const chunk of db.exportRecords()) text += chunk
  return text
}

async function* chunksOf(text: string, size = 1_000): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

function into(db: ToolDb, text: string, size?: number): Promise<ImportOutcome> {
  return db.importRecords(chunksOf(text, size))
}

/** The records, whatever the order of them and of their fields. */
function recordsOf(text: string): readonly string[] {
  const lines = text.trimEnd().split('\n').slice(1, -1)
  return lines.map((line) => JSON.stringify(Object.entries(JSON.parse(line) as object).sort())).sort()
}

/** Something of everything: values, a namespace, a name, a deletion, an end, changes of two authors. */
async function full(options: object = {}): Promise<ToolDb> {
  const db = await database(options)
  for (let i = 0; i < 20; i++) await db.putData(`k${i}`, { i, text: 'ü\n😀' })
  await db.putData('mine', 1, true)
  await db.putData('gone', 1)
  await db.deleteData('gone')
  await db.putData('ends', 1, false, { ttl: 3_600_000 })
  await db.deleteData('away')
  await db.putData('away', 1, false, { ttl: 3_600_000 })
  await db.signUp('alice', 'correct horse')
  for (const field of ['a', 'b']) {
    const map = new MapCrdt<number>(db.userAccount.getAddress() as string)
    map.SET(field, 1)
    await db.putCrdt('document', map)
    await db.anonSignIn()
  }
  return db
}

test('[ST-50] what one store exports another imports, and exports again: every record, in whatever chunks it came', async () => {
  const [from, to] = [await full(), await database()]
  const text = await textOf(from)
  const outcome = await into(to, text, 7)
  const count = recordsOf(text).length
  expect(outcome).toEqual({
    records: count,
    stored: count,
    held: 0,
    refused: {},
    damaged: 0,
    complete: true,
    topic: TOPIC,
  })
  expect(recordsOf(await textOf(to))).toEqual(recordsOf(text))
  // The deletion too that a value with an end was written over.
  expect(recordsOf(text).filter((record) => record.includes('"away"'))).toHaveLength(2)
  expect(await to.getData('k3')).toEqual({ i: 3, text: 'ü\n😀' })
  expect(await to.getData('gone')).toBeNull()
  expect(await to.queryKeys('gone')).toEqual([])
  const map = await to.getCrdt('document', new MapCrdt<number>('reader'))
  expect(map.value).toEqual({ a: 1, b: 1 })
  await to.signIn('alice', 'correct horse')
})

test('[ST-50] an export is of one moment: what is written while it is read is not in it', async () => {
  const store = new LevelDbStore(join(await temporaryDirectory(), 'db'))
  onTestFinished(() => store.close())
  const rows = (from: number) =>
    Array.from({ length: 700 }, (_, i) => ({ kind: 'set', key: `k${from + i}`, value: '{}' }) as const)
  await store.commit(rows(1_000), new Map(), 'memory')
  let records = 0
  for await (const text of exportRecords({ store, topic: TOPIC, now: 0 })) {
    const before = records
    records += text.split('\n').filter((line) => line.includes('"row"')).length
    if (before === 0 && records > 0) await store.commit([...rows(0), ...rows(8_000)], new Map(), 'memory')
  }
  expect(records).toBe(700)
})

test('[ST-51] cut anywhere, an export gives what stands before the cut, and is told to be cut', async () => {
  const text = await textOf(await full())
  const lines = text.split('\n')
  for (const kept of [1, 2, 10, lines.length - 2]) {
    const to = await database()
    const outcome = await into(to, `${lines.slice(0, kept).join('\n')}\n`)
    expect(outcome).toMatchObject({ records: kept - 1, stored: kept - 1, damaged: 0, complete: false })
  }
  const half = await into(await database(), text.slice(0, -200))
  expect(half).toMatchObject({ complete: false })
  expect(half.stored).toBe(half.records - half.damaged)
})

test('[ST-51] a damaged line is told and costs no other; one that is missing, doubled or added is told', async () => {
  const text = await textOf(await full())
  const lines = text.split('\n')
  const count = recordsOf(text).length
  const nonsense = [...lines.slice(0, 5), lines[5]?.slice(0, 50), ...lines.slice(6)].join('\n')
  expect(await into(await database(), nonsense)).toMatchObject({ stored: count - 1, damaged: 1, complete: false })
  const flipped = text.replace('"i":7', '"i":8')
  expect(await into(await database(), flipped)).toMatchObject({
    stored: count - 1,
    refused: { InvalidHashNonce: 1 },
    complete: false,
  })
  for (const changed of [
    [...lines.slice(0, 5), ...lines.slice(6)],
    [...lines.slice(0, 5), ...lines.slice(4)],
    [...lines.slice(0, -1), lines[3], ''],
  ]) {
    expect(await into(await database(), changed.join('\n'))).toMatchObject({ complete: false })
  }
})

test('[ST-52] records of another topic are refused by code, and taken where the topic is accepted', async () => {
  const text = await textOf(await full())
  const count = recordsOf(text).length
  const strange = await into(await database({ topic: 'renamed' }), text)
  expect(strange).toMatchObject({ stored: 0, refused: { InvalidBinding: count }, complete: true, topic: TOPIC })
  const known = await into(await database({ topic: 'renamed', acceptTopics: [TOPIC] }), text)
  expect(known).toMatchObject({ stored: count, refused: {}, complete: true })
})

test('[ST-53] an import that broke off is started again: what is held is skipped', async () => {
  const text = await textOf(await full())
  const count = recordsOf(text).length
  const to = await database()
  await into(to, text.slice(0, Math.floor(text.length / 2)))
  const again = await into(to, text)
  expect(again).toMatchObject({ records: count, refused: {}, complete: true })
  expect(again.held).toBeGreaterThan(0)
  expect(again.held + again.stored).toBe(count)
  expect(await into(to, text)).toMatchObject({ stored: 0, held: count })
})

test.each([
  ['', /is empty/],
  ['hello\n', /no export of shoal/],
  ['{"shoal":"export","version":"1"}\n', /no export of shoal/],
  ['{"shoal":"export","version":2}\n', /newer shoal \(version 2, this one knows 1\): upgrade shoal/],
])('[ST-54] %j is no export that can be imported', async (text, sentence) => {
  const db = await database()
  await expect(into(db, text)).rejects.toMatchObject({ code: 'SHOAL_NOT_AN_EXPORT', message: sentence })
})

test('[ST-54] a line without an end takes no memory without an end', async () => {
  async function* endless(): AsyncGenerator<string> {
    yield '{"shoal":"export","version":1}\n'
    for (let i = 0; i < 40; i++) yield 'x'.repeat(1_048_576)
  }
  const outcome = await importRecords(endless(), async () => ({ kind: 'stored' }))
  expect(outcome).toMatchObject({ records: 1, damaged: 1, complete: false })
})

test('[ST-55] a directory that tool-db has written is imported record by record, forgeries counted', async () => {
  const directory = await temporaryDirectory()
  const before = process.cwd()
  process.chdir(directory)
  onTestFinished(() => process.chdir(before))
  const old = new theirs.ToolDb({
    server: true,
    topic: TOPIC,
    storageName: 'db',
    storageAdapter: RealLevelDb,
    userAdapter: TheirEcdsaUser,
    networkAdapter: theirs.ToolDbNetworkAdapter,
  })
  await old.ready
  await old.putData('greeting', { from: 'before' })
  await old.putData('settings', { theme: 'dark' }, true)
  await old.signUp('alice', 'correct horse')
  // As anybody could replace a value there.
  const forged = { ...JSON.parse(await old.store.get('greeting')), k: 'forged', v: 'forged' }
  await old.store.put('forged', JSON.stringify(forged))
  await old.store.put('nonsense', 'no record')
  await old.close()

  const store = new LevelDbStore(join(directory, 'db'))
  const to = await database()
  const outcome = await to.importRecords(exportRecords({ store, topic: undefined, now: 0 }))
  await store.close()
  expect(outcome).toEqual({
    records: 5,
    stored: 3,
    held: 0,
    refused: { InvalidData: 1, InvalidHashNonce: 1 },
    damaged: 0,
    complete: true,
    topic: null,
  })
  expect(await to.getData('greeting')).toEqual({ from: 'before' })
  await to.signIn('alice', 'correct horse')
})

test('[ST-50] a store without rows of one moment is exported page by page', async () => {
  const store = new MemoryStore()
  const db = await database({ store })
  for (let i = 0; i < 1_200; i++) await store.commit([{ kind: 'set', key: `k${i}`, value: 'x' }], new Map(), 'memory')
  expect(recordsOf(await textOf(db))).toHaveLength(1_200)
})
