/** A host that has both address families, of which one leads nowhere: nothing says so, packets are simply gone. */

import { expect } from 'vitest'
import { Scene } from '../e2e/scene.ts'
import { program, testNeeding } from '../support/requirements.ts'
import { bootstrapOf, startNodes } from './dht-nodes.ts'
import { VNET, Vnet } from './vnet.ts'

for (const [dead, alive] of [
  ['ipv6', 'ipv4'],
  ['ipv4', 'ipv6'],
] as const) {
  testNeeding(...VNET, program('nft', 'nftables'))(
    `[V-29] where ${dead} leads nowhere, a server that has both is reached by ${alive}: by its topic, and by a name for both addresses`,
    async () => {
      const vnet = new Vnet(6)
      await startNodes(vnet.hosts.slice(0, 4), 3, 'dual')
      const [serving, seeking] = [vnet.host(4), vnet.host(5)]
      const bootstrap = [bootstrapOf(vnet.host(0)), bootstrapOf(vnet.host(0), 'ipv6')].join(',')
      const scene = new Scene()
      const meet = ['--no-lan', '--bootstrap', bootstrap]
      const server = scene.shoalIn(
        serving.namespace,
        'serve',
        '--topic',
        'eyeballs',
        '--port',
        '9000',
        '--store',
        'memory',
        ...meet,
      )
      await server.event('announced')
      vnet.blackHole(seeking, dead)
      vnet.names(seeking, { 'server.example': [serving.address6 as string, serving.address] })
      const host = alive === 'ipv4' ? serving.address : serving.address6
      const by = async (what: string, ...args: string[]): Promise<void> => {
        const find = scene.shoalIn(seeking.namespace, 'find', 'eyeballs', '--count', '1', ...args)
        const found = await find.event('peer')
        expect(found).toMatchObject({ host, port: 9000, proven: true })
        process.stdout.write(`${JSON.stringify({ name: `${dead} leads nowhere, by ${what}`, ms: found['ms'] })}\n`)
      }
      await by('topic', ...meet)
      await by('name', '--no-lan', '--no-dht', '--peer', 'server.example:9000')
    },
  )
}
