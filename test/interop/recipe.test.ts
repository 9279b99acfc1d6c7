/** The recipe's server and client, with ToolDb and discovery from npm or from here: four combinations. */
import { expect, test } from 'vitest'
import { freePort, startPeer } from './peer-process.ts'

test('[I-37] with only ours in them, processes end by themselves once all is closed', async () => {
  const node = startPeer('shoal-dht', {})
  const bootstrap = [`127.0.0.1:${(await node.event('listening'))['port']}`]
  const channel = startPeer('channel', { from: 'shoal', bootstrap })
  await channel.call('join', 'endings', 4000)
  const common = { toolDb: 'shoal', discovery: 'shoal', bootstrap, topic: 'endings', interval: 1_000 }
  const server = startPeer('recipe-server', { ...common, port: await freePort() })
  await server.event('announced')
  const client = startPeer('recipe-client', common)
  await client.event('connect')
  for (const peer of [client, server, channel, node]) expect(await peer.stop()).toBe(0)
})

for (const toolDb of ['npm', 'shoal'] as const) {
  for (const discovery of ['npm', 'shoal'] as const) {
    test(`[I-21] the recipe works with ToolDb of ${toolDb} and discovery of ${discovery}`, async () => {
      const root = startPeer('npm-dht', {})
      const bootstrap = [`127.0.0.1:${(await root.event('listening'))['port']}`]
      await startPeer('npm-dht', { bootstrap }).event('ready')

      const common = { toolDb, discovery, bootstrap, topic: 'myswarmtopic', interval: 1_000 }
      const port = await freePort()
      const server = startPeer('recipe-server', { ...common, port })
      await server.event('announced')
      const client = startPeer('recipe-client', common)
      await client.event('peer', { host: '127.0.0.1', port })
      await client.event('connect')

      await client.call('put', 'hello', { from: 'someone with only a topic' })
      await server.event('put', { key: 'hello' })
      expect(await server.call('get', 'hello')).toEqual({ from: 'someone with only a topic' })
      expect(await server.stop()).toBe(0)
      expect(await client.stop()).toBe(0)
    })
  }
}
