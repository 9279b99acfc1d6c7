/** One server: its events, its host, how it starts and stops. */
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { freePort, Scene } from './scene.ts'

const TOPIC = 'e2e-serve'

test('[C-23] listening comes before any bootstrap, with everything there is to know', async () => {
  const scene = new Scene()
  const nowhere = `127.0.0.1:${await freePort()}`
  const { program, here } = await scene.server(TOPIC, nowhere)
  expect(program.lines[0]).toBe(here)
  expect(here).toEqual({
    event: 'listening',
    host: '127.0.0.1',
    port: expect.any(Number),
    dhtPort: expect.any(Number),
    peerId: expect.any(String),
    topic: TOPIC,
  })
  expect(here['port']).toBeGreaterThan(0)
  expect(here['dhtPort']).toBeGreaterThan(0)
})

test('[C-26] with nobody to reach a server warns and goes on; --peer and --no-dht work together', async () => {
  const scene = new Scene()
  const lone = await scene.server(TOPIC, `127.0.0.1:${await freePort()}`, '--timeout', '300')
  await lone.program.says(/could be reached/)
  const peer = await scene.server(TOPIC, 'none', '--no-dht', '--peer', `127.0.0.1:${lone.here['port']}`)
  await peer.program.event('peer', { host: '127.0.0.1', port: lone.here['port'], source: 'static' })
  const connected = await peer.program.event('connected', { peerId: lone.here['peerId'] })
  expect(connected).toMatchObject({ host: '127.0.0.1', port: lone.here['port'], server: true, inbound: false })
  await lone.program.event('connected', {
    peerId: peer.here['peerId'],
    server: true,
    inbound: true,
    port: peer.here['port'],
  })
})

test.each(['SIGTERM', 'SIGINT'] as const)(
  '[C-4] %s ends a server that has peers, with `closed` and exit code 0',
  async (signal) => {
    const scene = new Scene()
    const bootstrap = await scene.testnet(4)
    const [a, b] = await Promise.all([scene.server(TOPIC, bootstrap), scene.server(TOPIC, bootstrap)])
    // Both: one side of a connection knows of it before the other.
    await a.program.event('connected', { peerId: b.here['peerId'] })
    await b.program.event('connected', { peerId: a.here['peerId'] })
    expect((await a.program.event('announced'))['nodes']).toBeGreaterThan(0)
    a.program.kill(signal)
    expect(await a.program.ended).toEqual({ code: 0, signal: null })
    expect(a.program.lines.at(-1)).toEqual({ event: 'closed' })
    expect(a.program.stderr).toBe('')
    await b.program.event('disconnected', { peerId: a.here['peerId'] })
  },
)

test('[C-25] `connected` comes once for each peer, however they met', async () => {
  const scene = new Scene()
  const bootstrap = await scene.testnet(6)
  const a = await scene.server(TOPIC, bootstrap)
  // Found by the DHT, given by hand, and by another name: one peer.
  const byHand = ['--peer', `127.0.0.1:${a.here['port']}`, '--peer', `localhost:${a.here['port']}`]
  const b = await scene.server(TOPIC, bootstrap, ...byHand)
  await b.program.event('announced')
  await a.program.event('peer', { port: b.here['port'] })
  // A third that knows both has made them busy for a while longer.
  const c = await scene.server(TOPIC, bootstrap)
  await Promise.all([a, b].map(({ program }) => program.event('connected', { peerId: c.here['peerId'] })))
  expect(a.program.all('connected').filter((line) => line['peerId'] === b.here['peerId'])).toHaveLength(1)
  expect(b.program.all('connected').filter((line) => line['peerId'] === a.here['peerId'])).toHaveLength(1)
})

test('[C-64] a restarted server comes back into the DHT by what it remembers, though nobody it began with is there', async () => {
  const scene = new Scene()
  const bootstrap = await scene.testnet(8)
  const store = scene.path('store')
  const nowhere = `127.0.0.1:${await freePort()}`
  const first = await scene.server(TOPIC, bootstrap, '--store', store)
  await first.program.event('announced')
  expect((await first.program.stop()).code).toBe(0)
  expect(existsSync(`${store}.dht.json`)).toBe(true)

  const again = await scene.server(TOPIC, nowhere, '--store', store)
  expect((await again.program.event('announced'))['nodes']).toBeGreaterThan(0)
  const cold = await scene.server(TOPIC, nowhere, '--timeout', '300')
  await cold.program.says(/could be reached/)
  expect(existsSync(scene.path('memory.dht.json'))).toBe(false)
})
