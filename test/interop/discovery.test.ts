/** npm discovery-channel 5.5.1 and ours on one private DHT. */
import { expect, test } from 'vitest'
import { freePort, type PeerProcess, startPeer, startShoal } from './peer-process.ts'

/** A private DHT of npm's nodes only, so that both channels meet on common ground. */
async function privateDht(): Promise<string[]> {
  const root = startPeer('npm-dht', {})
  const { port } = await root.event('listening')
  const bootstrap = [`127.0.0.1:${port}`]
  for (let i = 0; i < 2; i++) await startPeer('npm-dht', { bootstrap }).event('ready')
  return bootstrap
}

async function channel(from: 'npm' | 'shoal', bootstrap: readonly string[], interval = 1_000): Promise<PeerProcess> {
  const peer = startPeer('channel', { from, bootstrap, interval }, `${from} channel`)
  await peer.event('ready')
  return peer
}

for (const [announcer, finder] of [
  ['npm', 'shoal'],
  ['shoal', 'npm'],
  ['shoal', 'shoal'],
] as const) {
  test(`[I-4] a channel of ${finder} finds the port that a channel of ${announcer} joined with`, async () => {
    const bootstrap = await privateDht()
    const server = await channel(announcer, bootstrap)
    await server.call('join', 'interop', 9876)
    const client = await channel(finder, bootstrap)
    await client.call('join', 'interop')
    const peer = await client.event('peer', { port: 9876 })
    expect(peer).toMatchObject({ idIsBuffer: true, topic: 'interop', host: '127.0.0.1', type: 'dht' })
  })
}

test('[I-31] `leave(topic)` after `join(topic, port)` ends the announcing, where npm discovery-channel goes on', async () => {
  for (const maker of ['npm', 'shoal'] as const) {
    const root = startPeer('npm-dht', {})
    const bootstrap = [`127.0.0.1:${(await root.event('listening'))['port']}`]
    const announces = (port: number): number =>
      root.lines.filter((line) => line.event === 'announce' && line['port'] === port).length
    const [leaver, stayer] = [await channel(maker, bootstrap, 300), await channel(maker, bootstrap, 300)]
    await Promise.all([leaver.call('join', 'interop', 5001), stayer.call('join', 'interop', 5002)])
    await leaver.call('leave', 'interop')
    const [left, stayed] = [announces(5001), announces(5002)]
    expect(left).toBeGreaterThan(0)
    // As many rounds of the one that stayed tell that the other's time came round too.
    await root.count((line) => line.event === 'announce' && line['port'] === 5002, stayed + 3)
    expect(announces(5001) > left).toBe(maker === 'npm')
    expect(await leaver.call('list')).toHaveLength(maker === 'npm' ? 1 : 0)
  }
})

test('[I-5] npm discovery-channel finds a server started with `shoal serve`', async () => {
  const bootstrap = await privateDht()
  const server = startShoal(
    'serve',
    '--topic',
    'interop',
    '--port',
    '0',
    '--bootstrap',
    bootstrap.join(','),
    '--bind',
    '127.0.0.1',
    '--no-lan',
    '--store',
    'memory',
  )
  const { port } = await server.event('listening')
  await server.event('announced')
  const client = await channel('npm', bootstrap)
  await client.call('join', 'interop')
  await client.event('peer', { port })
})

test('[I-6] `shoal find --unproven` shows a server announced by npm discovery-channel', async () => {
  const bootstrap = await privateDht()
  const port = await freePort()
  const server = await channel('npm', bootstrap)
  await server.call('join', 'interop', port)
  const find = startShoal(
    'find',
    'interop',
    '--unproven',
    '--bootstrap',
    bootstrap.join(','),
    '--bind',
    '127.0.0.1',
    '--no-lan',
  )
  expect(await find.event('peer', { port })).toMatchObject({ host: '127.0.0.1', source: 'dht', proven: false })
})
