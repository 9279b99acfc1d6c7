import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { expect, onTestFinished, test } from 'vitest'
import { StoreError } from '../../src/store/store-error.ts'
import { ToolDb } from '../../src/tool-db.ts'
import { server, temporaryDirectory } from './world.ts'

const PEER_ROW = '\u0000peer'

async function written(): Promise<{ storageName: string; peerId: string | undefined }> {
  const storageName = join(await temporaryDirectory(), 'store')
  const db = await server({ store: undefined, storageName })
  await db.putData('kept', 1)
  const peerId = db.peerAccount.getAddress()
  expect(db.stats()['store.peer-key-lost']).toBe(0)
  await db.close()
  return { storageName, peerId }
}

async function change(storageName: string, work: (level: ClassicLevel) => Promise<void>): Promise<void> {
  const level = new ClassicLevel(storageName)
  await work(level)
  await level.close()
}

async function opened(storageName: string): Promise<{ db: ToolDb; told: unknown[] }> {
  const told: unknown[] = []
  const db = new ToolDb({ server: true, port: 0, bind: '127.0.0.1', topic: 'face', storageName })
  onTestFinished(() => db.close())
  db.on('new-identity', (about) => told.push(about))
  await db.ready
  return { db, told }
}

test('[ST-48] a peer key that is lost makes another peer, which is told, once, and keeps all records', async () => {
  const { storageName, peerId } = await written()
  await change(storageName, (level) => level.del(PEER_ROW))
  const { db, told } = await opened(storageName)
  const now = db.peerAccount.getAddress()
  expect(now).not.toBe(peerId)
  expect(told).toEqual([{ peerId: now }])
  expect(db.stats()['store.peer-key-lost']).toBe(1)
  expect(await db.getData('kept')).toBe(1)
  await db.close()
  const again = await opened(storageName)
  expect([again.db.peerAccount.getAddress(), again.told]).toEqual([now, []])
})

test('[ST-48] a peer key that is there and can’t be read is refused, and left as it is', async () => {
  const { storageName } = await written()
  await change(storageName, async (level) => {
    const text = (await level.get(PEER_ROW)) ?? ''
    await level.put(PEER_ROW, text.slice(0, -20))
  })
  const failed = server({ store: undefined, storageName })
  await expect(failed).rejects.toBeInstanceOf(StoreError)
  await expect(failed).rejects.toMatchObject({
    code: 'SHOAL_STORE_DAMAGED',
    message: expect.stringContaining('peer key'),
  })
  await change(storageName, async (level) => {
    expect((await level.get(PEER_ROW))?.length).toBeGreaterThan(0)
    expect(await level.get('kept')).toBeDefined()
  })
})
