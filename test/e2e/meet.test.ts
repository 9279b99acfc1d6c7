/** The main job, on real processes: servers and clients that know only a topic find each other and share one database. */
import { networkInterfaces } from 'node:os'
import { expect, test } from 'vitest'
import { freePort, type Line, Scene } from './scene.ts'

const TOPIC = 'e2e-meet'

test('[C-51] two servers connect, a client with only the topic finds both, and a third that joins later', async () => {
  const scene = new Scene()
  const bootstrap = await scene.testnet(20)
  const [a, b] = await Promise.all([scene.server(TOPIC, bootstrap), scene.server(TOPIC, bootstrap)])
  await a.program.event('connected', { peerId: b.here['peerId'], server: true })
  await b.program.event('connected', { peerId: a.here['peerId'], server: true })

  const client = scene.shoal('find', TOPIC, '--bootstrap', bootstrap, '--count', '3', '--timeout', '20000')
  await client.event('peer', { port: a.here['port'], proven: true })
  await client.event('peer', { port: b.here['port'], proven: true })
  const c = await scene.server(TOPIC, bootstrap)
  await client.event('peer', { port: c.here['port'], proven: true })
  await client.event('done', { found: 3 })
  expect(await client.ended).toEqual({ code: 0, signal: null })
})

test('[C-52] kill -9 of one server: reads and writes go on; back on another port, everyone is connected again', async () => {
  const scene = new Scene()
  const bootstrap = await scene.testnet(8)
  const meet = ['--topic', TOPIC, '--bootstrap', bootstrap]
  const b = await scene.server(TOPIC, bootstrap)
  const a = await scene.server(TOPIC, bootstrap, '--store', scene.path('a'))
  await b.program.event('connected', { peerId: a.here['peerId'] })
  await scene.shoal('put', 'score', '1', ...meet).event('result')
  // Whichever of the two was asked first, now both have it.
  for (const { here } of [a, b]) {
    const only = ['--topic', TOPIC, '--no-dht', '--peer', `127.0.0.1:${here['port']}`]
    await scene.shoal('get', 'score', ...only).event('result', { value: 1 })
  }
  const client = scene.shoal('watch', 'score', ...meet)
  await client.event('update', { key: 'score', value: 1 })

  a.program.kill('SIGKILL')
  const gone = await b.program.event('disconnected', { peerId: a.here['peerId'] })
  await scene.shoal('put', 'score', '2', ...meet).event('result', { confirmed: 1 })
  await client.event('update', { value: 2 })
  await scene.shoal('get', 'score', ...meet).event('result', { found: true, value: 2 })

  const port = String(await freePort())
  const back = await scene.server(TOPIC, bootstrap, '--store', scene.path('a'), '--port', port)
  expect(back.here['peerId']).toBe(a.here['peerId'])
  await b.program.event('connected', { peerId: a.here['peerId'] }, gone)
  const onlyA = ['--topic', TOPIC, '--no-dht', '--peer', `127.0.0.1:${port}`]
  // Written to the one that came back, seen by the client that was there all the time.
  await scene.shoal('put', 'score', '3', ...onlyA).event('result')
  await client.event('update', { value: 3 })
})

const other = Object.values(networkInterfaces())
  .flat()
  .find((address) => address?.family === 'IPv4' && !address.internal)?.address

test.each(['localhost', '127.0.0.1', ...(other === undefined ? [] : [other])])(
  '[C-53] a server whose --host is %s never stays connected to itself, and finds another port of the same address',
  async (host) => {
    const scene = new Scene()
    const bootstrap = await scene.testnet(4)
    const a = await scene.server(TOPIC, bootstrap, '--host', host, '--log-level', 'debug')
    expect(a.here['host']).toBe(host)
    await a.program.event('announced')
    const b = await scene.server(TOPIC, bootstrap, '--host', host, '--log-level', 'debug')
    await a.program.event('connected', { peerId: b.here['peerId'] })
    await b.program.event('connected', { peerId: a.here['peerId'] })
    // Each also found itself, and noticed.
    await Promise.all([a, b].map(({ program }) => program.says(/ourselves/)))
    for (const { program, here } of [a, b]) {
      expect(program.all('connected').map((line: Line) => line['peerId'])).not.toContain(here['peerId'])
    }
  },
)

test('[C-27] [C-54] two hosts started from one disk image are noticed, and told so', async () => {
  const { cp } = await import('node:fs/promises')
  const scene = new Scene()
  const bootstrap = await scene.testnet(4)
  const first = await scene.server(TOPIC, bootstrap, '--store', scene.path('first'))
  await first.program.stop()
  await cp(scene.path('first'), scene.path('second'), { recursive: true })
  const a = await scene.server(TOPIC, bootstrap, '--store', scene.path('first'))
  const b = await scene.server(TOPIC, bootstrap, '--store', scene.path('second'))
  expect(b.here['peerId']).toBe(a.here['peerId'])
  await Promise.all([a, b].map(({ program }) => program.says(/same peer key/)))
})
