/**
 * The DHT alone: what one node announces another finds; a text under a key, replaced by a newer one; how many peers a hash has.
 *
 * SHOAL_BOOTSTRAP=host:port,… points it at a private DHT; without it, it makes one of eight nodes in this process.
 */

import { createHash, randomBytes } from 'node:crypto'
import { createTestnet, Dht } from '@shoal/dht'

const testnet = process.env['SHOAL_BOOTSTRAP'] ? undefined : await createTestnet(8)
const bootstrap = testnet?.bootstrap ?? process.env['SHOAL_BOOTSTRAP']?.split(',') ?? []
// On the public DHT: `new Dht()`.
const server = new Dht({ bootstrap, host: '127.0.0.1' })
const client = new Dht({ bootstrap, host: '127.0.0.1', mode: 'client' })
await Promise.all([server.ready, client.ready])

// Peers
const infoHash = createHash('sha1').update('a topic of mine').digest()
const announced = await server.announce(infoHash, { port: 9000 })
console.log(`Announced to ${announced.nodes} nodes, ${announced.failed} failed`)
const lookup = client.lookup(infoHash)
for await (const { host, port } of lookup) console.log(`Found ${host}:${port}`)
const { answered, timedOut } = await lookup.summary
console.log(`Asked: ${answered} answered, ${timedOut} did not`)

// Items: whoever has the seed can put another text under the same target.
const key = randomBytes(32)
const { target } = await server.put({ value: 'first', key })
await server.put({ value: 'second', key })
const item = await client.get(target)
if (item?.value instanceof Uint8Array) console.log(`Item ${item.seq}: ${Buffer.from(item.value).toString()}`)

// What a node knows and has counted
const { peers } = await client.scrape(infoHash)
const { contacts, networkSize } = client.stats()
console.log(`About ${peers} peer; ${contacts > 0 ? 'some' : 'no'} contacts in a network of about ${networkSize?.nodes}`)

await Promise.all([client.close(), server.close(), testnet?.close()])
