/**
 * All of it: a server and a client that share nothing but a topic. Here they run in one process; put the first half on
 * one machine and the second on another, and it works the same.
 *
 * SHOAL_BOOTSTRAP=host:port,… points both at a private DHT; PORT and STORE say where the server listens and stores.
 */

import { ToolDb } from 'shoal'

const bootstrap = process.env['SHOAL_BOOTSTRAP']?.split(',')
const discovery = bootstrap ? { sources: { dht: { bootstrap } } } : true
const port = Number(process.env['PORT'] ?? 9000)
const storageName = process.env['STORE'] ?? 'five-lines'

// a server, anywhere
const server = new ToolDb({ server: true, topic: 'myswarmtopic', port, storageName, discovery })
server.addKeyListener('hello', async (record) => {
  console.log(`The server has ${JSON.stringify(record.v)}`)
  await Promise.all([client.close(), server.close()])
})

// a client, anywhere else
const client = new ToolDb({ topic: 'myswarmtopic', discovery })
await client.putData('hello', { from: 'someone with only a topic' })
