/** Names claimed by several people: everybody comes to the same owner, and both sides hear of it. */

import { expect, test } from 'vitest'
import type { ToolDb } from '../../src/tool-db.ts'
import { connected, placeOf, server, started, until } from './world.ts'

const CONFLICT_EVENTS = [
  'username-conflict-resolved',
  'current-user-lost-username',
  'signup-conflict-detected',
] as const

/** What a database tells about names, as [event, who won or whose name]. */
function told(db: ToolDb): [string, unknown][] {
  const list: [string, unknown][] = []
  for (const name of CONFLICT_EVENTS) db.on(name, (event) => list.push([name, event.winner ?? event.username]))
  return list
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

test('[U-30, U-32] two sign up for one name before either is connected: one owner everywhere, and both are told', async () => {
  const a = await server()
  const b = await server({ peers: [placeOf(a)] })
  await connected(b)
  const [first, second] = [await started(), await started()]
  const [ofFirst, ofSecond] = [told(first), told(second)]
  const { data } = await first.signUp('carol', 'one')
  await pause(5)
  await second.signUp('carol', 'two')
  expect(await second.getData('==carol')).not.toEqual(data.v)
  // The later claim comes first, to another server.
  second.network.connectTo('127.0.0.1', placeOf(b).port)
  await until(async () => (await a.getData('==carol')) !== null)
  first.network.connectTo('127.0.0.1', placeOf(a).port)
  for (const db of [a, b, first, second])
    await until(async () => (await db.getRecord('==carol')).record?.author === data.a)
  await until(() => ofFirst.length > 0 && ofSecond.length > 1)
  expect(ofFirst).toEqual([['username-conflict-resolved', 'local']])
  expect(ofSecond).toEqual([
    ['username-conflict-resolved', 'remote'],
    ['signup-conflict-detected', 'carol'],
  ])
  const reader = await started({ peers: [placeOf(b)] })
  await connected(reader)
  await reader.signIn('carol', 'one')
  expect(reader.userAccount.getAddress()).toBe(data.a)
  await expect(reader.signIn('carol', 'two')).rejects.toMatchObject({ code: 'SHOAL_WRONG_PASSWORD' })
})

test('[U-31] a claim that no server has confirmed gives way to what the servers hold, however old that is', async () => {
  const claimWindow = 200
  const a = await server({ claimWindow })
  const first = await started({ peers: [placeOf(a)], claimWindow })
  await connected(first)
  const { data } = await first.signUp('dave', 'one')
  await until(async () => (await a.getData('==dave')) !== null)
  await pause(claimWindow + 100)
  const late = await started({ claimWindow })
  const events = told(late)
  const lost = new Promise((resolve) => late.once('signup-conflict-detected', resolve))
  const claim = await late.signUp('dave', 'two')
  late.network.connectTo('127.0.0.1', placeOf(a).port)
  await until(() => events.length > 1)
  expect(events).toEqual([
    ['username-conflict-resolved', 'remote'],
    ['signup-conflict-detected', 'dave'],
  ])
  expect(await lost).toEqual({
    username: 'dave',
    localTimestamp: claim.data.t,
    error: `the name was claimed earlier by another user, at ${new Date(data.t).toISOString()}`,
  })
  expect((await late.getRecord('==dave')).record?.author).toBe(data.a)
  await late.signIn('dave', 'one')
  expect(late.userAccount.getAddress()).toBe(data.a)
})

test('[U-33] who signed up long before there was a connection has the name all the same: the claim is made anew', async () => {
  const claimWindow = 200
  const a = await server({ claimWindow })
  const early = await started({ claimWindow })
  const events = told(early)
  const { data } = await early.signUp('erin', 'one')
  await pause(claimWindow + 100)
  early.network.connectTo('127.0.0.1', placeOf(a).port)
  await until(async () => (await a.getRecord('==erin')).record?.author === data.a)
  expect((await a.getRecord('==erin')).record?.time).toBeGreaterThan(data.t)
  expect(events).toEqual([])
  const reader = await started({ peers: [placeOf(a)] })
  await connected(reader)
  await reader.signIn('erin', 'one')
  expect(reader.userAccount.getAddress()).toBe(data.a)
})

test('[U-33] who signed up first, but came long after another who is known by now, is told that the name is gone', async () => {
  const claimWindow = 200
  const a = await server({ claimWindow })
  const early = await started({ claimWindow })
  const events = told(early)
  await early.signUp('frank', 'one')
  await pause(claimWindow + 100)
  const second = await started({ peers: [placeOf(a)], claimWindow })
  await connected(second)
  const { data } = await second.signUp('frank', 'two')
  await until(async () => (await a.getData('==frank')) !== null)
  early.network.connectTo('127.0.0.1', placeOf(a).port)
  await until(() => events.some(([name]) => name === 'signup-conflict-detected'))
  // By its date alone the claim was the earlier one, and may have been taken for it for a moment.
  expect(events.slice(-2)).toEqual([
    ['username-conflict-resolved', 'remote'],
    ['signup-conflict-detected', 'frank'],
  ])
  for (const db of [a, second, early]) expect((await db.getRecord('==frank')).record?.author).toBe(data.a)
})

test('[U-34] a put that a server refuses is told by the event, with the server’s word', async () => {
  const a = await server()
  a.addCustomVerification('chat-', ({ v }) => v !== 'spam')
  const client = await started({ peers: [placeOf(a)] })
  await connected(client)
  const refused: unknown[] = []
  client.on('refused', (refusal) => refused.push(refusal))
  const { data } = await client.putData('chat-1', 'spam')
  await until(() => refused.length === 1)
  const peerId = a.peerAccount.getAddress()
  expect(refused).toEqual([{ kind: 'put', key: 'chat-1', code: 'CustomVerificationFailed', time: data.t, peerId }])
  await client.putData('chat-1', 'fine', false, { confirm: 1 })
  expect(refused).toHaveLength(1)
})

test('[U-30] a name that somebody is signing up for is known here, also while the claim is under way', async () => {
  const db = await started()
  const results = await Promise.allSettled([db.signUp('gina', 'one'), db.signUp('gina', 'two'), db.signUp('gina', 'x')])
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected'])
  for (const result of results)
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'SHOAL_NAME_TAKEN' })
  await expect(db.signUp('a.b', 'x')).rejects.toMatchObject({ code: 'SHOAL_USAGE' })
  await expect(db.signUp('', 'x')).rejects.toMatchObject({ code: 'SHOAL_USAGE' })
})
