/**
 * A program as tool-db's documentation has them, with the import changed and nothing else to know: a server that checks what it
 * takes, people who sign up and in, a chat that is heard as it is written, a key shared by a group.
 *
 * Server and clients run in one process here; PORT and STORE say where the server listens and stores.
 */

import { generateECDHKeyPair, unwrapGroupKey, wrapGroupKey } from '@shoal/tool-db/users/ecdsa'
import { generateGroupKey, ToolDb } from 'shoal'

const topic = 'from-tool-db'
const port = Number(process.env['PORT'] ?? 9000)
const storageName = process.env['STORE'] ?? 'from-tool-db'

// The server. A directory that tool-db wrote is opened as it stands, with its users and its own key.
const server = new ToolDb({ server: true, host: '127.0.0.1', port, topic, storageName })
await server.ready
server.addCustomVerification<{ text: string }>('chat-', async ({ v }) => v.text.length <= 1000)
server.addServerFunction<number, { items: number[] }>('total', async ({ items }) => items.reduce((a, b) => a + b, 0))

// A client for each person. `peers` is dialled now, and again whenever the connection is lost.
const peers = [{ host: '127.0.0.1', port }]
const alice = new ToolDb({ topic, peers })
const bob = new ToolDb({ topic, peers })
await Promise.all([alice, bob].map((db) => connected(db)))

// Signing up is one thing, signing in another, as in tool-db.
await alice.signUp('alice', 'correct horse')
await alice.signIn('alice', 'correct horse')
console.log(`Signed in as ${alice.userAccount.getUsername()}`)

bob.addKeyListener<{ text: string }>('chat-', ({ a, v }) => {
  const who = a === alice.userAccount.getAddress() ? 'Alice' : 'Somebody'
  console.log(`${who} says: ${v.text}`)
})
// On servers of shoal a subscription is by prefix, as a listener is.
await bob.subscribeData('chat-')
console.log(`Said before: ${(await bob.queryKeys('chat-')).length}`)
// With `confirm` a put waits until so many servers have stored it.
await alice.putData('chat-1', { text: 'hello' }, false, { confirm: 1 })

// What one's own namespace holds everybody can read, and nobody else can write.
await alice.putData('profile', { mood: 'curious' }, true, { confirm: 1 })
const key = alice.getUserNamespacedKey('profile')
console.log(`Bob reads: ${JSON.stringify(await bob.getData(key))}`)

// What a server does not take is told, where tool-db says nothing.
const refused = new Promise<string>((resolve) => alice.once('refused', ({ code }: { code: string }) => resolve(code)))
await alice.putData('chat-2', { text: 'x'.repeat(2000) })
console.log(`The server refused it: ${await refused}`)

const total = await bob.doFunction<number>('total', { items: [1, 2, 3] })
console.log(`Total: ${total.return}`)

// A key for a group, sealed for one member: the record is public, and of use to Bob alone.
const [ofAlice, ofBob] = [await generateECDHKeyPair(), await generateECDHKeyPair()]
const groupKey = generateGroupKey()
const wrapped = await wrapGroupKey(groupKey, ofAlice.privateKey, ofBob.publicKey)
await alice.putData('group-1-bob', wrapped, false, { confirm: 1 })
const sealed = await bob.getData('group-1-bob')
const opened = await unwrapGroupKey(sealed, ofBob.privateKey, ofAlice.publicKey)
console.log(`Bob has the group's key: ${opened === groupKey}`)

// Ends sockets, timers and stores: the process then exits by itself.
await Promise.all([alice.close(), bob.close(), server.close()])

async function connected(db: ToolDb): Promise<void> {
  await db.ready
  if (!db.isConnected) await new Promise<void>((resolve) => (db.onConnect = resolve))
}
