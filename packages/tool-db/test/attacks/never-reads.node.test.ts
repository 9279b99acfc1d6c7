/** A peer that asks for much and never reads the answers: what waits for it costs memory. */

import { expect, test } from 'vitest'
import { connected, placeOf, server, started, until } from '../face/world.ts'
import { PlainSocket } from './plain-socket.ts'

const LARGE = 'x'.repeat(200_000)

test('[T-106] who never reads is given up, and counted; the others are served meanwhile', async () => {
  const db = await server({ limits: { bufferedSizeMax: 262_144, stalledTimeout: 500 } })
  await db.putData('large', LARGE)
  const { port } = placeOf(db)
  const deaf = await PlainSocket.greet(port)
  deaf.stopReading()
  const gone = new Promise((resolve) => (db.onPeerDisconnect = resolve))
  for (let i = 0; i < 300; i++) deaf.send({ type: 'get', id: `g${i}`, to: [], key: 'large' })
  const client = await started({ peers: [placeOf(db)] })
  await connected(client)
  await client.putData('k', 1, false, { confirm: 1 })
  expect(await gone).toBe(deaf.key.address)
  expect(db.stats()).toMatchObject({ 'dropped.not-reading': 1, 'now.peers': 1 })
  expect(await client.getData('large')).toHaveLength(LARGE.length)
})

test('[T-106] many who each stay below their own bound go over the common one: the largest heaps are given up', async () => {
  const limits = { bufferedSizeMax: 64 * 1_048_576, backlogSizeMax: 8 * 1_048_576 }
  const db = await server({ limits })
  await db.putData('large', LARGE)
  const { port } = placeOf(db)
  const crowd = await Promise.all(Array.from({ length: 5 }, () => PlainSocket.greet(port)))
  for (const deaf of crowd) {
    deaf.stopReading()
    for (let i = 0; i < 100; i++) deaf.send({ type: 'get', id: `g${i}`, to: [], key: 'large' })
  }
  await until(() => (db.stats()['dropped.not-reading'] ?? 0) > 0)
  const good = await PlainSocket.greet(port)
  await good.put('k', 1)
  await until(async () => (await db.getData('k')) === 1)
})
