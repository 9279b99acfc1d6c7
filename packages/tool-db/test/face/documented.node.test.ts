/**
 * tool-db's API as its documentation shows it, used as a program there would: nothing here may need more than the package's
 * front door, and all of it compiles.
 */

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import {
  type PutMessage,
  type ServerFunction,
  ToolDb,
  type ToolDbMessage,
  ToolDbUserAdapter,
  type VerificationData,
  VerifyResult,
} from '../../src/index.ts'
import { connected, placeOf, server, started, until } from './world.ts'

interface Profile {
  readonly name: string
  readonly age: number
}

test('[T-152] data, listeners and namespaces, as documented', async () => {
  const a = await server()
  const db = await started({ peers: [placeOf(a)] })
  await db.anonSignIn()
  await connected(db)
  const message: PutMessage | null = await db.putData('public-key', { name: 'Alice', age: 30 })
  expect(message?.data.h).toMatch(/^[0-9a-f]{64}$/)
  const profile = await db.getData<Profile>('public-key')
  expect(profile?.name).toBe('Alice')
  await db.putData('my-settings', { theme: 'dark' }, true)
  // Nothing is said of its type: as in tool-db it may be anything.
  const settings = await db.getData('my-settings', true)
  expect(settings.theme).toBe('dark')
  expect(await db.getData(`:${db.userAccount.getAddress()}.my-settings`)).toEqual(settings)
  await db.putData('==unique-resource', { claimed: true }, false, { confirm: 1 })
  await expect(a.putData('==unique-resource', { claimed: 'too' })).rejects.toThrow()
  await expect(db.putData('user.profile', 1)).rejects.toThrow('Key cannot include dots!')

  const heard: [string, string, number][] = []
  const id = db.addKeyListener<{ text: string }>('chat-', (msg) => heard.push([msg.a, msg.v.text, msg.t]))
  db.subscribeData('chat-')
  // The server answers in turn, so it knows of the subscription by then.
  await db.getRecord('nothing')
  await a.putData('chat-1', { text: 'hello' })
  await until(() => heard.length === 1)
  expect(heard[0]?.slice(0, 2)).toEqual([a.userAccount.getAddress(), 'hello'])
  db.removeKeyListener(id)
  const keys: string[] | null = await db.queryKeys('chat-')
  expect(keys).toEqual(['chat-1'])
})

test('[T-152] verification by prefix, as documented: everything, a schema, the value before', async () => {
  const db = await started()
  const everything = db.addCustomVerification('', async (msg: VerificationData) => msg.k.startsWith(':'))
  await expect(db.putData('public', 1)).rejects.toThrow()
  db.removeCustomVerification(everything)
  db.addCustomVerification<Profile>('profile-', async ({ v }) => typeof v.name === 'string' && v.age >= 0)
  db.addCustomVerification('important-', async (msg, previous) => !(msg.v === null && previous !== undefined))
  await db.putData('profile-1', { name: 'Ada', age: 36 })
  await expect(db.putData('profile-1', { name: 'Ada', age: -1 })).rejects.toThrow()
  await db.putData('important-1', 'kept')
  await expect(db.putData('important-1', null)).rejects.toThrow()
  expect(await db.getData('important-1')).toBe('kept')
})

test('[T-152] verification that reads other keys, and its own, as documented', async () => {
  const a = await server()
  const db = await started({ peers: [placeOf(a)] })
  await connected(db)
  a.addCustomVerification('feed-', async (msg) => (await a.getData(`:${msg.a}.profile`, false, 50)) !== null)
  a.addCustomVerification('feed-', async (msg) => (await a.getData(msg.k, false, 50)) !== 'closed')
  const late = { confirm: 1, timeoutMs: 300 }
  await expect(db.putData('feed-1', 'early', false, late)).rejects.toMatchObject({ code: 'SHOAL_NOT_CONFIRMED' })
  await db.putData('profile', { name: 'Alice' }, true, { confirm: 1 })
  await db.putData('feed-1', 'hello', false, { confirm: 1 })
  await db.putData('feed-1', 'closed', false, { confirm: 1 })
  await expect(db.putData('feed-1', 'again', false, late)).rejects.toMatchObject({ code: 'SHOAL_NOT_CONFIRMED' })
  expect(await a.getData('feed-1')).toBe('closed')
})

test('[T-152] the network and the store, as documented', async () => {
  const a = await server()
  const peers: string[] = []
  a.onPeerConnect = (peerId) => peers.push(peerId)
  const db = await started({ peers: [placeOf(a)] })
  await until(() => peers.length === 1)
  const [peerId = ''] = peers
  expect(a.network.isConnected(peerId)).toBe(true)
  const answers: string[] = []
  for (const id of ['to one', 'to all']) a.addIdListener(id, (message) => answers.push(`${message.type} ${message.id}`))
  a.network.sendToClientId(peerId, { type: 'ping-like', id: 'unknown', to: [] })
  a.network.sendToClientId(peerId, { type: 'query', id: 'to one', to: [], key: 'k' })
  a.network.sendToAll({ type: 'query', id: 'to all', to: [], key: 'k' })
  await until(() => answers.length === 2)
  expect(answers).toEqual(['queryAck to one', 'queryAck to all'])
  const { data } = await db.putData('kept', [1])
  expect(JSON.parse(await db.store.get('kept'))).toEqual(data)
  await db.store.put('key', JSON.stringify(data))
  expect(JSON.parse(await db.store.get('key'))).toEqual(data)
  expect((await db.store.query('ke')).sort()).toEqual(['kept', 'key'])
})

test('[T-152] a web server that was given, and is opened afterwards, as documented', async () => {
  const httpServer = createServer((_, response) => response.end('a page'))
  onTestFinished(() => void httpServer.close())
  const before = createServer().listen(0, '127.0.0.1')
  await once(before, 'listening')
  const { port } = before.address() as AddressInfo
  await new Promise((resolve) => before.close(resolve))
  const a = await started({ server: true, httpServer, port, host: '127.0.0.1', store: 'memory' })
  httpServer.listen(port)
  const db = await started({ peers: [{ host: '127.0.0.1', port }] })
  await connected(db)
  expect(db.peers[0]).toMatchObject({ peerId: a.peerAccount.getAddress(), proven: true, server: true })
  await db.putData('k', 1, false, { confirm: 1 })
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('a page')
})

test('[T-153] verify judges as verifyMessage does, and then by custom verification', async () => {
  const db = await started()
  const { data } = await db.putData('chat-1', 'hello')
  expect(await db.verify(data)).toBe(VerifyResult.Verified)
  const seen: unknown[] = []
  const id = db.addCustomVerification('chat-', async (_, previous) => seen.push(previous) === 0)
  expect(await db.verify(data)).toBe(VerifyResult.CustomVerificationFailed)
  expect(seen).toEqual(['hello'])
  db.removeCustomVerification(id)
  expect(await db.verify(data)).toBe(VerifyResult.Verified)
  expect(await db.verify({ ...data, v: 'other' })).toBe(VerifyResult.InvalidHashNonce)
  db.addCustomVerification('chat-', () => Promise.reject(new Error('its own bug')))
  expect(await db.verify(data)).toBe(VerifyResult.CustomVerificationFailed)
})

test('[T-152] server functions, as documented', async () => {
  const a = await server()
  const total: ServerFunction<number, { items: number[] }> = async ({ items }) => items.reduce((sum, n) => sum + n, 0)
  a.addServerFunction('calculateTotal', total)
  expect(Object.keys(a.functions)).toEqual(['calculateTotal'])
  const client = await started({ peers: [placeOf(a)] })
  await connected(client)
  const result = await client.doFunction<number, { items: number[] }>('calculateTotal', { items: [1, 2, 3] })
  // The code tells the type of what was returned.
  expect(result.code === 'OK' ? result.return.toFixed(1) : result.return.toUpperCase()).toBe('6.0')
})

test('[T-152] id listeners are called once, and not after they were removed', async () => {
  const a = await server()
  await a.putData('k', 'v')
  const client = await started({ peers: [placeOf(a)] })
  await connected(client)
  const calls: string[] = []
  client.addIdListener('removed', () => calls.push('removed'))
  client.removeIdListener('removed')
  client.addIdListener('once', (msg: ToolDbMessage) => calls.push(msg.type))
  for (const id of ['removed', 'once', 'once']) client.network.sendToAll({ type: 'get', id, to: [], key: 'k' })
  await until(() => calls.length === 1)
  await client.getRecord('k')
  expect(calls).toEqual(['put'])
})

test('[T-152] without a user there is nothing to write with, and the errors are tool-db’s sentences', async () => {
  class Nobody extends ToolDbUserAdapter {
    override getAddress(): string | undefined {
      return undefined
    }
  }
  class Pair extends Nobody {
    // The peer has a key, as it must; the user has none.
    static made = 0
    readonly #isPeer = Pair.made++ === 0
    override encryptAccount(): Promise<unknown> {
      return Promise.resolve({})
    }
    override getAddress(): string | undefined {
      return this.#isPeer ? 'a'.repeat(40) : undefined
    }
  }
  const db = await started({ userAdapter: Pair })
  await expect(db.putData('k', 1)).rejects.toThrow('You need to log in before you can PUT.')
  for (const read of [db.getData('k', true), db.queryKeys('k', true), db.subscribeData('k', true)]) {
    await expect(read).rejects.toThrow('You are not authorized yet!')
  }
})

test('[T-152] the logger is silent unless it was asked for', async () => {
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  try {
    const quiet = new ToolDb({ topic: 'face' })
    quiet.logger('unheard')
    const loud = new ToolDb({ topic: 'face', debug: true })
    loud.logger('heard', { a: 1 })
    const lines = write.mock.calls.map(([text]) => String(text))
    expect(lines.filter((line) => line.includes('heard'))).toEqual(['heard { a: 1 }\n'])
    await Promise.all([quiet.close(), loud.close()])
  } finally {
    write.mockRestore()
  }
})
