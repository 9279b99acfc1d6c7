/** Hosts that have one address family, and a server that has both. */

import { execFileSync } from 'node:child_process'
import { expect } from 'vitest'
import { Scene } from '../e2e/scene.ts'
import { testNeeding } from '../support/requirements.ts'
import { bootstrapOf, startNodes } from './dht-nodes.ts'
import { type Host, VNET, Vnet } from './vnet.ts'

testNeeding(...VNET)(
  '[V-24] [S-19] a host with IPv4 alone and one with IPv6 alone each find a server that has both, and read the same',
  async () => {
    const vnet = new Vnet(7)
    await startNodes(vnet.hosts.slice(0, 4), 3, 'dual')
    const [both, four, six] = [vnet.host(4), vnet.host(5), vnet.host(6)]
    takeAway(four, '-6')
    takeAway(six, '-4')
    const scene = new Scene()
    const bootstraps = [bootstrapOf(vnet.host(0)), bootstrapOf(vnet.host(0), 'ipv6')]
    const topic = ['--topic', 'families', '--no-lan']
    const all = ['--bootstrap', bootstraps.join(',')]
    const server = scene.shoalIn(both.namespace, 'serve', ...topic, ...all, '--port', '9000', '--store', 'memory')
    await server.event('announced')
    const finds = [four, six].map(({ namespace }, i) =>
      scene.shoalIn(namespace, 'find', 'families', '--no-lan', '--bootstrap', String(bootstraps[i]), '--count', '1'),
    )
    const [byFour, bySix] = await Promise.all(finds.map((find) => find.event('peer')))
    expect(byFour).toMatchObject({ host: both.address, port: 9000, proven: true })
    expect(bySix).toMatchObject({ host: both.address6, port: 9000, proven: true })
    const put = scene.shoalIn(six.namespace, 'put', 'a', '1', ...topic, '--bootstrap', String(bootstraps[1]))
    expect(await put.event('result')).toMatchObject({ confirmed: 1 })
    const get = scene.shoalIn(four.namespace, 'get', 'a', ...topic, '--bootstrap', String(bootstraps[0]))
    expect(await get.event('result')).toMatchObject({ value: 1 })
  },
)

function takeAway({ namespace }: Host, family: '-4' | '-6'): void {
  execFileSync('ip', ['-n', namespace, family, 'addr', 'flush', 'dev', 'eth0', 'scope', 'global'])
}
