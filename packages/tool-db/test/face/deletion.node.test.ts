import { UsageError } from '@shoal/base'
import { expect, test } from 'vitest'
import type { ToolDb } from '../../src/tool-db.ts'
import { connected, placeOf, server, started, temporaryDirectory, until } from './world.ts'

async function pair(storageName?: string): Promise<{ db: ToolDb; client: ToolDb }> {
  const db = await server(storageName === undefined ? {} : { store: undefined, storageName })
  const client = await started({ peers: [placeOf(db)] })
  await connected(client)
  return { db, client }
}

for (const kind of ['memory', 'LevelDB']) {
  test(`[T-95] deleteData is confirmed by a server on a ${kind} store, reads as null, and is left out of queries`, async () => {
    const { db, client } = await pair(kind === 'memory' ? undefined : await temporaryDirectory())
    await client.putData('doc-a', 1, false, { confirm: 1 })
    await client.putData('doc-b', 2, true, { confirm: 1 })
    const seen: unknown[] = []
    db.addKeyListener('doc-a', (record) => seen.push(record.v))
    const message = await client.deleteData('doc-a', false, { confirm: 1 })
    expect(message.data).toMatchObject({ k: 'doc-a', v: null, c: 'DEL' })
    await client.deleteData('doc-b', true, { confirm: 1 })
    for (const each of [db, client]) {
      expect(await each.getData('doc-a')).toBeNull()
      expect(await each.getRecord('doc-a')).toEqual({ record: undefined, complete: true })
      expect(await each.queryKeys('doc')).toEqual([])
    }
    expect(await client.getData('doc-b', true)).toBeNull()
    expect(await client.queryKeys('', true)).toEqual([])
    await until(() => seen.length === 1)
    expect(seen).toEqual([null])
    await client.putData('doc-a', 3, false, { confirm: 1 })
    expect(await db.getData('doc-a')).toBe(3)
    expect(await client.queryKeys('doc')).toEqual(['doc-a'])
  })

  test(`[T-95] what was put with a ttl ends here and on a server with a ${kind} store`, async () => {
    const { db, client } = await pair(kind === 'memory' ? undefined : await temporaryDirectory())
    const { data } = await client.putData('soon', 1, false, { ttl: 400, confirm: 1 })
    expect(`${data.n}`).toMatch(new RegExp(`\\.${data.t + 400}$`))
    expect(await db.getData('soon')).toBe(1)
    await until(async () => (await db.queryKeys('soon')).length === 0)
    expect(await db.getData('soon')).toBeNull()
    expect(await client.getData('soon')).toBeNull()
    await until(() => db.stats()['records.removed-expired'] === 1)
  })
}

test('[T-95] a ttl that can’t be meant, and one of a name, are refused in one sentence', async () => {
  const { client } = await pair()
  for (const ttl of [0, -1, 1.5, Number.NaN, 1e13, '5' as never]) {
    await expect(client.putData('k', 1, false, { ttl })).rejects.toThrow('ttl is a whole number of milliseconds')
  }
  await expect(client.putData('==name', 1, false, { ttl: 5_000 })).rejects.toThrow(UsageError)
  await expect(client.deleteData('a.b')).rejects.toThrow('Key cannot include dots')
})
