/** The whole product between hosts with public-looking addresses: servers and clients that share nothing but a topic and the DHT. */

import { expect } from 'vitest'
import { Scene } from '../e2e/scene.ts'
import { testNeeding } from '../support/requirements.ts'
import { bootstrapOf, startNodes } from './dht-nodes.ts'
import { VNET, Vnet } from './vnet.ts'

testNeeding(...VNET)(
  '[V-3] two servers find each other by their topic; clients, one of them behind a NAT, find both, and one reads what the other wrote',
  async () => {
    const vnet = new Vnet(8)
    const inside = vnet.nat(1)
    await startNodes(vnet.hosts.slice(0, 5), 3)
    const scene = new Scene()
    const bootstrap = bootstrapOf(vnet.host(0))
    const common = ['--topic', 'vnet', '--bootstrap', bootstrap, '--no-lan']
    const servers = [5, 6].map((index) => {
      const { namespace, address } = vnet.host(index)
      return scene.shoalIn(namespace, 'serve', ...common, '--bind', address, '--port', '9000', '--store', 'memory')
    })
    await Promise.all(servers.map((server) => server.event('announced')))
    await Promise.all(servers.map((server) => server.event('connected', { server: true })))

    const outside = vnet.host(7)
    const finds = [outside, inside].map(({ namespace }) =>
      scene.shoalIn(namespace, 'find', 'vnet', '--bootstrap', bootstrap, '--no-lan', '--count', '2'),
    )
    const ends = await Promise.all(finds.map((find) => find.ended))
    expect(ends.map(({ code }) => code)).toEqual([0, 0])
    const addresses = [5, 6].map((index) => vnet.host(index).address)
    for (const find of finds)
      expect(
        find
          .all('peer')
          .map(({ host }) => host)
          .sort(),
      ).toEqual(addresses)

    const put = scene.shoalIn(inside.namespace, 'put', 'greeting', '{"from":"behind a NAT"}', ...common)
    expect(await put.event('result')).toMatchObject({ confirmed: 2 })
    const get = scene.shoalIn(outside.namespace, 'get', 'greeting', ...common)
    expect(await get.event('result')).toMatchObject({ found: true, value: { from: 'behind a NAT' } })
  },
)
