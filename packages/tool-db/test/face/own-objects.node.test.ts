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

test('[T-172] a prefix that no key can begin with is refused here, and never asked of a server, to which it would be a fault', async () => {
  const client = await started()
  for (const prefix of ['\u0000sync:', '\ud800']) {
    await expect(client.syncPrefix(prefix)).rejects.toMatchObject({ code: 'SHOAL_USAGE' })
  }
})
