import { expect, test } from 'vitest'
import { LevelDbStore } from '../../src/store/leveldb.ts'
import { ToolDb } from '../../src/tool-db.ts'
import { connected, placeOf, server, started, temporaryDirectory, until } from './world.ts'

test('[T-80] two servers and a client over real WebSockets: put, get, query, subscribe, function', async () => {
  const a = await server({ storageName: await temporaryDirectory(), store: undefined })
  const b = await server({ peers: [placeOf(a)] })
  const client = await started({ peers: [placeOf(a)] })
  await Promise.all([connected(a, 2), connected(b, 2), connected(client, 2)])

  const message = await client.putData('hello', { from: 'someone' }, false, { confirm: 2 })
  expect(message).toMatchObject({ type: 'put', data: { k: 'hello', v: { from: 'someone' } } })
  expect(await b.getData('hello')).toEqual({ from: 'someone' })

  const reader = await started({ peers: [placeOf(b)] })
  await connected(reader, 2)
  expect(await reader.getData('hello')).toEqual({ from: 'someone' })
  expect(await reader.getData('missing')).toBeNull()

  const seen: unknown[] = []
  const id = reader.addKeyListener('chat-', ({ v }) => seen.push(v))
  await reader.subscribeData('chat-')
  await client.putData('chat-1', 'one')
  await until(() => seen.length === 1)
  await client.putData('chat-2', 'two')
  await until(() => seen.length === 2)
  reader.removeKeyListener(id)
  expect(seen).toEqual(['one', 'two'])
  expect(await reader.queryKeys('chat-')).toEqual(['chat-1', 'chat-2'])

  a.addServerFunction<number, number[]>('sum', async (numbers) => numbers.reduce((sum, n) => sum + n, 0))
  expect(await reader.doFunction('sum', [1, 2, 3])).toEqual({ code: 'OK', return: 6 })
  expect((await reader.doFunction('nothing', {})).code).toBe('NOT_FOUND')
})

test('[T-81] a value of one’s own namespace, and what becomes of somebody else’s', async () => {
  const a = await server()
  const client = await started({ peers: [placeOf(a)] })
  await connected(client)
  await client.putData('profile', { name: 'Ada' }, true, { confirm: 1 })
  const key = client.getUserNamespacedKey('profile')
  expect(key).toBe(`:${client.userAccount.getAddress()}.profile`)
  expect(await client.getData('profile', true)).toEqual({ name: 'Ada' })
  expect(await a.getData(key)).toEqual({ name: 'Ada' })
  await expect(a.putDetailed(key, 'stolen')).rejects.toMatchObject({
    code: 'SHOAL_PUT_REFUSED',
    reason: 'AddressMismatch',
  })
  await expect(client.putData('a.b', 1)).rejects.toMatchObject({ code: 'SHOAL_USAGE' })
})

test('[T-82] sign up, sign in from elsewhere, and the errors on the way', async () => {
  const a = await server()
  const one = await started({ peers: [placeOf(a)] })
  await connected(one)
  const { data } = await one.signUp('alice', 'correct horse')
  await until(async () => (await a.getData('==alice')) !== null)
  const two = await started({ peers: [placeOf(a)] })
  await connected(two)
  await expect(two.signIn('alice', 'wrong')).rejects.toMatchObject({ code: 'SHOAL_WRONG_PASSWORD' })
  await expect(two.signIn('bob', 'x')).rejects.toMatchObject({ code: 'SHOAL_NO_SUCH_USER' })
  await two.signIn('alice', 'correct horse')
  expect(two.userAccount.getAddress()).toBe(data.a)
  expect(two.userAccount.getUsername()).toBe('alice')
  await expect(two.signUp('alice', 'again')).rejects.toMatchObject({ code: 'SHOAL_NAME_TAKEN' })
  await two.putData('mine', 1, true, { confirm: 1 })
  expect(await a.getData(`:${data.a}.mine`)).toBe(1)
})

test('[T-82] who signs up for a name that is taken elsewhere is told so', async () => {
  const a = await server()
  const first = await started({ peers: [placeOf(a)] })
  await connected(first)
  await first.signUp('carol', 'pw')
  await until(async () => (await a.getData('==carol')) !== null)
  const late = await started()
  const lost = new Promise((resolve) => late.once('username-conflict-resolved', resolve))
  const told = new Promise((resolve) => late.once('signup-conflict-detected', resolve))
  await late.signUp('carol', 'other')
  late.network.connectTo('127.0.0.1', placeOf(a).port)
  expect(await lost).toMatchObject({ username: '==carol', winner: 'remote' })
  expect(await told).toMatchObject({ username: 'carol' })
  expect(await a.getData('==carol')).toEqual(await first.getData('==carol'))
})

test('[T-83] a peer keeps its key in its store, also on another port; a client without a store is somebody new', async () => {
  const storageName = await temporaryDirectory()
  const first = await server({ storageName, store: undefined })
  const address = first.peerAccount.getAddress()
  await first.putData('kept', 1)
  await first.close()
  const second = await server({ storageName, store: undefined })
  expect(second.peerAccount.getAddress()).toBe(address)
  expect(await second.getData('kept')).toBe(1)
  expect(await second.queryKeys('')).toEqual(['kept'])
  expect((await started()).peerAccount.getAddress()).not.toBe(address)
})

test('[T-84] close ends everything: callers are told, the port is free, the store can be opened again', async () => {
  const storageName = await temporaryDirectory()
  const a = await server({ storageName, store: undefined })
  const client = await started({ peers: [placeOf(a)] })
  await connected(client)
  const waiting = client.getData('never', false, 60_000).catch((error: unknown) => error)
  const lonely = await started()
  const pending = lonely.getData('never', false, 60_000)
  await Promise.all([lonely.close(), expect(pending).rejects.toMatchObject({ code: 'SHOAL_CLOSED' })])
  await a.close()
  await client.close()
  await waiting
  await expect(client.putData('k', 1)).rejects.toMatchObject({ code: 'SHOAL_CLOSED' })
  const store = new LevelDbStore(storageName)
  await store.ready
  await store.close()
  const again = await server({ port: placeOf(a).port })
  expect(again.address?.port).toBe(placeOf(a).port)
})

test('[T-84] an aborted signal closes the database', async () => {
  const controller = new AbortController()
  const db = await started({ signal: controller.signal })
  controller.abort()
  await expect(db.putData('k', 1)).rejects.toMatchObject({ code: 'SHOAL_CLOSED' })
})

test('[T-85] wrong use gets one sentence that says what to do', async () => {
  const a = await server()
  await expect(server({ port: placeOf(a).port })).rejects.toMatchObject({ code: 'SHOAL_PORT_TAKEN' })
  const storageName = await temporaryDirectory()
  await expect(server({ port: placeOf(a).port, storageName, store: undefined })).rejects.toThrow()
  // What could not start has let go of its store.
  await server({ storageName, store: undefined })
  await expect(server({ storageName, store: undefined })).rejects.toMatchObject({ code: 'SHOAL_STORE_IN_USE' })
  await expect(started({ topic: '' })).rejects.toThrow(/topic is empty/)
  await expect(started({ topic: 'x'.repeat(257) })).rejects.toThrow(/at most 256/)
  await expect(started({ topic: 'shoal:private:secret' })).rejects.toThrow(/shoal topic new --private/)
  await expect(started({ port: 70_000 })).rejects.toThrow(/port/)
  await expect(started({ peers: [{ host: '', port: 1 }] })).rejects.toThrow(/peers/)
  await expect(started({ pow: 40 })).rejects.toThrow(/pow/)
  await expect(a.putData('k', 1n)).rejects.toMatchObject({ code: 'SHOAL_USAGE' })
  expect(() => a.network.connectTo('', 1)).toThrow(/connectTo/)
  expect(() => a.network.connectTo('x', 0)).toThrow(/port/)
})

test('[T-68] an honest program with much to ask is slowed down, not taken for a flood', async () => {
  const limits = { messagesPerSecond: 200 }
  const a = await server({ limits })
  await a.putData('k', 'v')
  const client = await started({ peers: [placeOf(a)], limits })
  await connected(client)
  const answers = await Promise.all(Array.from({ length: 700 }, () => client.getRecord('k', { timeoutMs: 20_000 })))
  expect(answers.every(({ record }) => record?.value === 'v')).toBe(true)
  expect(client.isConnected).toBe(true)
  expect(a.stats()['faults.over-rate']).toBeUndefined()
})

test('[T-84] a subscription that nobody waits for does not end the process when the database closes', async () => {
  const unhandled: unknown[] = []
  const note = (error: unknown): unknown => unhandled.push(error)
  process.on('unhandledRejection', note)
  const db = await started()
  const closing = db.close()
  db.subscribeData('chat')
  await closing
  await expect(db.subscribeData('chat')).rejects.toMatchObject({ code: 'SHOAL_CLOSED' })
  await new Promise((resolve) => setTimeout(resolve, 10))
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

test('[T-77] what no message of ours could carry is not taken', async () => {
  const db = await started({ limits: { messageSizeMax: 20_000 } })
  await expect(db.putData('k', 'x'.repeat(15_000))).rejects.toMatchObject({ code: 'SHOAL_PUT_REFUSED' })
  await db.putData('k', 'x'.repeat(9_000))
})

test('[U-43] a store that is none is told when the database is made', () => {
  for (const store of ['./directory', {}, 5, null]) {
    expect(() => new ToolDb({ store: store as never })).toThrow(/the option store takes .* storageName/)
  }
  for (const name of ['storageAdapter', 'networkAdapter', 'userAdapter']) {
    expect(() => new ToolDb({ [name]: {} })).toThrow(`the option ${name} takes a class`)
  }
})

test('[T-85] store and network, too, say what is wrong with what they are given', async () => {
  const db = await started({})
  const usage = expect.objectContaining({ code: 'SHOAL_USAGE' })
  await expect(db.store.put('k', 5 as never)).rejects.toEqual(usage)
  await expect(db.store.put(undefined as never, 'v')).rejects.toEqual(usage)
  await expect(db.store.get(undefined as never)).rejects.toEqual(usage)
  await expect(db.store.query(undefined as never)).rejects.toEqual(usage)
  const message = { type: 'ping', id: 'a', to: [] }
  expect(() => db.network.isConnected(undefined as never)).toThrow(usage)
  expect(() => db.network.isServer(5 as never)).toThrow(usage)
  expect(() => db.network.sendToClientId(undefined as never, message)).toThrow(usage)
})

test('[T-85] what cannot be meant is refused here, before servers count it as malformed', async () => {
  const a = await server()
  const client = await started({ peers: [placeOf(a)] })
  await connected(client)
  const usage = { code: 'SHOAL_USAGE' }
  for (let i = 0; i < 3; i++) {
    for (const key of ['', '\ud800', '\0row', 'x'.repeat(1_025), undefined as never]) {
      await expect(client.getData(key)).rejects.toMatchObject(usage)
      if (key !== '') await expect(client.queryKeys(key)).rejects.toMatchObject(usage)
      if (key !== '') await expect(client.subscribeData(key)).rejects.toMatchObject(usage)
    }
    await expect(client.putData('k', 1, false, ['x', 5 as never])).rejects.toMatchObject(usage)
    await expect(client.doFunction('', 1)).rejects.toMatchObject(usage)
    await expect(client.doFunction('f', 'x'.repeat(1_048_576))).rejects.toMatchObject(usage)
  }
  for (const timeout of [Number.NaN, -1, '5' as never]) {
    await expect(client.getData('k', false, timeout)).rejects.toMatchObject(usage)
    await expect(client.putData('k', 1, false, { confirm: 1, timeoutMs: timeout })).rejects.toMatchObject(usage)
  }
  await expect(client.putData('k', 1, false, { confirm: Number.NaN })).rejects.toMatchObject(usage)
  expect(() => client.addKeyListener('k', 5 as never)).toThrow(/function/)
  expect(() => client.addKeyListener(undefined as never, () => undefined)).toThrow(/text/)
  expect(() => client.addServerFunction('f', 5 as never)).toThrow(/function/)
  await expect(client.signUp(undefined as never, 'x')).rejects.toMatchObject(usage)
  await expect(client.signIn('bob', undefined as never)).rejects.toMatchObject(usage)
  expect(await client.putData('k', 2, false, { confirm: 1 })).toBeDefined()
  expect(client.isConnected).toBe(true)
  expect(a.stats()['faults.malformed']).toBeUndefined()
})

test('[T-86] callbacks and events are true, with the whole address', async () => {
  const a = await server()
  const client = await started()
  const told: string[] = []
  client.onConnect = () => told.push('connect')
  client.onDisconnect = () => told.push('disconnect')
  client.onPeerConnect = (peerId) => told.push(`+${peerId}`)
  client.onPeerDisconnect = (peerId) => told.push(`-${peerId}`)
  expect(client.isConnected).toBe(false)
  client.network.connectTo('127.0.0.1', placeOf(a).port)
  await connected(client)
  expect(client.isConnected).toBe(true)
  const peerId = a.peerAccount.getAddress() ?? ''
  expect(client.network.isConnected(peerId)).toBe(true)
  expect(client.network.isConnected(peerId.slice(-20))).toBe(true)
  expect(client.network.isServer(peerId)).toBe(true)
  expect(client.network.getClientAddress()).toBe(client.peerAccount.getAddress()?.slice(-20))
  await until(() => client.serverPeers.length === 1)
  expect(client.serverPeers[0]).toMatchObject({ address: peerId, host: '127.0.0.1' })
  await a.close()
  await until(() => !client.isConnected)
  expect(told).toEqual(['connect', `+${peerId}`, `-${peerId}`, 'disconnect'])
})

test('[T-86] raw messages go out and their answers come to id listeners, once', async () => {
  const a = await server()
  await a.putData('k', 'v')
  const client = await started({ peers: [placeOf(a)] })
  await connected(client)
  const answers: unknown[] = []
  client.addIdListener('mine', (message) => answers.push(message))
  client.network.sendToAll({ type: 'get', id: 'mine', to: [], key: 'k' })
  await until(() => answers.length === 1)
  expect(answers[0]).toMatchObject({ type: 'put', id: 'mine', data: { v: 'v' } })
  const [send] = Object.values(client.network.clientToSend)
  client.addIdListener('again', (message) => answers.push(message))
  send?.(JSON.stringify({ type: 'query', id: 'again', to: [], key: 'k' }))
  await until(() => answers.length === 2)
  expect(answers[1]).toMatchObject({ type: 'queryAck', keys: ['k'] })
})

test('[T-87] custom verification: by prefix, all that match must accept, and one’s own puts are judged too', async () => {
  const a = await server()
  const seen: unknown[] = []
  a.addCustomVerification('chat-', async (record, previous) => {
    seen.push(previous)
    return record.v !== 'spam'
  })
  const second = a.addCustomVerification<string>('chat-room', ({ v }) => v.length < 10)
  await a.putData('chat-room', 'hi')
  await expect(a.putData('chat-room', 'spam')).rejects.toMatchObject({ reason: 'CustomVerificationFailed' })
  await expect(a.putData('chat-room', 'much too long')).rejects.toMatchObject({ reason: 'CustomVerificationFailed' })
  a.removeCustomVerification(second)
  await a.putData('chat-room', 'much too long')
  expect(seen).toEqual([undefined, 'hi', 'hi', 'hi'])
  a.addCustomVerification('broken', () => {
    throw new Error('its own bug')
  })
  await expect(a.putData('broken', 1)).rejects.toMatchObject({ reason: 'CustomVerificationFailed' })
})

test('[T-88] confirm counts servers: enough resolves, too few rejects and says how many', async () => {
  const a = await server()
  const client = await started({ peers: [placeOf(a)] })
  await connected(client)
  expect(await client.putDetailed('k', 1)).toMatchObject({ sent: 1, confirmed: 1 })
  await expect(client.putData('k', 2, false, { confirm: 2, timeoutMs: 100 })).rejects.toMatchObject({
    code: 'SHOAL_NOT_CONFIRMED',
    sent: 1,
    confirmed: 1,
  })
  expect(await client.getData('k')).toBe(2)
  expect(await (await started()).putDetailed('k', 1, { timeoutMs: 50 })).toMatchObject({ sent: 0, confirmed: 0 })
})

test('[T-88] too few in time: the error says what becomes of the record', async () => {
  const a = await server()
  a.addCustomVerification('', ({ v }) => v !== 'spam')
  const client = await started({ peers: [placeOf(a)] })
  await connected(client)
  const put = (db: ToolDb, value: string): Promise<unknown> =>
    db.putData('k', value, false, { confirm: 2, timeoutMs: 200 }).catch((error: Error) => error.message)
  expect(await put(client, 'spam')).toMatch(/: 1 refused it for good .* it is not sent again by itself$/)
  expect(await put(client, 'ham')).toMatch(/: the servers that have it hand it on$/)
  expect(await put(await started(), 'ham')).toMatch(/: it is sent again to servers that connect$/)
})

test('[T-88] the whole record, and whether the answer is final', async () => {
  const a = await server()
  const { data } = await a.putData('k', { deep: [1] })
  const client = await started({ peers: [placeOf(a)] })
  await connected(client)
  expect(await client.getRecord('k')).toEqual({
    record: { value: { deep: [1] }, author: data.a, time: data.t },
    complete: true,
  })
  expect(await client.getRecord('missing', { timeoutMs: 10_000 })).toEqual({ record: undefined, complete: true })
})

test('[T-89] the user does not change while one writes as him', async () => {
  const db = await started()
  const before = db.userAccount.getAddress()
  const puts = Promise.all(Array.from({ length: 20 }, (_, i) => db.putData(`k${i}`, i, true)))
  await db.anonSignIn()
  expect(db.userAccount.getAddress()).not.toBe(before)
  for (const { data } of await puts) expect(data.a).toBe(before)
  expect((await db.putData('k', 1)).data.a).toBe(db.userAccount.getAddress())
})
