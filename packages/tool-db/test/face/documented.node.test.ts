/**
 * tool-db's API as its documentation shows it, used as a program there would: nothing here may need more than the package's
 * front door, and all of it compiles.
 */

import { expect, test, vi } from 'vitest'
import {
  type AllowedFunctionArguments,
  type AllowedFunctionReturn,
  type BaseMessage,
  type CrdtGetMessage,
  type CrdtPutMessage,
  type FunctionCodes,
  type FunctionMessage,
  type FunctionReturn,
  type FunctionReturnErr,
  type FunctionReturnMessage,
  type FunctionReturnNotFound,
  type FunctionReturnOk,
  type GenericObject,
  type GetMessage,
  type MessageType,
  type Peer,
  type PingMessage,
  type PongMessage,
  type PutMessage,
  type QueryAckMessage,
  type QueryMessage,
  type ServerFunction,
  type SubscribeMessage,
  ToolDb,
  type ToolDbMessage,
  type ToolDbMessageHandler,
  type ToolDbOptions,
  ToolDbStorageAdapter,
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

test('[T-152] the documented types are there by their names', () => {
  const options: Partial<ToolDbOptions> = { debug: false, peers: [{ host: 'localhost', port: 9000 }], pow: null }
  const data: VerificationData<number> = { k: 'k', a: 'a', n: 0, h: 'h', t: 1, s: 's', v: 1, c: null }
  const peer: Peer = { topic: 't', timestamp: 1, host: 'h', port: 1, address: 'a', sig: 's' }
  const base: BaseMessage = { type: 'get' satisfies MessageType, id: 'i', to: [] }
  const messages: ToolDbMessage[] = [
    { ...base, type: 'put', data } satisfies PutMessage<number>,
    { ...base, type: 'ping', clientId: 'c', isServer: false, peer } satisfies PingMessage,
    { ...base, type: 'pong', clientId: 'c', isServer: false, servers: [peer] } satisfies PongMessage,
    { ...base, type: 'get', key: 'k' } satisfies GetMessage,
    { ...base, type: 'crdtGet', key: 'k' } satisfies CrdtGetMessage,
    { ...base, type: 'query', key: 'k' } satisfies QueryMessage,
    { ...base, type: 'queryAck', keys: [] } satisfies QueryAckMessage,
    { ...base, type: 'subscribe', key: 'k' } satisfies SubscribeMessage,
    { ...base, type: 'function', function: 'f', args: {} } satisfies FunctionMessage,
    { ...base, type: 'functionReturn', code: 'OK', return: 1 } satisfies FunctionReturnMessage,
  ]
  const type: CrdtPutMessage['type'] = 'crdtPut'
  const handler: ToolDbMessageHandler = (message, remotePeerId) => `${message.type} ${remotePeerId}`
  const codes: FunctionCodes[] = ['OK', 'ERR', 'NOT_FOUND']
  const returns: FunctionReturn<number>[] = [
    { code: 'OK', return: 1 } satisfies FunctionReturnOk<number>,
    { code: 'ERR', return: 'why' } satisfies FunctionReturnErr,
    { code: 'NOT_FOUND', return: 'why' } satisfies FunctionReturnNotFound,
  ]
  const args: AllowedFunctionArguments<GenericObject> = { any: 'thing' }
  const back: AllowedFunctionReturn<number> = 1
  class Mine extends ToolDbStorageAdapter {
    override get(key: string): Promise<string> {
      return Promise.resolve(key)
    }
  }
  expect([messages.length, type, typeof handler, codes.length, returns.length]).toEqual([
    10,
    'crdtPut',
    'function',
    3,
    3,
  ])
  expect([options.pow, args, back, typeof Mine]).toEqual([null, { any: 'thing' }, 1, 'function'])
})
