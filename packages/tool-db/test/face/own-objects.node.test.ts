/** What an application does with what it was given, and gives. */

import { expect, test } from 'vitest'
import { connected, placeOf, server, started, until } from './world.ts'

test('[T-172] a listener that changes what it was given changes nothing of what is sent later', async () => {
  const client = await started()
  client.addKeyListener<{ n: number }>('k', ({ v }) => {
    v.n = 999
  })
  const result = await client.putData('k', { n: 1 })
  result.data.v.n = 1_000
  const a = await server()
  const { host, port } = placeOf(a)
  client.network.connectTo(host, port)
  await connected(client)
  await until(async () => (await a.getData('k')) !== null)
  expect(await a.getData('k')).toEqual({ n: 1 })
  expect(a.stats()['faults.bad-record']).toBeUndefined()
})

test('[T-172] a custom verification that changes what it was given changes nothing of what is stored, sent or caught up with', async () => {
  const spoil = (record: { k: string; t: number; v: unknown }, previous: unknown): boolean => {
    for (const value of [record.v, previous]) if (typeof value === 'object') Object.assign(value ?? {}, { n: 999 })
    record.t -= 1_000
    record.k = 'other'
    return true
  }
  const a = await server()
  const client = await started({ peers: [placeOf(a)] })
  await connected(client)
  for (const db of [a, client]) db.addCustomVerification('', spoil)
  for (let n = 0; n < 2; n++) {
    for (const key of ['k', '==name']) await client.putData(key, { n }, false, { confirm: 1 })
  }
  const late = await server()
  late.addCustomVerification('', spoil)
  late.network.connectTo(placeOf(a).host, placeOf(a).port)
  // Of the name its claim is kept, and the last value.
  await until(() => late.stats()['sync.stored'] === 3)
  for (const db of [client, a, late]) {
    for (const key of ['k', '==name']) {
      const text = await db.store.get(key)
      expect(JSON.parse(text), text).toMatchObject({ v: { n: 1 } })
      expect(await db.verifyMessage(JSON.parse(text))).toBe('Verified')
    }
    expect(db.stats()['faults.bad-record']).toBeUndefined()
  }
})

test('[T-172] a prefix that no key can begin with is refused here, and never asked of a server, to which it would be a fault', async () => {
  const client = await started()
  for (const prefix of ['\u0000sync:', '\ud800']) {
    await expect(client.syncPrefix(prefix)).rejects.toMatchObject({ code: 'SHOAL_USAGE' })
  }
})
