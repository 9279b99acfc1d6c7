import { readdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { expect, test } from 'vitest'
import { FORMAT_KEY, STORE_FORMAT } from '../../src/store/format.ts'
import { prefixRange } from '../../src/store/key-order.ts'
import { LevelDbStore } from '../../src/store/leveldb.ts'
import { openError, workError } from '../../src/store/leveldb-open.ts'
import type { StorageAdapter, StorageAdapterHost } from '../../src/store/storage-adapter.ts'
import { temporaryDirectories } from './temporary-directory.ts'

type AdapterClass = new (db: StorageAdapterHost, forceStorageName?: string) => Required<StorageAdapter>

const RealLevelDb = (createRequire(import.meta.url)('@tool-db/leveldb-store') as { default: AdapterClass }).default
const host: StorageAdapterHost = { options: { storageName: 'unused' }, logger: () => undefined }
const newDirectory = temporaryDirectories()
const NOTHING_EXPECTED = new Map<string, string>()

const RECORDS = new Map([
  ['==name', '{"k":"==name","v":{"a":[1,null,"é😀"]}}'],
  [':04abc.key', '{"k":":04abc.key","v":"\\ud83d"}'],
  ['é😀', '{"v":1}'],
])

async function openFailure(directory: string): Promise<unknown> {
  const store = new LevelDbStore(directory)
  const error = await store.ready.catch((caught: unknown) => caught)
  // Every method says the same, and close gives back what there is.
  await expect(store.readMany(['a'])).rejects.toBe(error)
  await expect(store.commit([{ kind: 'set', key: 'a', value: '1' }], NOTHING_EXPECTED, 'sync')).rejects.toBe(error)
  await expect(store.scan({ from: 'a' }, { limit: 1 })).rejects.toBe(error)
  await store.close()
  return error
}

async function writeRaw(directory: string, rows: ReadonlyMap<string, string>): Promise<void> {
  const level = new ClassicLevel(directory)
  for (const [key, value] of rows) await level.put(key, value)
  await level.close()
}

test('[ST-20] a directory of tool-db opens as it stands, and tool-db opens ours', async () => {
  const directory = join(newDirectory(), 'tooldb')
  const theirs = new RealLevelDb(host, directory)
  for (const [key, value] of RECORDS) await theirs.put(key, value)
  await theirs.close()

  const ours = new LevelDbStore(directory)
  const rows = await ours.readMany([...RECORDS.keys()])
  expect(rows.map((row) => row?.value)).toEqual([...RECORDS.values()])
  expect((await ours.scan(prefixRange(''), { limit: 10 })).keys).toEqual([':04abc.key', '==name', 'é😀'])
  await ours.commit(
    [
      { kind: 'set', key: '==name', value: '{"v":2}' },
      { kind: 'set', key: 'new', value: '{"v":3}' },
    ],
    NOTHING_EXPECTED,
    'memory',
  )
  await ours.close()

  const again = new RealLevelDb(host, directory)
  expect(await again.get('==name')).toBe('{"v":2}')
  expect(await again.get('new')).toBe('{"v":3}')
  expect(await again.get('é😀')).toBe(RECORDS.get('é😀'))
  expect(await again.query('==')).toEqual(['==name'])
  await again.close()
})

test('[ST-21] a new store is marked with its format; one of a newer format is left alone', async () => {
  const directory = join(newDirectory(), 'db')
  const store = new LevelDbStore(directory)
  const [mark] = await store.readMany([FORMAT_KEY])
  expect(JSON.parse(mark?.value as string)).toEqual({ format: STORE_FORMAT })
  expect((await store.scan(prefixRange(''), { limit: 10 })).keys).toEqual([])
  await store.close()

  await writeRaw(directory, new Map([[FORMAT_KEY, '{"format":99,"by":"a later one"}']]))
  expect(await openFailure(directory)).toMatchObject({
    code: 'SHOAL_STORE_NEWER_FORMAT',
    message: `the store in ${directory} was written by a newer shoal (format 99, this one knows 1): upgrade shoal, or choose another directory`,
  })
  // The lock was given back: whoever can read it may open it.
  await writeRaw(directory, new Map([[FORMAT_KEY, JSON.stringify({ format: 1 })]]))
  const reopened = new LevelDbStore(directory)
  await reopened.ready
  await reopened.close()
})

test.each(['', 'x', 'null', '[]', '{"format":"1"}', '{"format":0}', '{"format":1.5}'])(
  '[ST-21] a format mark that is none (%j) is said to be damaged',
  async (mark) => {
    const directory = newDirectory()
    await writeRaw(directory, new Map([[FORMAT_KEY, mark]]))
    expect(await openFailure(directory)).toMatchObject({
      code: 'SHOAL_STORE_DAMAGED',
      message: /restore it from a backup/,
    })
  },
)

test('[ST-22] a store that is open already says so, and opens once it is given back', async () => {
  const directory = newDirectory()
  const first = new LevelDbStore(directory)
  await first.ready
  expect(await openFailure(directory)).toMatchObject({ code: 'SHOAL_STORE_IN_USE' })
  await first.close()
  const second = new LevelDbStore(directory)
  await second.ready
  await second.close()
})

test('[ST-23] missing parents are made; where no directory can be, one sentence says so', async () => {
  const base = newDirectory()
  const deep = new LevelDbStore(join(base, 'a/b/c'))
  await deep.ready
  await deep.close()
  expect(readdirSync(join(base, 'a/b/c'))).toContain('CURRENT')

  writeFileSync(join(base, 'file'), 'mine')
  for (const path of [join(base, 'file'), join(base, 'file/below'), '/proc/shoal']) {
    expect(await openFailure(path)).toMatchObject({
      code: 'SHOAL_STORE_UNWRITABLE',
      message: expect.stringContaining(`can't keep a store in ${path} (`),
      cause: expect.any(Error),
    })
  }
  expect(() => new LevelDbStore('')).toThrow(expect.objectContaining({ code: 'SHOAL_USAGE' }))
})

test('[ST-27] of a full disk it is said that it is full, at the start as at work', () => {
  // As the engine gives it.
  const cause = Object.assign(new Error('IO error: /data/000005.log: No space left on device'), {
    code: 'LEVEL_IO_ERROR',
  })
  const opening = Object.assign(new Error('Database failed to open'), { code: 'LEVEL_DATABASE_NOT_OPEN', cause })
  for (const error of [openError('/data', opening), workError('/data', 'write', cause)]) {
    expect(error).toMatchObject({ code: 'SHOAL_STORE_FAILED', cause })
    expect(error.message).toMatch(/\/data lies on is full .*make room/)
  }
  const denied = Object.assign(new Error('IO error: /data/LOCK: Permission denied'), { code: 'LEVEL_IO_ERROR' })
  expect(openError('/data', denied)).toMatchObject({ code: 'SHOAL_STORE_UNWRITABLE' })
})

test('[ST-25] commits that are joined into one batch are each decided alone, in their order', async () => {
  const store = new LevelDbStore(join(newDirectory(), 'db'))
  const put = (key: string, value: string, expected: string | undefined): Promise<{ kind: string }> =>
    store.commit(
      [{ kind: 'set', key, value }],
      expected === undefined ? NOTHING_EXPECTED : new Map([[key, expected]]),
      'memory',
    )
  const results = await Promise.all([
    put('a', '1', ''),
    put('a', '2', ''),
    put('a', '3', '1'),
    put('b', '1', undefined),
    put('a', '4', '1'),
    store.commit([{ kind: 'delete', key: 'a' }], new Map([['a', '3']]), 'sync'),
    put('a', '5', ''),
  ])
  expect(results.map((result) => result.kind)).toEqual([
    'committed',
    'conflict',
    'committed',
    'committed',
    'conflict',
    'committed',
    'committed',
  ])
  expect((await store.readMany(['a', 'b'])).map((row) => row?.value)).toEqual(['5', '1'])
  await store.close()
})
