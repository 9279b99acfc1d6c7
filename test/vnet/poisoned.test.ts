/** Names of bootstrap nodes that lead to liars, to this machine itself, and into nothing. */

import { expect } from 'vitest'
import { Scene } from '../e2e/scene.ts'
import { type PeerProcess, startPeerIn } from '../interop/peer-process.ts'
import { testNeeding } from '../support/requirements.ts'
import { bootstrapOf, startNodes } from './dht-nodes.ts'
import { DHT_PORT, type Host, VNET, Vnet } from './vnet.ts'

/** Where the lies point: a port of the victim's own machine, and an address that nobody has. */
const VICTIM_PORT = 7_777
const NOBODY = '45.99.7.1'
const NAMES = ['one', 'two', 'three'].map((name) => `${name}.bootstrap.example:${DHT_PORT}`)

function liar(host: Host): PeerProcess {
  const nodes = [host.address, NOBODY, '127.0.0.1'].map((address) => [address, DHT_PORT])
  const peers = ['127.0.0.1', NOBODY, host.address].map((address) => [address, VICTIM_PORT])
  return startPeerIn(host.namespace, 'lying-dht', { host: host.address, port: DHT_PORT, nodes, peers })
}

testNeeding(...VNET)(
  '[V-27] of three bootstrap names two are poisoned: the server is found, and nobody is led to an internal port',
  async () => {
    const vnet = new Vnet(7)
    await startNodes(vnet.hosts.slice(0, 4), 3)
    const [lying, serving, seeking] = [vnet.host(4), vnet.host(5), vnet.host(6)]
    await liar(lying).event('listening')
    const victim = startPeerIn(seeking.namespace, 'lying-dht', { host: '127.0.0.1', port: VICTIM_PORT })
    await victim.event('listening')
    const poisoned = {
      'one.bootstrap.example': [lying.address],
      'two.bootstrap.example': ['127.0.0.1', NOBODY],
      'three.bootstrap.example': [vnet.host(0).address],
    }
    vnet.names(serving, poisoned)
    vnet.names(seeking, poisoned)
    const scene = new Scene()
    const meet = ['--bootstrap', NAMES.join(','), '--no-lan']
    const server = scene.shoalIn(
      serving.namespace,
      'serve',
      '--topic',
      'poison',
      '--port',
      '9000',
      '--store',
      'memory',
      ...meet,
    )
    await server.event('announced')
    const find = scene.shoalIn(seeking.namespace, 'find', 'poison', '--count', '1', ...meet)
    expect(await find.event('peer')).toMatchObject({ host: serving.address, port: 9000, proven: true })
    expect(await victim.call('heard')).toEqual({ datagrams: 0, connections: 0 })
  },
)

testNeeding(...VNET)(
  '[V-28] with every name poisoned, a node that was here before comes back by what it remembers',
  async () => {
    const vnet = new Vnet(7)
    await startNodes(vnet.hosts.slice(0, 4), 3)
    const [lying, serving, other] = [vnet.host(4), vnet.host(5), vnet.host(6)]
    await liar(lying).event('listening')
    const scene = new Scene()
    const serve = (host: Host, store: string, bootstrap: string) =>
      scene.shoalIn(
        host.namespace,
        'serve',
        '--topic',
        'poison',
        '--port',
        '9000',
        '--no-lan',
        '--store',
        scene.path(store),
        '--bootstrap',
        bootstrap,
      )
    const first = serve(serving, 'store', bootstrapOf(vnet.host(0)))
    await first.event('announced')
    await first.stop()
    vnet.names(serving, Object.fromEntries(NAMES.map((name) => [name.slice(0, name.indexOf(':')), [lying.address]])))
    // It has met no peer yet: what brings it back is its memory of DHT nodes.
    const again = serve(serving, 'store', NAMES.join(','))
    await again.event('announced')
    const newcomer = serve(other, 'other', bootstrapOf(vnet.host(0)))
    await newcomer.event('connected', { host: serving.address })
  },
)
