/** Each way to find the others, alone: no DHT node that was ever named is there any more. */
import { expect, test } from 'vitest'
import { freePort, Scene } from './scene.ts'

const TOPIC = 'e2e-alone'

test('[C-67] with only its cache a server is back with its peers, also after kill -9', async () => {
  const scene = new Scene()
  const dead = `127.0.0.1:${await freePort()}`
  const a = await scene.server(TOPIC, dead)
  const store = ['--store', scene.path('b')]
  const b = await scene.server(TOPIC, dead, ...store, '--peer', `127.0.0.1:${a.here['port']}`)
  await b.program.event('connected', { peerId: a.here['peerId'] })
  b.program.kill('SIGKILL')
  await b.program.ended

  const again = await scene.server(TOPIC, dead, ...store)
  await again.program.event('peer', { port: a.here['port'], source: 'cache' })
  await again.program.event('connected', { peerId: a.here['peerId'], inbound: false })
  expect((await again.program.stop()).code).toBe(0)

  const keys = scene.shoal('keys', '', '--topic', TOPIC, '--no-dht', '--store', scene.path('b'))
  expect((await keys.ended).code).toBe(3)
})

test('[C-68] with only one peer a client meets the servers that this one knows of', async () => {
  const scene = new Scene()
  const dead = `127.0.0.1:${await freePort()}`
  const a = await scene.server(TOPIC, dead)
  const b = await scene.server(TOPIC, dead, '--peer', `127.0.0.1:${a.here['port']}`)
  await b.program.event('connected', { peerId: a.here['peerId'] })
  const find = scene.shoal('find', TOPIC, '--bootstrap', dead, '--peer', `127.0.0.1:${b.here['port']}`, '--count', '2')
  expect((await find.ended).code).toBe(0)
  expect(Object.fromEntries(find.all('peer').map(({ port, source }) => [port, source]))).toEqual({
    [String(b.here['port'])]: 'static',
    [String(a.here['port'])]: 'pex',
  })
})
