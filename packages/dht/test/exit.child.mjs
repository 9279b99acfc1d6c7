/** Uses and closes nodes in every state (of the build, as child processes do); it must then end by itself. */

import { createTestnet, Dht } from '@shoal/dht'

const net = await createTestnet(5)
const node = new Dht({ bootstrap: net.bootstrap })
await node.announce('ab'.repeat(20), { port: 1 })
for await (const _ of node.lookup('ab'.repeat(20)));
const waiting = new Dht({ host: '127.0.0.1', bootstrap: ['127.0.0.1:9', 'no-such-host.invalid:1'] })
await waiting.listening
const unfinished = waiting.lookup('cd'.repeat(20))
await Promise.all([net.close(), node.close(), waiting.close()])
await unfinished.summary
