/** Our DHT nodes where hosts speak IPv6 alone, or both (BEP 32). */

import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import { testNeeding } from '../support/requirements.ts'
import { bootstrapOf, type Found, type Stats, startNode, startNodes } from './dht-nodes.ts'
import { VNET, Vnet } from './vnet.ts'

const hashOf = (text: string): string => createHash('sha1').update(text).digest('hex')

testNeeding(...VNET)('[V-6] nodes with IPv6 alone find what the other announced, and their own address', async () => {
  const vnet = new Vnet(7)
  const nodes = await startNodes(vnet.hosts, 5, 'ipv6')
  await nodes[2]?.call('announce', hashOf('a topic'), 4_001)
  const found = await nodes[6]?.call<Found>('lookup', hashOf('a topic'))
  expect(found?.peers).toEqual([`[${vnet.host(2).address6}]:4001`])
  const stats = await nodes[6]?.until<Stats>(({ externalAddress }) => externalAddress !== undefined, 'stats')
  expect(stats?.externalAddress?.host).toBe(vnet.host(6).address6)
  expect(stats?.places.map(({ family }) => family)).toEqual(['ipv6'])
})

testNeeding(...VNET)(
  '[V-7] nodes with both families serve those with either; a node that was told of IPv4 nodes alone finds the IPv6 ones too',
  async () => {
    const vnet = new Vnet(9)
    const topic = hashOf('a topic')
    const [first] = vnet.hosts as [(typeof vnet.hosts)[number]]
    const nodes = await startNodes(vnet.hosts.slice(0, 6), 8, 'dual')
    const only4 = startNode(vnet.host(6), [bootstrapOf(first)], { stack: 'ipv4' })
    const only6 = startNode(vnet.host(7), [bootstrapOf(first, 'ipv6')], { stack: 'ipv6' })
    await Promise.all([only4.event('ready'), only6.event('ready')])
    await only4.call('announce', topic, 4_004)
    await only6.call('announce', topic, 4_006)
    await nodes[1]?.call('announce', topic, 4_046)

    const with4 = [`${vnet.host(6).address}:4004`, `${vnet.host(1).address}:4046`]
    const with6 = [`[${vnet.host(7).address6}]:4006`, `[${vnet.host(1).address6}]:4046`]
    const lookup = async (node: typeof only4): Promise<string[]> => {
      const { peers } = await node.call<Found>('lookup', topic)
      return [...peers].sort()
    }
    expect(await lookup(only4)).toEqual(with4.sort())
    expect(await lookup(only6)).toEqual(with6.sort())
    // What it is told of the IPv6 ones comes with answers over IPv4 (`want`).
    const late = startNode(vnet.host(8), [bootstrapOf(first)], { stack: 'dual' })
    await late.until<Stats>(({ places }) => places.every(({ contacts }) => contacts >= 3), 'stats')
    expect(await lookup(late)).toEqual([...with4, ...with6].sort())
  },
)
