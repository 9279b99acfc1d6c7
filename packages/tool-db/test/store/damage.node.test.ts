import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { beforeAll, expect, test } from 'vitest'
import { REPAIRED_KEY } from '../../src/store/format.ts'
import { readLog } from '../../src/store/level-files/log-file.ts'
import { LevelDbStore } from '../../src/store/leveldb.ts'
import { copyOf, filesOf, find, flipBit, keysFrom, textOf, writeTables } from './level-rows.ts'
import { temporaryDirectories } from './temporary-directory.ts'

const newDirectory = temporaryDirectories()
const KEYS = keysFrom(6_000)
const IN_LOG = 40
const TABLE = /\.(ldb|sst)$/
const LOG = /\.log$/
const MANIFEST = /^MANIFEST-/

let original: string
beforeAll(async () => {
  original = join(newDirectory(), 'store')
  await writeTables(original, KEYS, IN_LOG)
})

/** A copy of the store, damaged in this way. */
function damaged(damage: (directory: string) => void): string {
  const directory = copyOf(original, join(newDirectory(), 'store'))
  damage(directory)
  return directory
}

function at<T>(list: readonly T[], index: number): T {
  return list.at(index) as T
}

test('[ST-42] a store that nothing has happened to is said to be whole, and every file was looked at', async () => {
  const { missing, wrong, store } = await find(
    damaged(() => undefined),
    KEYS,
  )
  expect([missing, wrong]).toEqual([[], []])
  expect(store.condition).toMatchObject({ damage: [], setAside: undefined, isRebuilt: false, cut: 0 })
  expect(store.condition?.bytes).toBeGreaterThan(KEYS.length * 300)
  await store.close()
})

test('[ST-42] a flipped bit in a table costs the rows of its block alone, and the table is set aside as it was', async () => {
  let before = Buffer.alloc(0)
  let name = ''
  const directory = damaged((copy) => {
    const file = at(filesOf(copy, TABLE), 1)
    flipBit(file, 20_000)
    before = readFileSync(file)
    name = file.slice(copy.length + 1)
  })
  const { missing, wrong, store } = await find(directory, KEYS)
  expect(wrong).toEqual([])
  expect(missing.length).toBeGreaterThan(0)
  expect(missing.length).toBeLessThan(20)
  expect(store.condition).toMatchObject({
    damage: [{ file: name, what: expect.stringMatching(/^is damaged in 1 of \d+ blocks$/) }],
    isRebuilt: true,
  })
  const place = store.condition?.setAside as string
  expect(readFileSync(join(place, name)).equals(before)).toBe(true)
  expect(readFileSync(join(place, 'REPORT'), 'utf8')).toContain(`${name} is damaged in 1 of`)
  // Written again, the rows are there.
  const writes = missing.map((key) => ({ kind: 'set', key, value: textOf(key) }) as const)
  await store.commit(writes, new Map(), 'sync')
  await store.close()
  const again = await find(directory, KEYS)
  expect([again.missing, again.wrong, again.store.condition?.damage]).toEqual([[], [], []])
  await again.store.close()
})

test('[ST-42] a table whose index or footer is damaged, or that is missing or cut, costs its own rows', async () => {
  for (const damage of [
    (file: string) => flipBit(file, readFileSync(file).length - 3),
    (file: string) => flipBit(file, readFileSync(file).length - 60),
    (file: string) => truncateSync(file, 100_000),
    (file: string) => truncateSync(file, 0),
    (file: string) => rmSync(file),
  ]) {
    const directory = damaged((copy) => damage(at(filesOf(copy, TABLE), 0)))
    const { missing, wrong, store } = await find(directory, KEYS)
    expect(wrong).toEqual([])
    expect(missing.length).toBeGreaterThan(100)
    expect(missing.length).toBeLessThan(KEYS.length - IN_LOG)
    expect(store.condition?.damage).toHaveLength(1)
    await store.close()
  }
})

test('[ST-42] a flipped bit in the log costs its record alone; records behind it are read, and the log is set aside', async () => {
  const all = readLog(readFileSync(at(filesOf(original, LOG), 0))).records.length
  for (const part of [0.1, 0.5, 0.9]) {
    const directory = damaged((copy) => {
      const log = at(filesOf(copy, LOG), 0)
      flipBit(log, Math.floor(readFileSync(log).length * part))
    })
    const { missing, wrong, store } = await find(directory, KEYS)
    expect(all).toBe(IN_LOG)
    expect(wrong).toEqual([])
    expect(missing).toHaveLength(1)
    expect(store.condition).toMatchObject({
      damage: [{ file: expect.stringMatching(LOG), what: expect.stringMatching(/^is damaged at byte \d+$/) }],
      isRebuilt: false,
    })
    expect(readdirSync(store.condition?.setAside as string)).toContain(at(store.condition?.damage ?? [], 0).file)
    await store.close()
  }
})

test('[ST-43] a damaged, cut or missing manifest, or nonsense in CURRENT, costs nothing', async () => {
  for (const damage of [
    (copy: string) => flipBit(at(filesOf(copy, MANIFEST), 0), 40),
    (copy: string) => truncateSync(at(filesOf(copy, MANIFEST), 0), 0),
    (copy: string) => rmSync(at(filesOf(copy, MANIFEST), 0)),
    (copy: string) => writeFileSync(join(copy, 'CURRENT'), 'nonsense'),
    (copy: string) => writeFileSync(join(copy, 'CURRENT'), ''),
    (copy: string) => writeFileSync(join(copy, 'CURRENT'), 'MANIFEST-000099\n'),
    (copy: string) => rmSync(join(copy, 'CURRENT')),
  ]) {
    const { missing, wrong, store } = await find(damaged(damage), KEYS)
    expect([missing, wrong]).toEqual([[], []])
    expect(store.condition).toMatchObject({ isRebuilt: true })
    expect((await store.readMany([REPAIRED_KEY]))[0]).toBeDefined()
    expect(store.condition?.damage.length).toBeGreaterThan(0)
    await store.close()
  }
})

test('[ST-44] who is at work in another instance is not disturbed by somebody who sees damage', async () => {
  const directory = damaged(() => undefined)
  const holder = new LevelDbStore(directory)
  await holder.ready
  rmSync(join(directory, 'CURRENT'))
  const before = readdirSync(directory).filter((name) => TABLE.test(name))
  const refused = new LevelDbStore(directory)
  await expect(refused.ready).rejects.toMatchObject({ code: 'SHOAL_STORE_IN_USE' })
  expect(readdirSync(directory).filter((name) => TABLE.test(name))).toEqual(before)
  expect((await holder.readMany([at(KEYS, 0)]))[0]?.value).toBe(textOf(at(KEYS, 0)))
  await holder.close()
})

test('[ST-45] a repair that was cut short is taken up again', async () => {
  const directory = damaged((copy) => {
    // As when the process died after the good blocks had taken the table's place, and before the manifest knew.
    const file = at(filesOf(copy, TABLE), 0)
    flipBit(file, 20_000)
  })
  const first = await find(directory, KEYS)
  const { missing } = first
  const place = first.store.condition?.setAside as string
  await first.store.close()
  const table = readdirSync(place).find((name) => TABLE.test(name)) as string
  const manifest = readdirSync(join(place, 'read-anew')).find((name) => MANIFEST.test(name)) as string
  const half = damaged((copy) => {
    const rest = readFileSync(join(directory, table))
    writeFileSync(join(copy, table), rest)
    expect(readdirSync(copy)).toContain(manifest)
  })
  const second = await find(half, KEYS)
  expect(second.missing).toEqual(missing)
  expect(second.wrong).toEqual([])
  expect(second.store.condition?.damage[0]?.what).toBe('is not as long as it was written')
  await second.store.close()
})

test('[ST-24] what nobody can make sense of is refused, and left there', async () => {
  const directory = join(newDirectory(), 'store')
  const level = new ClassicLevel(directory)
  await level.put('a', '1')
  await level.close()
  const [manifest] = filesOf(directory, MANIFEST) as [string]
  rmSync(manifest)
  mkdirSync(manifest)
  const store = new LevelDbStore(directory)
  await expect(store.ready).rejects.toMatchObject({ code: 'SHOAL_STORE_FAILED' })
  expect(filesOf(directory, LOG)).toHaveLength(1)
  await store.close()
})
