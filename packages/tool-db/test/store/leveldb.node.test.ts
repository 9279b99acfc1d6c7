import { expect, test } from 'vitest'
import { program, testNeeding } from '../../../../test/support/requirements.ts'
import { LevelDbStore } from '../../src/store/leveldb.ts'
import type { Durability } from '../../src/store/store.ts'
import { child, STORE_PROCESS, storeProcess } from './child-process.ts'
import { temporaryDirectories } from './temporary-directory.ts'

const newDirectory = temporaryDirectories()
test('[ST-22] a store in use by another process says so, and opens once that one has ended', async () => {
  const directory = newDirectory()
  const holder = storeProcess('hold', directory)
  await holder.until(() => holder.lines.includes('open'))
  const refused = new LevelDbStore(directory)
  await expect(refused.ready).rejects.toMatchObject({
    code: 'SHOAL_STORE_IN_USE',
    message: `the store in ${directory} is in use by another process: stop that one, or choose another directory`,
  })
  await refused.close()
  // It has nothing left that would keep it alive.
  holder.process.stdin?.end()
  await holder.ended
  expect(holder.process.exitCode).toBe(0)
  const store = new LevelDbStore(directory)
  await store.ready
  await store.close()
})

test.each<Durability>(['memory', 'sync'])(
  '[ST-26] kill -9 in the middle of writing (%s) loses nothing that was acknowledged',
  async (durability) => {
    const directory = newDirectory()
    let from = 0
    for (let round = 0; round < 4; round++) {
      const writer = storeProcess('write', directory, durability, String(from))
      await writer.until(() => writer.lines.length > 200 + 150 * round)
      writer.process.kill('SIGKILL')
      await writer.ended
      const acknowledged = writer.lines.filter((line) => line !== 'open')
      const store = new LevelDbStore(directory)
      const rows = await store.readMany(acknowledged.map((i) => `k${i}`))
      expect(rows.map((row) => row?.value)).toEqual(acknowledged)
      await store.close()
      from += 10_000_000
    }
  },
)

testNeeding(program('bash', 'bash'))(
  '[ST-27] a disk that takes no more (needs bash): the commit rejects with the cause, and so do the next',
  async () => {
    const directory = newDirectory()
    const filler = child('/bin/bash', [
      '-c',
      `ulimit -f 200 && exec '${process.execPath}' '${STORE_PROCESS}' fill '${directory}'`,
    ])
    await filler.ended
    const [failed, after] = filler.lines.map((line) => JSON.parse(line))
    expect(failed).toMatchObject({ code: 'SHOAL_STORE_FAILED', cause: expect.stringContaining('File too large') })
    expect(failed.acknowledged).toBeGreaterThan(0)
    expect(after).toEqual({ next: 'SHOAL_STORE_FAILED' })
    const store = new LevelDbStore(directory)
    const keys = Array.from({ length: failed.acknowledged }, (_, i) => `k${i}`)
    expect((await store.readMany(keys)).every((row) => row?.value.length === 10_002)).toBe(true)
    await store.close()
  },
)
