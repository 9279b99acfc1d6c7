/** Each way to begin, alone: every name of a bootstrap node is dead, between hosts with public-looking addresses. */

import { expect } from 'vitest'
import { type Program, Scene } from '../e2e/scene.ts'
import { testNeeding } from '../support/requirements.ts'
import { VNET, Vnet } from './vnet.ts'

/** Nobody resolves it: there is no name server in this internet. */
const DEAD = ['--bootstrap', 'dht.example.invalid:6881', '--no-lan']
const TOPIC = 'alone'

function serve(scene: Scene, vnet: Vnet, index: number, ...more: string[]): Program {
  const { namespace } = vnet.host(index)
  const store = more.includes('--store') ? [] : ['--store', 'memory']
  return scene.shoalIn(namespace, 'serve', '--topic', TOPIC, '--port', '9000', ...DEAD, ...store, ...more)
}

testNeeding(...VNET)('[V-21] [C-67] [S-71] with only its cache a server is back with its peers', async () => {
  const vnet = new Vnet(2)
  const scene = new Scene()
  const there = serve(scene, vnet, 0)
  await there.event('listening')
  const peer = ['--peer', `${vnet.host(0).address}:9000`]
  const first = serve(scene, vnet, 1, '--store', scene.path('store'), ...peer)
  await first.event('connected', { host: vnet.host(0).address })
  first.kill('SIGKILL')
  await first.ended

  const again = serve(scene, vnet, 1, '--store', scene.path('store'))
  await again.event('peer', { host: vnet.host(0).address, source: 'cache' })
  await again.event('connected', { host: vnet.host(0).address, inbound: false })
})

testNeeding(...VNET)('[V-22] [C-101] [S-110] with only an invite a client finds the servers', async () => {
  const vnet = new Vnet(3)
  const scene = new Scene()
  const there = serve(scene, vnet, 0)
  await there.event('listening')
  const peer = ['--peer', `${vnet.host(0).address}:9000`]
  const made = scene.shoalIn(vnet.host(1).namespace, 'invite', '--topic', TOPIC, ...DEAD, ...peer)
  const { invite, servers } = await made.event('result')
  expect(servers).toEqual([{ host: vnet.host(0).address, port: 9000 }])

  const find = scene.shoalIn(vnet.host(2).namespace, 'find', String(invite), ...DEAD, '--count', '1')
  expect(await find.event('peer')).toMatchObject({ host: vnet.host(0).address, source: 'invite', proven: true })
  expect((await find.ended).code).toBe(0)
})

testNeeding(...VNET)('[V-23] [C-68] with only one peer a client finds the servers that this one knows of', async () => {
  const vnet = new Vnet(3)
  const scene = new Scene()
  const far = serve(scene, vnet, 0)
  await far.event('listening')
  const near = serve(scene, vnet, 1, '--peer', `${vnet.host(0).address}:9000`)
  await near.event('connected', { host: vnet.host(0).address })
  const peer = ['--peer', `${vnet.host(1).address}:9000`]
  const find = scene.shoalIn(vnet.host(2).namespace, 'find', TOPIC, ...DEAD, ...peer, '--count', '2')
  await find.event('peer', { host: vnet.host(1).address, source: 'static', proven: true })
  await find.event('peer', { host: vnet.host(0).address, source: 'pex', proven: true })
  expect((await find.ended).code).toBe(0)
})
