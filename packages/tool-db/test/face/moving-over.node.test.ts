/** A directory that tool-db has used, opened by ours as it stands, and given back. */

import { readdir, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { expect, onTestFinished, test } from 'vitest'
import { TheirEcdsaUser, theirs } from '../records/golden.ts'
import { connected, placeOf, server, started, temporaryDirectory } from './world.ts'

const RealLevelDb = createRequire(import.meta.url)('@tool-db/leveldb-store').default

/** npm tool-db names the directory of its keys relative to where the program runs. */
async function workIn(directory: string): Promise<void> {
  const before = process.cwd()
  process.chdir(directory)
  onTestFinished(() => process.chdir(before))
}

// biome-ignore lint/suspicious/noExplicitAny: npm tool-db's class, as it comes out of require()
async function toolDb(): Promise<any> {
  const db = new theirs.ToolDb({
    server: true,
    topic: 'face',
    storageName: 'db',
    storageAdapter: RealLevelDb,
    userAdapter: TheirEcdsaUser,
    networkAdapter: theirs.ToolDbNetworkAdapter,
  })
  await db.ready
  return db
}

test('[U-40] data, users and the peer’s key of tool-db are taken over, and are still there for tool-db', async () => {
  await workIn(await temporaryDirectory())
  const old = await toolDb()
  await old.putData('greeting', { from: 'before' })
  await old.putData('settings', { theme: 'dark' }, true)
  const claim = await old.signUp('alice', 'correct horse')
  const [peer, author] = [old.peerAccount.getAddress(), old.userAccount.getAddress()]
  const text = await old.store.get('greeting')
  await old.close()

  const ours = await server({ store: undefined, storageName: 'db' })
  expect(ours.peerAccount.getAddress()).toBe(peer)
  expect(await ours.store.get('greeting')).toBe(text)
  expect(await ours.queryKeys('', false, 50)).toEqual([`:${author}.settings`, '==alice', 'greeting'].sort())
  const client = await started({ peers: [placeOf(ours)] })
  await connected(client)
  expect(await client.getData('greeting')).toEqual({ from: 'before' })
  await client.signIn('alice', 'correct horse')
  expect(client.userAccount.getAddress()).toBe(claim.data.a)
  await client.putData('greeting', { from: 'after' }, false, { confirm: 1 })
  await ours.close()

  const back = await toolDb()
  expect(back.peerAccount.getAddress()).toBe(peer)
  expect(await back.getData('greeting')).toEqual({ from: 'after' })
  expect(await back.verifyMessage(JSON.parse(await back.store.get('greeting')))).toBe('Verified')
  await back.close()
})

test('[U-40] the key is ours from then on, and a directory without one is left as it is', async () => {
  await workIn(await temporaryDirectory())
  const old = await toolDb()
  const peer = old.peerAccount.getAddress()
  await old.close()
  await (await server({ store: undefined, storageName: 'db' })).close()
  await rm('_____peer_db', { recursive: true })
  const again = await server({ store: undefined, storageName: 'db' })
  expect(again.peerAccount.getAddress()).toBe(peer)
  await again.close()
  expect(await readdir('.')).toEqual(['db'])
})

test('[U-40] a key that can’t be opened is said: nobody becomes another peer without a word', async () => {
  await workIn(await temporaryDirectory())
  await (await toolDb()).close()
  const keys = new RealLevelDb({ options: { storageName: 'x' }, logger: () => undefined }, '_____peer_db')
  await keys.put('%default-peer%', '{"name":"x","keys":"00","iv":"AAAA"}')
  await keys.close()
  await expect(server({ store: undefined, storageName: 'db' })).rejects.toMatchObject({ code: 'SHOAL_STORE_DAMAGED' })
})
