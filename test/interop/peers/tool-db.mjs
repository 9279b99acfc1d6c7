/**
 * A ToolDb of either maker, driven by commands. Options: `from` and `adapters` as in tool-db-of.mjs, `db` for the
 * constructor. Beside ToolDb's own operations: `sendRaw` puts a message on the wire as it is, `check` runs the
 * maker's own verification over a record, `stored` reads the store's text.
 */
import { emit, options, serveCommands } from './json-lines.mjs'
import { toolDbOf } from './tool-db-of.mjs'

const { ToolDb, adapters, crdts } = await toolDbOf(options)
const db = new ToolDb({ storageName: 'db', ...options.db, ...adapters })
const listeners = new Map()
const documents = new Map()

function documentOf(kind, key) {
  const name = `${kind} ${key}`
  if (!documents.has(name)) documents.set(name, new crdts[kind](db.userAccount.getAddress()))
  return documents.get(name)
}

db.onConnect = () => emit('connect')
db.onDisconnect = () => emit('disconnect')
db.onPeerConnect = (peerId) => emit('peerConnect', { peerId })
db.onPeerDisconnect = (peerId) => emit('peerDisconnect', { peerId })
db.on('put', (message) => emit('put', { data: message.data }))

await db.ready
// npm's base class signs in a user of its own at some moment after construction; both are settled by now.
await db.anonSignIn()
db.addServerFunction('sum', async (args) => args.reduce((sum, value) => sum + value, 0))
db.addServerFunction('fail', async () => {
  throw new Error('it failed on purpose')
})

serveCommands(
  {
    connectTo: (host, port) => {
      db.network.connectTo(host, port)
    },
    isConnected: () => db.isConnected,
    memory: () => process.memoryUsage().rss,
    putFor: async (key, value, ttl) => (await db.putData(key, value, false, { ttl, confirm: 1 })).data,
    remove: async (key) => (await db.deleteData(key, false, { confirm: 1 })).data,
    stats: () => db.stats(),
    put: async (key, value, isPrivate) => (await db.putData(key, value, isPrivate))?.data,
    // npm's own time-out of a second answers null, which on a busy machine says nothing about the server.
    get: (key, isPrivate, timeoutMs = 15_000) => db.getData(key, isPrivate, timeoutMs),
    query: (prefix, isPrivate) => db.queryKeys(prefix, isPrivate),
    subscribe: async (key, isPrivate) => {
      const wireKey = isPrivate ? db.getUserNamespacedKey(key) : key
      db.addKeyListener(wireKey, (record) => emit('update', { key: wireKey, value: record.v, author: record.a }))
      await db.subscribeData(key, isPrivate)
    },
    signUp: async (name, password) => (await db.signUp(name, password))?.data,
    signIn: async (name, password) => {
      await db.signIn(name, password)
    },
    callFunction: (name, args) => db.doFunction(name, args, 5_000),
    address: () => db.userAccount.getAddress(),
    peerAddress: () => db.peerAccount.getAddress(),
    sendRaw: (message) => {
      for (const send of Object.values(db.network.clientToSend)) send(JSON.stringify(message))
    },
    request: (message) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no answer to ${message.type} ${message.id}`)), 5_000)
        db.addIdListener(message.id, (answer) => {
          clearTimeout(timer)
          resolve(answer)
        })
        for (const send of Object.values(db.network.clientToSend)) send(JSON.stringify(message))
      }),
    // `steps` are [method, ...arguments] on the document as it is here, which stays.
    crdtPut: async (kind, key, steps, isPrivate) => {
      const crdt = documentOf(kind, key)
      for (const [method, ...args] of steps) crdt[method](...args)
      return (await db.putCrdt(key, crdt, isPrivate))?.data
    },
    crdtGet: async (kind, key, isPrivate, timeoutMs) => {
      const crdt = documentOf(kind, key)
      await db.getCrdt(key, crdt, isPrivate, timeoutMs)
      return crdt.value
    },
    crdtListen: async (kind, key) => {
      const crdt = documentOf(kind, key)
      db.addKeyListener(key, (record) => {
        crdt.mergeChanges(record.v)
        emit('document', { key, value: crdt.value })
      })
      await db.subscribeData(key)
    },
    check: (record, pow) => db.verifyMessage(record, pow),
    stored: (key) => db.store.get(key),
    storedValue: async (key) => {
      const text = await db.store.get(key).catch(() => undefined)
      return text === undefined ? null : JSON.parse(text).v
    },
    listen: (key) => {
      listeners.set(
        key,
        db.addKeyListener(key, (record) => emit('update', { key, value: record.v })),
      )
    },
    unlisten: (key) => db.removeKeyListener(listeners.get(key)),
  },
  async () => {
    await db.network.close?.()
    await db.close()
  },
  { isOurs: options.from === 'shoal' && options.adapters === undefined },
)
emit('ready', { address: db.userAccount.getAddress(), peerId: db.peerAccount.getAddress() })
