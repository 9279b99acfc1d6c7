/** The rest of tool-db's API on a single database, and between two. */

import { expect, test } from 'vitest'
import type { Message } from '../../src/core/wire/message.ts'
import { ToolDb } from '../../src/tool-db.ts'
import { connected, placeOf, server, started, until } from './world.ts'

test('[T-86] tool-db’s events tell what came in, and who we are', async () => {
  const a = await server()
  const client = new ToolDb({ topic: 'face', peers: [placeOf(a)] })
  const told: string[] = []
  const init = new Promise((resolve) => client.once('init', resolve))
  for (const name of ['put', 'data', 'verified'] as const) a.on(name, () => told.push(name))
  a.on('message', (message: Message, clientId: string) => {
    if (message.type === 'put') told.push(`message ${clientId === client.network.getClientAddress()}`)
  })
  expect(await init).toBe(client.userAccount.getAddress())
  await client.putData('k', 1, false, { confirm: 1 })
  expect(told).toEqual(['message true', 'put', 'data', 'verified'])
  await client.close()
})

test('[T-86] a message goes to nobody who is named in its list', async () => {
  const a = await server()
  const client = await started({ peers: [placeOf(a)] })
  await connected(client)
  await client.putData('kept back', 1, false, [a.network.getClientAddress()])
  await client.putData('sent', 2, false, { confirm: 1 })
  expect(await a.queryKeys('', false, 50)).toEqual(['sent'])
})

test('[T-82] signing in with a private key, and as nobody', async () => {
  const db = await started()
  const other = await started()
  const before = db.userAccount.getAddress()
  const { priv } = (await other.userAccount.decryptAccount(await other.userAccount.encryptAccount('p'), 'p')) as {
    priv: string
  }
  await db.keysSignIn(priv, 'ada')
  expect(db.userAccount.getAddress()).toBe(other.userAccount.getAddress())
  expect(db.userAccount.getUsername()).toBe('ada')
  await db.anonSignIn()
  expect(db.userAccount.getAddress()).not.toBe(before)
  await expect(db.keysSignIn('not a key')).rejects.toMatchObject({ code: 'SHOAL_USAGE' })
})

test('[T-44] verifyMessage says in tool-db’s word what is wrong with a record', async () => {
  const db = await started()
  const { data } = await db.putData('k', { v: 1 })
  expect(await db.verifyMessage(data)).toBe('Verified')
  expect(await db.verifyMessage({ ...data, v: { v: 2 } })).toBe('InvalidHashNonce')
  expect(await db.verifyMessage({ ...data, s: 'ab'.repeat(64) })).toBe('InvalidSignature')
  expect(await db.verifyMessage({ ...data, k: 'elsewhere' })).toBe('InvalidBinding')
  expect(await db.verifyMessage({})).toBe('InvalidData')
  expect(await db.verifyMessage(data, 3)).toBe('NoProofOfWork')
})

test('[T-44] proof of work is done where it is asked for, and the records of an earlier topic are taken', async () => {
  const a = await server({ pow: 2 })
  const client = await started({ pow: 2, peers: [placeOf(a)] })
  await connected(client)
  const { data } = await client.putData('worked', 1, false, { confirm: 1 })
  expect(data.h.startsWith('00')).toBe(true)
  const lazy = await started({ peers: [placeOf(a)] })
  await connected(lazy)
  let idle = await lazy.putDetailed('lazy', 0)
  // One hash in 256 has the work by chance.
  for (let i = 1; idle.message.data.h.startsWith('00'); i++) idle = await lazy.putDetailed('lazy', i)
  expect(idle).toMatchObject({ sent: 1, confirmed: 0 })
  const renamed = await started({ topic: 'renamed', acceptTopics: ['face'] })
  expect(await renamed.verifyMessage(data, 0)).toBe('Verified')
  expect(await (await started({ topic: 'renamed' })).verifyMessage(data, 0)).toBe('InvalidBinding')
})

test('[T-56] listeners hear of one’s own puts too, by prefix, and can be triggered by hand', async () => {
  const db = new ToolDb({ topic: 'face' })
  const seen: unknown[] = []
  // Before it has started.
  const id = db.addKeyListener('a-', ({ k, v }) => seen.push([k, v]))
  const { data } = await db.putData('a-1', 'own')
  await db.putData('b-1', 'other')
  await until(() => seen.length === 1)
  db.triggerKeyListener('a-2', { ...data, k: 'a-2' })
  await until(() => seen.length === 2)
  db.removeKeyListener(id)
  db.triggerKeyListener('a-3', data)
  expect(seen).toEqual([
    ['a-1', 'own'],
    ['a-2', 'own'],
  ])
  await db.close()
})

test('[T-80] values come back as they were, also those that JSON has no word for', async () => {
  const a = await server()
  const client = await started({ peers: [placeOf(a)] })
  await connected(client)
  for (const value of [null, '', 0, false, [], {}, 'ü 日本語', { b: 1, a: [1, { c: null }], 2: 1e21 }]) {
    await client.putData('k', value, false, { confirm: 1 })
    expect(await a.getData('k')).toEqual(value)
  }
  await client.putData('k', undefined, false, { confirm: 1 })
  expect(await a.getData('k')).toBeNull()
})
